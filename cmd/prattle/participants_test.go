package main

import (
	"testing"

	"github.com/skulltech/prattle/certs"
)

// crowd makes participants: known by a contact's name, or strangers who say
// something of themselves.
type crowd struct {
	kind acquaintanceKind
	name string
}

func (c crowd) participant(n byte) participant {
	p := participant{who: acquaintance{kind: c.kind, peer: certs.Peer{ID: certs.PeerID{n, n, n, n, n}}}, said: c.name}
	if c.kind != stranger {
		p.who.contact = certs.Contact{Name: c.name, ID: p.who.peer.ID}
		p.said = "somebody"
	}
	return p
}

func people(crowd ...crowd) (all []participant) {
	for i, c := range crowd {
		all = append(all, c.participant(byte(i+1)))
	}
	return all
}

var bobby = []certs.Contact{{Name: "Bobby"}}

func TestNameAll(t *testing.T) {
	for name, c := range map[string]struct {
		people       []crowd
		shown, typed string // of the last
	}{
		"contact":                   {[]crowd{{known, "Bobby"}}, "Bobby", "Bobby"},
		"stranger":                  {[]crowd{{stranger, "carol"}}, "“carol”", "carol"},
		"stranger with spaces":      {[]crowd{{stranger, "Carol von X"}}, "“Carol von X”", "Carol-von-X"},
		"like a contact elsewhere":  {[]crowd{{stranger, "bobby"}}, "“bobby” aeaqcai", "aeaqcai"},
		"like a contact here":       {[]crowd{{known, "Bobby"}, {stranger, "bobby"}}, "“bobby” aibaeaq", "aibaeaq"},
		"like another stranger":     {[]crowd{{stranger, "Carol"}, {stranger, "carol"}}, "“carol” aibaeaq", "aibaeaq"},
		"like whom a CA vouches":    {[]crowd{{vouched, "eve@x.org"}, {stranger, "eve@x.org"}}, "“eve@x.org” aibaeaq", "aibaeaq"},
		"no name at all":            {[]crowd{{stranger, "***"}}, "“***” aeaqcai", "aeaqcai"},
		"in quotation marks":        {[]crowd{{stranger, "“Bobby”"}}, "“Bobby” aeaqcai", "aeaqcai"},
		"without a name":            {[]crowd{{stranger, "aeaqcai"}}, "stranger aeaqcai", "aeaqcai"},
		"a contact's successor":     {[]crowd{{successor, "Bobby"}}, "Bobby (new key)", "aeaqcai"},
		"unmoved by who is like it": {[]crowd{{stranger, "bobby"}, {known, "Bobby"}}, "Bobby", "Bobby"},
	} {
		all := people(c.people...)
		nameAll(all, bobby)
		if got := all[len(all)-1]; got.shown != c.shown || got.typed != c.typed {
			t.Errorf("%s: %q typed %q, want %q typed %q", name, got.shown, got.typed, c.shown, c.typed)
		}
	}
}

func TestFindParticipant(t *testing.T) {
	all := people(crowd{known, "alice"}, crowd{stranger, "Alina"}, crowd{stranger, "bob"}, crowd{stranger, "dora"}, crowd{stranger, "bobby"})
	contacts := []certs.Contact{{Name: "alice"}, {Name: "Bobby"}, {Name: "donald"}}
	nameAll(all, contacts)
	for line, want := range map[string]struct {
		index int
		rest  string
	}{
		"alice":            {0, ""},
		"ALICE  hello you": {0, "hello you"},
		"alice: hi":        {-1, ""},
		"alic hi":          {0, "hi"},
		"al hi":            {0, "hi"}, // a stranger does not answer to what may mean a contact
		"alin hi":          {1, "hi"},
		"“alina” hi":       {1, "hi"},
		`"alina" hi`:       {1, "hi"},
		"bob hi":           {2, "hi"}, // so is nobody else called
		"bo hi":            {-1, ""},  // Bobby may just have left
		"bobby hi":         {-1, ""},
		"d":                {-1, ""},
		"dor x":            {3, "x"},
		"auaqk hi":         {-1, ""},
		"":                 {-1, ""},
		"“” hi":            {-1, ""},
		"eve":              {-1, ""},
	} {
		p, rest, err := findParticipant(all, contacts, line)
		if (err != nil) != (want.index < 0) {
			t.Errorf("%q: %v", line, err)
			continue
		}
		if want.index >= 0 && (p.who.peer.ID != all[want.index].who.peer.ID || rest != want.rest) {
			t.Errorf("%q is %s with %q, want %s with %q", line, p.shown, rest, all[want.index].shown, want.rest)
		}
	}
	for i, p := range all {
		if got, rest, err := findParticipant(all, contacts, p.id()+" hi"); err != nil || got.who.peer.ID != p.who.peer.ID || rest != "hi" {
			t.Errorf("by the peer ID of %d: %v, %v", i, got.shown, err)
		}
	}
	if _, _, err := findParticipant(people(crowd{stranger, "eva"}, crowd{stranger, "eve"}), nil, "ev"); err == nil {
		t.Error("two begin so")
	}
}
