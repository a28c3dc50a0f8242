package certs

import (
	"errors"
	"strings"
	"testing"
)

func TestExportAndImport(t *testing.T) {
	k := mustParseKnown(t, handWritten)
	all, err := k.Export()
	if err != nil || strings.HasPrefix(string(all), "#") || strings.Contains(string(all), "\n\n") {
		t.Errorf("exported %q, %v", all, err)
	}
	var empty Known
	added, err := empty.Import(mustParseKnown(t, string(all)))
	if err != nil || len(added) != len(k.Contacts()) {
		t.Fatalf("imported %v, %v", added, err)
	}
	for i, c := range empty.Contacts() {
		if !sameContact(c, k.Contacts()[i]) {
			t.Errorf("%+v has become %+v", k.Contacts()[i], c)
		}
	}
	if again, err := empty.Import(k); err != nil || len(again) != len(added) || len(empty.Contacts()) != len(added) {
		t.Errorf("imported again: %v, %v", again, err)
	}
	one, err := k.Export("CAROL")
	if err != nil || strings.Count(string(one), "\n") != 1 || !strings.HasPrefix(string(one), "carol ") {
		t.Errorf("exported %q, %v", one, err)
	}
	if _, err := k.Export("carol", "nobody"); !errors.Is(err, ErrUnknownPeer) {
		t.Errorf("exported nobody: %v", err)
	}
}

func TestImportIsAllOrNothing(t *testing.T) {
	k := mustParseKnown(t, "alice "+testID(1).String()+"\nbob "+testID(2).String()+"\n")
	before := string(k.Text())
	other := mustParseKnown(t, "carol "+testID(3).String()+"\nALICE "+testID(4).String()+"\nBob "+testID(5).String()+"\n")
	var mismatch *KeyMismatchError
	_, err := k.Import(other)
	if !errors.As(err, &mismatch) || !strings.Contains(err.Error(), "alice") || !strings.Contains(err.Error(), "bob") {
		t.Errorf("got %v", err)
	}
	if string(k.Text()) != before {
		t.Errorf("the list is now %q", k.Text())
	}
}

// Whoever has another name here keeps it.
func TestImportKeepsNames(t *testing.T) {
	k := mustParseKnown(t, "alice "+testID(1).String()+" # my friend\n")
	if _, err := k.Import(mustParseKnown(t, "Smith "+testID(1).String()+" at=a.example:1\n")); err != nil {
		t.Fatal(err)
	}
	if want := "alice " + testID(1).String() + " at=a.example:1  # my friend\n"; string(k.Text()) != want {
		t.Errorf("the list is %q, want %q", k.Text(), want)
	}
}

func TestRepin(t *testing.T) {
	k := mustParseKnown(t, "alice "+testID(1).String()+" verified at=a.example:1 # friend\nbob "+testID(2).String()+"\n")
	c, err := k.Repin("ALICE", testID(3))
	if err != nil || c.ID != testID(3) || c.Verified || len(c.Addrs) != 1 {
		t.Errorf("got %+v, %v", c, err)
	}
	if _, err := k.ByID(testID(1)); !errors.Is(err, ErrUnknownPeer) {
		t.Errorf("the old key is still known: %v", err)
	}
	if c, err := k.ByID(testID(3)); err != nil || c.Name != "alice" {
		t.Errorf("the new key is %+v, %v", c, err)
	}
	if !strings.Contains(string(k.Text()), "# friend") {
		t.Errorf("the file is %q", k.Text())
	}
	for _, test := range []struct {
		name string
		id   PeerID
		want error
	}{{"bob", testID(3), ErrKeyTaken}, {"eve", testID(4), ErrUnknownPeer}, {"bob", PeerID{}, ErrWeakKey}, {"bob", testID(2), nil}} {
		if _, err := k.Repin(test.name, test.id); !errors.Is(err, test.want) {
			t.Errorf("Repin(%s, %v): %v, want %v", test.name, test.id, err, test.want)
		}
	}
}
