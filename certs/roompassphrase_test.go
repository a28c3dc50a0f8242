package certs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func newTestRoomPassphrase(t testing.TB, passphrase, room string) *RoomPassphrase {
	t.Helper()
	p, err := NewRoomPassphrase([]byte(passphrase), room)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What two people who say the same to each other type may differ.
func TestCleanPassphrase(t *testing.T) {
	for name, test := range map[string]struct{ typed, want string }{
		"plain":            {"correct horse", "correct horse"},
		"with a newline":   {"correct horse\r\n", "correct horse"},
		"spaces around":    {" \t\u00a0correct horse\u3000 ", "correct horse"},
		"spaces within":    {"correct  horse", "correct  horse"},
		"another space":    {"correct\u00a0horse", "correct horse"},
		"composed":         {"caf\u00e9", "caf\u00e9"},
		"decomposed":       {"cafe\u0301", "caf\u00e9"},
		"capitals":         {"Straße", "Straße"},
		"signs and emoji":  {"π≈3.14 ☂😀", "π≈3.14 ☂😀"},
		"one letter":       {"x", "x"},
		"longest":          {strings.Repeat("x", MaxRoomPassphrase), strings.Repeat("x", MaxRoomPassphrase)},
		"longest, trimmed": {strings.Repeat("x", MaxRoomPassphrase) + "\n", strings.Repeat("x", MaxRoomPassphrase)},
	} {
		got, err := cleanPassphrase([]byte(test.typed))
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %+q, %v, want %+q", name, got, err, test.want)
		}
	}
}

func TestNewRoomPassphraseRefuses(t *testing.T) {
	for name, typed := range map[string]string{
		"empty":               "",
		"spaces":              " \u00a0\n",
		"too long":            strings.Repeat("x", MaxRoomPassphrase+1),
		"no UTF-8":            "caf\xe9",
		"control character":   "correct\x00horse",
		"newline in it":       "correct\nhorse",
		"escape":              "\x1b[31mred",
		"zero width space":    "correct\u200bhorse",
		"direction override":  "correct\u202ehorse",
		"unassigned":          "\U000e0fff",
		"too long to look at": strings.Repeat("é", 1<<20),
	} {
		p, err := NewRoomPassphrase([]byte(typed), "room")
		if !errors.Is(err, ErrBadPassphrase) || p != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && typed != "" && strings.Contains(err.Error(), strings.TrimSpace(typed)) && strings.TrimSpace(typed) != "" {
			t.Errorf("%s: the error shows the passphrase: %v", name, err)
		}
	}
}

// All versions of the program must agree on what a passphrase becomes. Computed by
// another program.
func TestRoomPassphraseGolden(t *testing.T) {
	p := newTestRoomPassphrase(t, " cafe\u0301 ", "kitchen")
	wantHex(t, "the stretched passphrase", p.prs, "fd5e6eec82947c6935213ff2f8c01e5ef6aabd4476866cfe5df6c9132ea83d53")
}

func TestRoomPassphraseBelongsToARoom(t *testing.T) {
	kitchen, attic := newTestRoomPassphrase(t, "horse", "kitchen"), newTestRoomPassphrase(t, "horse", "attic")
	if bytes.Equal(kitchen.prs, attic.prs) {
		t.Error("one passphrase is the same in two rooms")
	}
}

// No log shows secrets, even of a struct that only holds them.
func TestProofsPrintAsSecret(t *testing.T) {
	offer, challenge, p, _ := newTestProof(t)
	for _, v := range []any{p, *p, offer, *offer, challenge, *challenge} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
			if got := fmt.Sprintf(verb, v); got != "[secret]" {
				t.Errorf("%T prints as %s with %s", v, got, verb)
			}
		}
		if got, err := json.Marshal(v); err != nil || string(got) != `"[secret]"` {
			t.Errorf("%T as JSON: %s, %v", v, got, err)
		}
	}
	holder := struct{ p *RoomPassphrase }{p}
	if got := fmt.Sprintf("%+v %x", holder, holder); strings.Contains(got, fmt.Sprint(p.prs)) || strings.Contains(got, fmt.Sprintf("%x", p.prs)) {
		t.Errorf("within a struct it prints as %s", got)
	}
}
