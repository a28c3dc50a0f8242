package quicproto

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/quicproto/quictest"
)

// behind puts a peer into a network behind a NAT, with the number n, and gives it a
// relay.
func behind(p *labPeer, net *quictest.Internet, kind quictest.NATKind, n int) *quictest.Site {
	site := net.Root().Site(kind, fmt.Sprintf("203.0.113.%d", n), true)
	addr := fmt.Sprintf("10.%d.0.2", n)
	if kind == quictest.NoNAT {
		addr = fmt.Sprintf("203.0.113.%d", n)
	}
	p.lease(net, fmt.Sprintf("198.51.100.%d", 10+n), 20*time.Millisecond)
	p.join(site, addr)
	return site
}

// Any two peers reach each other, by a relay at once and then directly unless both
// NATs choose ports by destination or one does and the other looks at them.
func TestNATMatrix(t *testing.T) {
	kinds := []quictest.NATKind{quictest.NoNAT, quictest.FullCone, quictest.PortRestricted, quictest.Symmetric}
	connected, direct := 0, 0
	for _, x := range kinds {
		for _, y := range kinds {
			synctest.Test(t, func(t *testing.T) {
				n := quictest.NewInternet(7, quictest.Link{Delay: 30 * time.Millisecond})
				a, b := newLabPeer(t), newLabPeer(t)
				defer a.close()
				defer b.close()
				behind(a, n, x, 1)
				behind(b, n, y, 2)
				start := time.Now()
				dialByRoutes(t, a, b, 5*time.Second)
				if b.conn == nil {
					t.Errorf("%v and %v do not meet", x, y)
					return
				}
				connected++
				met := time.Since(start)
				time.Sleep(5 * time.Second)
				want := PathDirect
				if x == quictest.Symmetric && y >= quictest.PortRestricted || y == quictest.Symmetric && x >= quictest.PortRestricted {
					want = PathRelay
				} else {
					direct++
				}
				for _, p := range []*labPeer{a, b} {
					if got := p.route.Path(); got.Kind != want || !got.Alive {
						t.Errorf("%v and %v: %+v after %v, want %v", x, y, got, met, want)
					}
				}
				t.Logf("%v and %v: met after %v, %v", x, y, met, want)
			})
		}
	}
	if connected != 16 || direct != 13 {
		t.Errorf("%d of 16 pairs are connected, %d of them directly", connected, direct)
	}
}

// Two peers behind one NAT, behind two in a row, or where no UDP passes.
func TestNATsOfOtherShapes(t *testing.T) {
	for name, tc := range map[string]struct {
		place func(n *quictest.Internet, a, b *labPeer)
		want  PathKind
	}{
		"one LAN": {func(n *quictest.Internet, a, b *labPeer) {
			s := n.Root().Site(quictest.PortRestricted, "203.0.113.1", false)
			a.join(s, "192.168.1.2")
			b.join(s, "192.168.1.3")
		}, PathLAN},
		"hairpin": {func(n *quictest.Internet, a, b *labPeer) {
			s := n.Root().Site(quictest.FullCone, "203.0.113.1", true)
			a.join(s.Site(quictest.FullCone, "100.64.0.2", false), "192.168.1.2")
			b.join(s.Site(quictest.FullCone, "100.64.0.3", false), "192.168.2.2")
		}, PathDirect},
		"double NAT": {func(n *quictest.Internet, a, b *labPeer) {
			s := n.Root().Site(quictest.PortRestricted, "203.0.113.1", false)
			a.join(s.Site(quictest.PortRestricted, "100.64.0.2", false), "192.168.1.2")
			b.join(n.Root().Site(quictest.AddressRestricted, "203.0.113.2", false), "192.168.1.2")
		}, PathDirect},
		"UDP blocked": {func(n *quictest.Internet, a, b *labPeer) {
			a.join(n.Root().Site(quictest.UDPBlocked, "203.0.113.1", false), "192.168.1.2")
			b.join(n.Root(), "203.0.113.2")
		}, PathRelay},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := quictest.NewInternet(7, quictest.Link{Delay: 30 * time.Millisecond})
			a, b := newLabPeer(t), newLabPeer(t)
			defer a.close()
			defer b.close()
			a.lease(n, "198.51.100.11", 20*time.Millisecond)
			b.lease(n, "198.51.100.12", 20*time.Millisecond)
			tc.place(n, a, b)
			dialByRoutes(t, a, b, 5*time.Second)
			time.Sleep(5 * time.Second)
			if p, q := a.route.Path(), b.route.Path(); p.Kind != tc.want || q.Kind != tc.want || b.conn == nil {
				t.Errorf("%s: %+v and %+v, want %v", name, p, q, tc.want)
			}
		})
	}
}

// Who hides the own address sends nothing from it, not even an answer.
func TestRelayOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewInternet(7, quictest.Link{Delay: 30 * time.Millisecond})
		a, b := newLabPeer(t), newLabPeer(t)
		defer a.close()
		defer b.close()
		behind(a, n, quictest.NoNAT, 1)
		behind(b, n, quictest.NoNAT, 2)
		wire := n.Stats("203.0.113.1", "203.0.113.2")
		var err error
		secret := [RouteSecretSize]byte{1}
		if a.route, err = a.endpoint.NewRoute(RouteConfig{Secret: secret, Initiator: true, Remote: b.candidates(), RelayOnly: true}); err != nil {
			t.Fatal(err)
		}
		if b.route, err = b.endpoint.NewRoute(RouteConfig{Secret: secret, Remote: a.candidates()}); err != nil {
			t.Fatal(err)
		}
		a.connect(context.Background(), a.route, b)
		time.Sleep(10 * time.Second)
		if got := a.route.Path().Kind; got != PathRelay || b.conn == nil {
			t.Errorf("the path is %v", got)
		}
		if now := n.Stats("203.0.113.1", "203.0.113.2"); now.Packets != wire.Packets {
			t.Errorf("%d packets left from the address that is to be hidden", now.Packets-wire.Packets)
		}
	})
}
