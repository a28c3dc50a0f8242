package main

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto/relay"
)

func TestOffer(t *testing.T) {
	o, err := newOffer(&settings{stun: []string{"s:1"}, turn: []string{"turn:t:2", "turns:t:3"}}, "h", nil)
	if err != nil {
		t.Fatal(err)
	}
	secret := "0123456789abcdef"
	o.secret.Store(&secret)
	now := time.Unix(1_800_000_000, 0)
	alice, bob := certs.PeerID{1}, certs.PeerID{2}
	a, b := o.services(alice, now), o.services(bob, now)
	if len(a.STUN) != 1 || len(a.TURN) != 2 || !a.Expires.Equal(now.Add(credentialLife)) {
		t.Fatalf("%+v", a)
	}
	username, password := relay.Credentials(secret, relayUser(alice), credentialLife, now)
	for i, s := range a.TURN {
		if s.URL != o.turn[i] || s.Username != username || s.Password != password {
			t.Errorf("relay %d: %v %s", i, s, s.Username)
		}
		if s.Username == b.TURN[i].Username || s.Password == b.TURN[i].Password {
			t.Error("two peers have the same credentials")
		}
		if strings.Contains(s.Username, alice.Short()) {
			t.Error("the relay is told who it is")
		}
	}
	if o, err := newOffer(&settings{}, "h", nil); err != nil || len(o.services(alice, now).TURN) != 0 || !o.services(alice, now).Expires.IsZero() {
		t.Errorf("with nothing to offer: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.1:5": "192.0.2.1:5", "[2001:db8::1]:5": "[2001:db8::1]:5", ":5": "0.0.0.0:5", "0.0.0.0:5": "0.0.0.0:5",
		"": "", "5": "", "host:5": "", ":x": "", ":65536": "", "192.0.2.1": "",
	} {
		got, err := parseListen("relay", text)
		if (err == nil) != (want != "") || err == nil && got[0] != netip.MustParseAddrPort(want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	got, err := parseRelayIPs([]string{"10.0.0.1=192.0.2.1", "2001:db8::1"})
	if err != nil || len(got) != 2 || got[0].Local != netip.MustParseAddr("10.0.0.1") || got[0].Public != netip.MustParseAddr("192.0.2.1") || got[1].Public.IsValid() {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{"", "x", "10.0.0.1=", "=10.0.0.1", "10.0.0.1=x"} {
		if got, err := parseRelayIPs([]string{text}); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
	for text, want := range map[string]relay.PortRange{"1024-1024": {First: 1024, Last: 1024}, "5-4": {}, "5": {}, "-": {}, "1-70000": {}} {
		if got, err := parsePorts(text); got != want || (err == nil) != (want != relay.PortRange{}) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}
