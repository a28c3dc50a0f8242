package quicproto

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/pion/stun/v4"
)

func TestParseSTUNServer(t *testing.T) {
	for s, want := range map[string]string{
		"stun.example":            "stun.example:3478",
		"stun.example:19302":      "stun.example:19302",
		"stun:stun.example":       "stun.example:3478",
		"stun:stun.example:80":    "stun.example:80",
		"192.0.2.1":               "192.0.2.1:3478",
		"2001:db8::1":             "[2001:db8::1]:3478",
		"[2001:db8::1]":           "[2001:db8::1]:3478",
		"[2001:db8::1]:80":        "[2001:db8::1]:80",
		"":                        "",
		"stun:":                   "",
		":3478":                   "",
		"stun.example:0":          "",
		"stun.example:x":          "",
		"stun.example:65536":      "",
		"two words":               "",
		"stuns:stun.example":      "",
		"https://stun.example":    "",
		"a@b":                     "",
		string(make([]byte, 300)): "",
	} {
		name, err := parseSTUNServer(s)
		if want == "" {
			if !errors.Is(err, ErrServerName) {
				t.Errorf("%q is taken for %v", s, name)
			}
			continue
		}
		if err != nil || name.String() != want {
			t.Errorf("%q is taken for %v, %v; want %s", s, name, err, want)
		}
	}
}

func FuzzParseSTUNServer(f *testing.F) {
	f.Add("stun:stun.example:3478")
	f.Add("[2001:db8::1]:80")
	f.Fuzz(func(t *testing.T, s string) {
		name, err := parseSTUNServer(s)
		if err == nil && (name.host == "" || name.port == 0 || len(name.host) > maxServerName) {
			t.Fatalf("%q is taken for %q %d", s, name.host, name.port)
		}
	})
}

func FuzzParseSTUNAnswer(f *testing.F) {
	f.Add(stunAnswerOf(stunID{1}, seenAs))
	f.Add(stunAnswerOf(stunID{1}, netip.MustParseAddrPort("[2001:db8::1]:9"), &stun.OtherAddress{IP: []byte{192, 0, 2, 1}, Port: 1}))
	f.Add(stun.MustBuild(stun.TransactionID, stun.BindingError, stun.CodeServerError).Raw)
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := parseSTUNAnswer(b)
		if err == nil && a.code == 0 && !reachable(a.mapped) {
			t.Fatalf("mapped to %v", a.mapped)
		}
	})
}
