package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
)

func newIdentity(t *testing.T) *certs.Identity {
	t.Helper()
	id, err := certs.New()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// newBook returns an address book of these contacts.
func newBook(t *testing.T, contacts ...certs.Contact) *addressBook {
	t.Helper()
	book, err := openBook(filepath.Join(t.TempDir(), "known_peers"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range contacts {
		if _, err := book.change(func(k *certs.Known) (certs.Contact, error) { return k.Add(c) }); err != nil {
			t.Fatal(err)
		}
	}
	return book
}

func TestAcquaintances(t *testing.T) {
	alice, mallory, other := newIdentity(t), newIdentity(t), newIdentity(t)
	book := newBook(t,
		certs.Contact{Name: "alice", ID: alice.ID()},
		certs.Contact{Name: "bob", ID: newIdentity(t).ID(), Verified: true},
		certs.Contact{Name: "mallory", ID: mallory.ID(), Blocked: true},
	)
	bob, err := book.list().ByName("bob")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		peer     certs.Peer
		kind     acquaintanceKind
		name     string
		verified bool
	}{
		"a contact":                      {certs.Peer{ID: alice.ID()}, known, "alice", false},
		"a verified contact":             {certs.Peer{ID: bob.ID}, known, "bob", true},
		"a contact under a CA":           {certs.Peer{ID: alice.ID(), Name: "smith"}, known, "alice", false},
		"blocked":                        {certs.Peer{ID: mallory.ID()}, blocked, "", false},
		"a stranger":                     {certs.Peer{ID: other.ID()}, stranger, "“Eve”", false},
		"a CA vouches":                   {certs.Peer{ID: other.ID(), Name: "smith"}, vouched, "smith", true},
		"a CA vouches for a pinned name": {certs.Peer{ID: other.ID(), Name: "Alice"}, stranger, "“Eve”", false},
		"a successor":                    {certs.Peer{ID: other.ID(), Succeeds: bob.ID}, successor, "bob (new key)", false},
		"successor of somebody blocked":  {certs.Peer{ID: other.ID(), Succeeds: mallory.ID()}, blocked, "", false},
		"successor of a stranger":        {certs.Peer{ID: other.ID(), Succeeds: newIdentity(t).ID()}, stranger, "“Eve”", false},
	} {
		a := book.recognise(test.peer)
		if a.kind != test.kind || a.verified() != test.verified || test.name != "" && a.name("Eve") != test.name {
			t.Errorf("%s: %+v is called %s", name, a, a.name("Eve"))
		}
		if a.ticket = true; !a.verified() {
			t.Errorf("%s: not verified by a ticket", name)
		}
	}
}

// What a stranger says to be called cannot look like a contact, nor like what the
// program says.
func TestStrangersCannotPose(t *testing.T) {
	for said, want := range map[string]string{
		"alice ✓":         "“alice ✓”",
		"alice”   ✓   “":  "“alice   ✓   ”",
		"– you are muted": "“– you are muted”",
		"“”":              "“”",
	} {
		if got := (acquaintance{}).name(said); got != want {
			t.Errorf("%q is shown as %s, want %s", said, got, want)
		}
	}
}

func TestBookFollowsTheFile(t *testing.T) {
	alice := newIdentity(t).ID()
	book := newBook(t, certs.Contact{Name: "alice", ID: alice})
	if changed, err := book.refresh(); changed || err != nil {
		t.Errorf("nothing has changed: %v, %v", changed, err)
	}
	edit := func(text string) {
		if err := os.WriteFile(book.file.Path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		later := stampOf(book.file.Path).modified.Add(time.Second) // as after a second of real time
		if err := os.Chtimes(book.file.Path, later, later); err != nil {
			t.Fatal(err)
		}
	}
	edit("alice " + alice.String() + " blocked\n")
	if changed, err := book.refresh(); !changed || err != nil || book.recognise(certs.Peer{ID: alice}).kind != blocked {
		t.Errorf("after blocking in an editor: %v, %v", changed, err)
	}
	edit("alice " + alice.String() + " blokced\n")
	var syntax *certs.SyntaxError
	if changed, err := book.refresh(); changed || !errors.As(err, &syntax) {
		t.Errorf("a slip of the editor: %v, %v", changed, err)
	}
	if changed, err := book.refresh(); changed || err != nil {
		t.Errorf("the slip is told twice: %v, %v", changed, err)
	}
	if book.recognise(certs.Peer{ID: alice}).kind != blocked {
		t.Error("the slip lets somebody in who was blocked")
	}
}

func TestSaveAndSuccessors(t *testing.T) {
	old := newIdentity(t)
	next, err := old.Successor()
	if err != nil {
		t.Fatal(err)
	}
	eve := newIdentity(t)
	book := newBook(t, certs.Contact{Name: "alice", ID: old.ID(), Verified: true, Addrs: []string{"a.example:7728"}})
	save := func(name string, p certs.Peer) (certs.Contact, error) {
		who := book.recognise(p)
		return book.change(func(k *certs.Known) (certs.Contact, error) {
			return keep(k, certs.Contact{Name: name, ID: p.ID}, who)
		})
	}
	if c, err := save("alice", certs.Peer{ID: eve.ID()}); err == nil || !strings.Contains(err.Error(), eve.ID().String()) {
		t.Errorf("a stranger takes alice's name: %+v, %v", c, err)
	}
	c, err := save("Alice", certs.Peer{ID: next.ID(), Succeeds: old.ID()})
	if err != nil || c.ID != next.ID() || c.Verified || len(c.Addrs) != 1 {
		t.Errorf("her successor takes it: %+v, %v", c, err)
	}
	c, err = book.change(func(k *certs.Known) (certs.Contact, error) {
		return keep(k, certs.Contact{Name: "eve", ID: eve.ID(), Addrs: []string{"[fe80::1%eth0]:7728"}}, acquaintance{})
	})
	if err != nil || c.Name != "eve" || len(c.Addrs) != 0 {
		t.Errorf("from an address of this link alone: %+v, %v", c, err)
	}
}
