package quicproto

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"
)

func addrs(list ...string) (all []netip.Addr) {
	for _, s := range list {
		all = append(all, netip.MustParseAddr(s))
	}
	return all
}

func TestNamesAreResolvedAndAgain(t *testing.T) {
	var n serverNames
	now := time.Unix(0, 0)
	n.set(now, []string{"stun.example", "192.0.2.1"})
	four, six := netip.IPv4Unspecified(), netip.IPv6Unspecified()
	if got := n.addrs("192.0.2.1", four); !slices.Equal(got, addrs("192.0.2.1")) {
		t.Errorf("an address is at %v", got)
	}
	if host, ok := n.pop(now); !ok || host != "stun.example" {
		t.Fatalf("to be looked up: %q", host)
	}
	if host, ok := n.pop(now); ok {
		t.Errorf("to be looked up besides: %q", host)
	}
	n.handle(now, "stun.example", addrs("198.51.100.1", "2001:db8::1", "198.51.100.2", "198.51.100.3", "198.51.100.1"), nil)
	if got := n.addrs("stun.example", four); !slices.Equal(got, addrs("198.51.100.1", "198.51.100.2")) {
		t.Errorf("IPv4 at %v", got)
	}
	if got := n.addrs("stun.example", six); !slices.Equal(got, addrs("2001:db8::1")) {
		t.Errorf("IPv6 at %v", got)
	}
	if got := n.next().Sub(now); got != nameRefresh {
		t.Errorf("looked up again after %v", got)
	}
	// Servers that are asked in turn come in another order each time.
	n.handle(now, "stun.example", addrs("198.51.100.3", "198.51.100.2", "198.51.100.1"), nil)
	if got := n.addrs("stun.example", four); !slices.Equal(got, addrs("198.51.100.2", "198.51.100.1")) {
		t.Errorf("the addresses in use are dropped for %v", got)
	}
}

func TestNamesThatFailAreTriedAgain(t *testing.T) {
	var n serverNames
	now := time.Unix(0, 0)
	n.set(now, []string{"stun.example"})
	fails := errors.New("no such host")
	var waits []time.Duration
	for range 10 {
		n.pop(now)
		n.handle(now, "stun.example", nil, fails)
		waits = append(waits, n.next().Sub(now))
		now = n.next()
	}
	if waits[0] != nameRetry || waits[9] != nameMaxRetry || !slices.IsSorted(waits) {
		t.Errorf("waits %v", waits)
	}
	if got := n.problems(); !slices.Equal(got, []error{fails}) {
		t.Errorf("problems %v", got)
	}
	n.handle(now, "stun.example", addrs("192.0.2.1"), nil)
	n.handle(now, "stun.example", nil, fails)
	if got := n.addrs("stun.example", netip.IPv4Unspecified()); len(got) != 1 || n.problems() != nil {
		t.Errorf("after another failure %v, problems %v", got, n.problems())
	}
	n.handle(now, "unknown.example", addrs("192.0.2.1"), nil)
}
