package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skulltech/prattle/certs"
)

func runContacts(args ...string) (stdout string, err error) {
	stdout, _, err = runCommand(newContactsCommand(), "", args...)
	return stdout, err
}

func newPeerID(t *testing.T) string {
	t.Helper()
	id, err := certs.New()
	if err != nil {
		t.Fatal(err)
	}
	return id.ID().String()
}

// TestContacts tells one story: each step is a command and what it prints.
func TestContacts(t *testing.T) {
	dir := ownConfig(t)
	alice, bob, eve := newPeerID(t), newPeerID(t), newPeerID(t)
	short := "blocked-" + eve[:15]
	for _, step := range []struct {
		args string
		want string
	}{
		{"list", ""},
		{"list --json", "[]\n"},
		{"add Alice " + strings.ToUpper(alice), "Alice  " + alice + "\n"},
		{"add bob " + bob + " --at bob.example:7728 --at 192.0.2.7:7728", "bob  " + bob + "  at=bob.example:7728 at=192.0.2.7:7728\n"},
		{"verify alice", "Alice  " + alice + "  verified\n"},
		{"verify bob " + bob, "bob  " + bob + "  verified at=bob.example:7728 at=192.0.2.7:7728\n"},
		{"block bob", "bob  " + bob + "  verified blocked at=bob.example:7728 at=192.0.2.7:7728\n"},
		{"unblock " + bob, "bob  " + bob + "  verified at=bob.example:7728 at=192.0.2.7:7728\n"},
		{"block " + eve, short + "  " + eve + "  blocked\n"},
		{"rename bob Robert", "Robert  " + bob + "  verified at=bob.example:7728 at=192.0.2.7:7728\n"},
		{"block " + alice + " --json", `{"name":"Alice","peer_id":"` + alice + `","verified":true,"blocked":true}` + "\n"},
		{"remove " + short, short + "  " + eve + "  blocked\n"},
		{"list", "Alice   " + alice + "  verified blocked\n" + "Robert  " + bob + "  verified at=bob.example:7728 at=192.0.2.7:7728\n"},
	} {
		got, err := runContacts(strings.Fields(step.args)...)
		if err != nil || got != step.want {
			t.Fatalf("contacts %s prints %q, %v, want %q", step.args, got, err, step.want)
		}
	}
	known, err := loadContacts()
	if err != nil || len(known.Contacts()) != 2 {
		t.Errorf("%v, %v", known, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "known_peers")); err != nil {
		t.Error(err)
	}
}

func TestContactsJSON(t *testing.T) {
	file := filepath.Join(t.TempDir(), "known")
	id := newPeerID(t)
	if _, err := runContacts("--known-peers", file, "add", "alice", id, "--verified"); err != nil {
		t.Fatal(err)
	}
	out, err := runContacts("--known-peers", file, "list", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var got []certs.Contact
	if err := json.Unmarshal([]byte(out), &got); err != nil || len(got) != 1 || got[0].ID.String() != id || !got[0].Verified {
		t.Errorf("%s is read as %+v, %v", out, got, err)
	}
}

func TestContactsRefuse(t *testing.T) {
	ownConfig(t)
	alice, other := newPeerID(t), newPeerID(t)
	if _, err := runContacts("add", "alice", alice); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]error{
		"add bob " + alice:             certs.ErrKeyTaken,
		"add bob x":                    certs.ErrPeerIDLength,
		"add bob a" + alice:            certs.ErrPeerIDLength,
		"add #bob " + other:            certs.ErrBadName,
		"add bob " + other + " --at x": certs.ErrBadAddr,
		"rename bob carol":             certs.ErrUnknownPeer,
		"remove bob":                   certs.ErrUnknownPeer,
		"verify bob":                   certs.ErrUnknownPeer,
		"unblock " + other:             certs.ErrUnknownPeer,
	} {
		if out, err := runContacts(strings.Fields(args)...); !errors.Is(err, want) || out != "" {
			t.Errorf("contacts %s: %q, %v, want %v", args, out, err, want)
		}
	}
	for _, args := range []string{"add alice " + other, "verify alice " + other} {
		_, err := runContacts(strings.Fields(args)...)
		var mismatch *certs.KeyMismatchError
		if !errors.As(err, &mismatch) || !strings.Contains(err.Error(), alice) || !strings.Contains(err.Error(), other) {
			t.Errorf("contacts %s: %v", args, err)
		}
		if _, hint := classify(err); !strings.Contains(hint, "contacts add alice "+other+" --replace") {
			t.Errorf("contacts %s: hint %q", args, hint)
		}
	}
}

func TestContactsCompletion(t *testing.T) {
	ownConfig(t)
	if _, err := runContacts("add", "alice", newPeerID(t)); err != nil {
		t.Fatal(err)
	}
	out, err := runContacts("__complete", "rename", "")
	if err != nil || !strings.HasPrefix(out, "alice\n") {
		t.Errorf("completes to %q, %v", out, err)
	}
}
