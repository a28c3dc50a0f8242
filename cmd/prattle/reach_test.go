package main

import (
	"net/netip"
	"slices"
	"testing"
)

func TestReachableAt(t *testing.T) {
	for listen, want := range map[string]string{
		"192.0.2.1:7728":        "192.0.2.1:7728",
		"127.0.0.1:1":           "127.0.0.1:1",
		"[::ffff:192.0.2.1]:80": "192.0.2.1:80",
		"[2001:db8::1]:7728":    "[2001:db8::1]:7728",
	} {
		if got := reachableAt(netip.MustParseAddrPort(listen)); !slices.Equal(got, []string{want}) {
			t.Errorf("%s is reached at %v", listen, got)
		}
	}
	for _, listen := range []netip.AddrPort{netip.MustParseAddrPort("[::]:7728"), netip.AddrPortFrom(netip.Addr{}, 7728)} {
		found := reachableAt(listen)
		for _, addr := range found {
			ap, err := netip.ParseAddrPort(addr)
			if err != nil || ap.Port() != 7728 || ap.Addr().IsLoopback() || ap.Addr().IsLinkLocalUnicast() || ap.Addr().IsUnspecified() {
				t.Errorf("%v is said to be reached at %s", listen, addr)
			}
		}
		if len(found) > maxReach {
			t.Errorf("%d addresses", len(found))
		}
	}
}
