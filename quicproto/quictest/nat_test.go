package quictest

import (
	"net/netip"
	"testing"
)

func TestNATKinds(t *testing.T) {
	inside := netip.MustParseAddrPort("10.0.0.2:7728")
	peer := netip.MustParseAddrPort("203.0.113.9:1000")
	neighbour := netip.MustParseAddrPort("203.0.113.9:2000") // at the address of peer
	stranger := netip.MustParseAddrPort("203.0.113.10:1000")
	for _, tc := range []struct {
		kind                             NATKind
		fromPeer, fromNeighbour, fromAll bool
		samePort                         bool // for each destination
	}{
		{FullCone, true, true, true, true},
		{AddressRestricted, true, true, false, true},
		{PortRestricted, true, false, false, true},
		{Symmetric, true, false, false, false},
	} {
		n := newNAT(tc.kind, netip.MustParseAddr("198.51.100.7"), false, 1)
		out, ok := n.out(inside, peer)
		if !ok || out.Addr() != n.address {
			t.Fatalf("%v: %v (%v)", tc.kind, out, ok)
		}
		for from, want := range map[netip.AddrPort]bool{peer: tc.fromPeer, neighbour: tc.fromNeighbour, stranger: tc.fromAll} {
			if to, ok := n.in(from, out.Port()); ok != want || ok && to != inside {
				t.Errorf("%v: from %v to %v (%v), want %v", tc.kind, from, to, ok, want)
			}
		}
		if again, _ := n.out(inside, peer); again != out {
			t.Errorf("%v: %v became %v", tc.kind, out, again)
		}
		if other, _ := n.out(inside, stranger); (other == out) != tc.samePort {
			t.Errorf("%v: to another %v, before %v", tc.kind, other, out)
		}
		n.rebind()
		if _, ok := n.in(peer, out.Port()); ok {
			t.Errorf("%v: lets in by a mapping that it has forgotten", tc.kind)
		}
	}
	if _, ok := newNAT(UDPBlocked, netip.MustParseAddr("198.51.100.7"), false, 1).out(inside, peer); ok {
		t.Error("a packet passed where none may")
	}
}
