package certs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func addContact(name string, n int) func(*Known) error {
	return func(k *Known) error {
		_, err := k.Add(Contact{Name: name, ID: testID(n)})
		return err
	}
}

func mustParseKnown(t testing.TB, text string) *Known {
	t.Helper()
	k, err := ParseKnown([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// handWritten is a file as people leave it: comments, odd spacing, other forms.
var handWritten = "\ufeff# my friends\n\n" +
	"Alice   " + testID(1).String() + "   verified  at=alice.example:7728 via=" + testID(9).String() + "@meet.example:7729 # from work\n" +
	"\tbob\t" + strings.ToUpper(strings.ReplaceAll(testID(2).String(), "-", "")) + " colour=blue\r\n" +
	"# the one who calls at night\n" +
	"carol " + testID(3).String() + " blocked"

func TestParseKnown(t *testing.T) {
	got := mustParseKnown(t, handWritten).Contacts()
	want := []Contact{
		{Name: "Alice", ID: testID(1), Verified: true, Addrs: []string{"alice.example:7728"},
			Servers: []Server{{ID: testID(9), Addr: "meet.example:7729"}}},
		{Name: "bob", ID: testID(2)},
		{Name: "carol", ID: testID(3), Blocked: true},
	}
	if !slices.EqualFunc(got, want, sameContact) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func sameContact(a, b Contact) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// What the user has written stays: only the lines of changed peers change.
func TestEditsKeepTheRest(t *testing.T) {
	k := mustParseKnown(t, handWritten)
	if _, err := k.Rename("ALICE", "Alice Doe"); err != nil {
		t.Fatal(err)
	}
	if _, err := k.SetBlocked("carol", false); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Add(Contact{Name: "dave", ID: testID(4), Verified: true, Addrs: []string{"[2001:db8::1]:7728"}}); err != nil {
		t.Fatal(err)
	}
	want := "# my friends\n\n" +
		"Alice-Doe " + testID(1).String() + " verified at=alice.example:7728 via=" + testID(9).String() + "@meet.example:7729  # from work\n" +
		"\tbob\t" + strings.ToUpper(strings.ReplaceAll(testID(2).String(), "-", "")) + " colour=blue\r\n" +
		"# the one who calls at night\n" +
		"carol " + testID(3).String() + "\n" +
		"dave " + testID(4).String() + " verified at=[2001:db8::1]:7728\n"
	if got := string(k.Text()); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if _, err := k.SetVerified("bob", true); err != nil {
		t.Fatal(err)
	}
	if got := string(k.Text()); !strings.Contains(got, "\nbob "+testID(2).String()+" verified colour=blue\n") {
		t.Errorf("a word of a later version is lost:\n%s", got)
	}
	if _, err := k.Remove("carol"); err != nil {
		t.Fatal(err)
	}
	if got := string(k.Text()); strings.Contains(got, testID(3).String()) || !strings.Contains(got, "at night") {
		t.Errorf("removing a peer:\n%s", got)
	}
}

func TestParseKnownRefuses(t *testing.T) {
	a, b := testID(1).String(), testID(2).String()
	for name, test := range map[string]struct {
		text string
		line int
		want error // may be nil
	}{
		"only a name":      {"# c\nalice\n", 2, nil},
		"mistyped ID":      {"alice b" + a[1:], 1, ErrPeerIDTypo},
		"bad name":         {"\n\nali\x1bce " + a, 3, ErrBadName},
		"mistyped blocked": {"alice " + a + " blokced", 1, nil},
		"name twice":       {"alice " + a + "\nALICE " + b, 2, ErrNameTaken},
		"key twice":        {"alice " + a + "\nbob " + a, 2, ErrKeyTaken},
		"bad address":      {"alice " + a + " at=alice", 1, ErrBadAddr},
		"bad server":       {"alice " + a + " via=bob@meet.example:7729", 1, nil},
		"three servers":    {"alice " + a + strings.Repeat(" via=a:1", 3), 1, nil},
		"nine addresses":   {"alice " + a + strings.Repeat(" at=a:1", 9), 1, nil},
		"17 strange words": {"alice " + a + strings.Repeat(" x=y", 17), 1, nil},
		"long word":        {"alice " + a + " " + strings.Repeat("x", 1<<16), 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseKnown([]byte(test.text))
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Line != test.line || test.want != nil && !errors.Is(err, test.want) {
				t.Fatalf("got %v, want line %d: %v", err, test.line, test.want)
			}
			wantPlain(t, err.Error())
			if len(err.Error()) > 300 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
	if _, err := ParseKnown(make([]byte, maxKnownSize+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("huge file: %v", err)
	}
}

func TestAddPinsKeys(t *testing.T) {
	k := mustParseKnown(t, handWritten)
	var mismatch *KeyMismatchError
	if _, err := k.Add(Contact{Name: "aLICE", ID: testID(9)}); !errors.As(err, &mismatch) {
		t.Fatalf("another key for a name: %v", err)
	}
	if *mismatch != (KeyMismatchError{Name: "Alice", Want: testID(1), Got: testID(9)}) {
		t.Errorf("the error is %+v", mismatch)
	}
	for _, id := range []PeerID{testID(1), testID(9)} {
		if !strings.Contains(mismatch.Error(), id.String()) {
			t.Errorf("%q does not show %v", mismatch, id)
		}
	}
	for name, test := range map[string]struct {
		c    Contact
		want error
	}{
		"another name for a key": {Contact{Name: "alicia", ID: testID(1)}, ErrKeyTaken},
		"bad name":               {Contact{Name: "#x", ID: testID(9)}, ErrBadName},
		"nobody":                 {Contact{Name: "x"}, ErrWeakKey},
		"bad address":            {Contact{Name: "x", ID: testID(9), Addrs: []string{"a b:1"}}, ErrBadAddr},
	} {
		if _, err := k.Add(test.c); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	if _, err := k.Add(Contact{Name: "x", ID: testID(9), Addrs: make([]string, 9)}); err == nil {
		t.Error("nine addresses")
	}
	if got := string(k.Text()); got != strings.TrimPrefix(handWritten, "\ufeff")+"\n" {
		t.Errorf("a refused addition changed the list:\n%s", got)
	}
}

func TestAddAgainMerges(t *testing.T) {
	k := mustParseKnown(t, handWritten)
	c, err := k.Add(Contact{Name: "alice", ID: testID(1), Addrs: []string{"alice.example:7728", "192.0.2.1:7728"}})
	if err != nil {
		t.Fatal(err)
	}
	want := Contact{Name: "Alice", ID: testID(1), Verified: true, Addrs: []string{"alice.example:7728", "192.0.2.1:7728"},
		Servers: []Server{{ID: testID(9), Addr: "meet.example:7729"}}}
	if !sameContact(c, want) {
		t.Errorf("got %+v, want %+v", c, want)
	}
	for i := range 8 {
		_, err = k.Add(Contact{Name: "alice", ID: testID(1), Addrs: []string{fmt.Sprintf("192.0.2.9:%d", i+1)}})
	}
	if c, _ := k.ByName("alice"); err == nil || len(c.Addrs) != 8 {
		t.Errorf("%d addresses, %v", len(c.Addrs), err)
	}
}

func TestRecognise(t *testing.T) {
	k := mustParseKnown(t, handWritten)
	for name, test := range map[string]struct {
		peer Peer
		want string // name
		err  error
	}{
		"pinned":                    {Peer{ID: testID(1)}, "Alice", nil},
		"pinned, CA says otherwise": {Peer{ID: testID(1), Name: "Smith"}, "Alice", nil},
		"blocked":                   {Peer{ID: testID(3)}, "carol", ErrBlockedPeer},
		"blocked, CA vouches":       {Peer{ID: testID(3), Name: "carol"}, "carol", ErrBlockedPeer},
		"stranger":                  {Peer{ID: testID(9)}, "", ErrUnknownPeer},
		"nobody":                    {Peer{}, "", ErrUnknownPeer},
		"CA vouches":                {Peer{ID: testID(9), Name: "eve"}, "eve", nil},
		"CA takes a pinned name":    {Peer{ID: testID(9), Name: "ALICE"}, "", &KeyMismatchError{Name: "Alice", Want: testID(1), Got: testID(9)}},
	} {
		c, err := k.Recognise(test.peer)
		same := errors.Is(err, test.err) || err != nil && test.err != nil && err.Error() == test.err.Error()
		if c.Name != test.want || c.ID != test.peer.ID || !same {
			t.Errorf("%s: got %+v, %v, want %q, %v", name, c, err, test.want, test.err)
		}
		if accepted := k.Accept(test.peer); (accepted == nil) != (err == nil) {
			t.Errorf("%s: Accept says %v, Recognise %v", name, accepted, err)
		}
	}
}

func TestKnownUnknownNames(t *testing.T) {
	var k Known
	_, err1 := k.ByName("alice")
	_, err2 := k.ByID(testID(1))
	_, err3 := k.Rename("alice", "bob")
	_, err4 := k.Remove("alice")
	_, err5 := k.SetBlocked("alice", true)
	_, err6 := k.SetVerified("alice", true)
	for i, err := range []error{err1, err2, err3, err4, err5, err6} {
		if !errors.Is(err, ErrUnknownPeer) {
			t.Errorf("%d: %v", i, err)
		}
	}
	if err := addContact("alice", 1)(&k); err != nil {
		t.Fatal(err)
	}
	if err := addContact("bob", 2)(&k); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Rename("alice", "BOB"); !errors.Is(err, ErrNameTaken) {
		t.Errorf("renamed to a taken name: %v", err)
	}
	if c, err := k.Rename("alice", "ALICE"); err != nil || c.Name != "ALICE" {
		t.Errorf("renamed to another case: %+v, %v", c, err)
	}
}

func TestContactJSON(t *testing.T) {
	got, err := json.Marshal(Contact{Name: "alice", ID: testID(1), Verified: true})
	want := `{"name":"alice","peer_id":"` + testID(1).String() + `","verified":true,"blocked":false}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// Contacts that were handed out do not change with the list, nor the list with them.
func TestContactsAreCopies(t *testing.T) {
	k := mustParseKnown(t, handWritten)
	k.Contacts()[0].Addrs[0] = "evil:1"
	c, err := k.ByName("alice")
	if err != nil {
		t.Fatal(err)
	}
	c.Addrs[0] = "evil:2"
	if strings.Contains(fmt.Sprint(k.Contacts()), "evil") {
		t.Error("a copy shares memory with the list")
	}
}

// Random edits agree with a map, and what is written reads back as the same,
// comments and order included.
func TestKnownModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, err := ParseKnown([]byte("# first\n# second\n"))
		if err != nil {
			t.Fatal(err)
		}
		model := map[string]Contact{} // by lower-case name
		name := rapid.SampledFrom([]string{"alice", "Alice", "bob", "BOB", "carol", "dave", "Эва", "эва"})
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				c := Contact{Name: name.Draw(t, "name"), ID: testID(rapid.IntRange(1, 5).Draw(t, "key"))}
				modelAdd(t, k, model, c)
			},
			"remove": func(t *rapid.T) {
				n := name.Draw(t, "name")
				_, err := k.Remove(n)
				_, known := model[strings.ToLower(n)]
				if known != (err == nil) {
					t.Fatalf("Remove(%s): %v", n, err)
				}
				delete(model, strings.ToLower(n))
			},
			"rename": func(t *rapid.T) {
				modelRename(t, k, model, name.Draw(t, "name"), name.Draw(t, "to"))
			},
			"mark": func(t *rapid.T) {
				n, on := name.Draw(t, "name"), rapid.Bool().Draw(t, "on")
				_, err := k.SetVerified(n, on)
				c, known := model[strings.ToLower(n)]
				if known != (err == nil) {
					t.Fatalf("SetVerified(%s): %v", n, err)
				}
				if known {
					c.Verified = on
					model[strings.ToLower(n)] = c
				}
			},
			"": func(t *rapid.T) { modelCheck(t, k, model) },
		})
	})
}

func modelAdd(t *rapid.T, k *Known, model map[string]Contact, c Contact) {
	_, err := k.Add(c)
	old, taken := model[strings.ToLower(c.Name)]
	switch {
	case taken && old.ID == c.ID:
		if err != nil {
			t.Fatalf("Add(%v) again: %v", c, err)
		}
		return
	case taken:
		var mismatch *KeyMismatchError
		if !errors.As(err, &mismatch) {
			t.Fatalf("Add(%v) with another key: %v", c, err)
		}
		return
	}
	for _, other := range model {
		if other.ID == c.ID {
			if !errors.Is(err, ErrKeyTaken) {
				t.Fatalf("Add(%v) of a known key: %v", c, err)
			}
			return
		}
	}
	if err != nil {
		t.Fatalf("Add(%v): %v", c, err)
	}
	model[strings.ToLower(c.Name)] = c
}

func modelRename(t *rapid.T, k *Known, model map[string]Contact, from, to string) {
	_, err := k.Rename(from, to)
	c, known := model[strings.ToLower(from)]
	_, taken := model[strings.ToLower(to)]
	free := !taken || strings.EqualFold(from, to)
	if (known && free) != (err == nil) {
		t.Fatalf("Rename(%s, %s): %v", from, to, err)
	}
	if err == nil {
		delete(model, strings.ToLower(from))
		c.Name = to
		model[strings.ToLower(to)] = c
	}
}

func modelCheck(t *rapid.T, k *Known, model map[string]Contact) {
	text := k.Text()
	if !bytes.HasPrefix(text, []byte("# first\n# second\n")) {
		t.Fatalf("comments are lost:\n%s", text)
	}
	again, err := ParseKnown(text)
	if err != nil {
		t.Fatalf("does not read back: %v\n%s", err, text)
	}
	if !slices.EqualFunc(again.Contacts(), k.Contacts(), sameContact) || len(k.Contacts()) != len(model) {
		t.Fatalf("reads back as %v, was %v", again.Contacts(), k.Contacts())
	}
	for _, c := range k.Contacts() {
		if !sameContact(model[strings.ToLower(c.Name)], c) {
			t.Fatalf("%v, want %v", c, model[strings.ToLower(c.Name)])
		}
		if byID, err := k.ByID(c.ID); err != nil || !sameContact(byID, c) {
			t.Fatalf("ByID(%v) = %v, %v", c.ID, byID, err)
		}
	}
}

func FuzzParseKnown(f *testing.F) {
	f.Add([]byte(handWritten))
	f.Add([]byte("alice " + testID(1).String() + " blocked # x\n"))
	f.Add([]byte("alice\u2028" + testID(1).String() + " x=\x00#y"))
	f.Add([]byte("\xff\xfe\x00#"))
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := ParseKnown(text)
		if err != nil {
			wantPlain(t, err.Error())
			return
		}
		again, err := ParseKnown(k.Text())
		if err != nil || !slices.EqualFunc(again.Contacts(), k.Contacts(), sameContact) {
			t.Fatalf("%q reads back as %v, %v", text, again, err)
		}
		for _, l := range again.lines {
			if l.contact != nil {
				l.write() // as if each had been changed
			}
		}
		third, err := ParseKnown(again.Text())
		if err != nil || !slices.EqualFunc(third.Contacts(), k.Contacts(), sameContact) {
			t.Fatalf("%q is rewritten to %q, %v", text, again.Text(), err)
		}
	})
}
