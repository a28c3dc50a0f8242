package quicproto

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/skulltech/prattle/quicproto/quictest"
)

// wiretap is a host of somebody who can read what passes, and counts what comes.
type wiretap struct {
	*quictest.Host
	at   netip.Addr
	mu   sync.Mutex
	came int // bytes
	sent int
}

func newWiretap(n *quictest.Internet, addr string) *wiretap {
	w := &wiretap{Host: quictest.NewHost(labPort)}
	w.at = w.Join(n.Root(), addr).Addr()
	go w.read()
	return w
}

func (w *wiretap) read() {
	b := make([]byte, 2000)
	for {
		n, _, _, err := w.ReadAt(b)
		if err != nil {
			return
		}
		w.mu.Lock()
		w.came += n
		w.mu.Unlock()
	}
}

func (w *wiretap) send(b []byte, to netip.AddrPort) {
	w.sent += len(b)
	w.WriteFrom(b, w.at, to)
}

// wantNoGain checks that no more came back than was sent.
func (w *wiretap) wantNoGain(t *testing.T, what string, most int) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.came > most || w.came > w.sent {
		t.Errorf("%s: %d bytes came back for %d", what, w.came, w.sent)
	}
}

// Whoever sends probes without knowing the secret, or those of others again, changes
// nothing and is not answered; who catches one and is faster gets as many bytes.
func TestForeignProbesChangeNothing(t *testing.T) {
	const seed = 3
	inCall(t, quictest.NoNAT, func(c *labCall) {
		rng := rand.New(rand.NewPCG(seed, 0))
		victim := netip.AddrPortFrom(netip.MustParseAddr("203.0.113.2"), labPort)
		before, switches := c.b.route.Path(), c.b.route.Switches()

		guesses := newWiretap(c.net, "198.51.100.66")
		defer guesses.Close()
		for range 2000 {
			b := make([]byte, probeSize)
			for i := range b {
				b[i] = byte(rng.Uint32())
			}
			b[0] = probeType
			if rng.IntN(2) == 0 {
				copy(b[1:5], c.a.route.keys.appendProbe(nil, probe{})[1:])
			}
			guesses.send(b[:1+rng.IntN(probeSize)], victim)
			guesses.send(b, victim)
		}

		replays := newWiretap(c.net, "198.51.100.67")
		defer replays.Close()
		old := c.a.route.latestProbe()
		time.Sleep(time.Second)
		for range 100 {
			replays.send(old, victim)
		}

		catcher := newWiretap(c.net, "198.51.100.68")
		defer catcher.Close()
		for range 5 {
			catcher.send(c.a.route.forgeProbe(), victim) // as if the true one had been held back
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(20 * time.Second)

		guesses.wantNoGain(t, "guesses", 0)
		replays.wantNoGain(t, "replays", 0)
		catcher.wantNoGain(t, "caught probes", catcher.sent)
		if got := c.b.route.Path(); got.Remote != before.Remote || got.Kind != before.Kind || c.b.route.Switches() != switches {
			t.Errorf("seed %d: the path was %+v and is %+v", seed, before, got)
		}
		if x, y := c.a.silence(time.Now().Add(-20*time.Second)), c.b.silence(time.Now().Add(-20*time.Second)); max(x, y) > 30*time.Millisecond {
			t.Errorf("seed %d: silence of %v and %v", seed, x, y)
		}
	})
}

// latestProbe is the probe that left last.
func (r *Route) latestProbe() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.probe[:])
}

// forgeProbe makes a probe that is authentic.
func (r *Route) forgeProbe() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys.appendProbe(nil, probe{sequence: r.chooser.nextSequence(), held: maxHeld, heard: maxHeard, flags: probeAsk | probeUsing})
}

// A calm call costs little: a thin one has 40 kbit/s in all.
func TestProbesOfACalmCallAreFew(t *testing.T) {
	inCall(t, quictest.PortRestricted, func(c *labCall) {
		time.Sleep(20 * time.Second)
		count := func() (n uint32) { return c.a.route.sequence() + c.b.route.sequence() }
		before := count()
		const span = 60 * time.Second
		time.Sleep(span)
		const onWire = probeSize + 28
		each := float64(count()-before) / 2 / span.Seconds()
		t.Logf("%.1f probes/s each way, %.2f kbit/s", each, each*onWire*8/1000)
		if each > 4 { // 4 by the clock; QUIC's packets spare some
			t.Errorf("%.1f probes/s each way", each)
		}
	})
}

func (r *Route) sequence() uint32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.chooser.sequence
}

// Two routes between the same two addresses keep their connections apart.
func TestRoutesBetweenTheSameAddresses(t *testing.T) {
	inCall(t, quictest.PortRestricted, func(c *labCall) {
		routes := []*Route{c.a.route, c.b.route}
		conns := []*Conn{c.a.conn, c.b.conn}
		secret := [RouteSecretSize]byte{77}
		var err error
		if c.b.route, err = c.b.endpoint.NewRoute(RouteConfig{Secret: secret, Initiator: true, Remote: c.a.candidates()}); err != nil {
			t.Fatal(err)
		}
		if c.a.route, err = c.a.endpoint.NewRoute(RouteConfig{Secret: secret, Remote: c.b.candidates()}); err != nil {
			t.Fatal(err)
		}
		c.b.connect(context.Background(), c.b.route, c.a)
		if c.a.conn == conns[0] || c.a.conn.Route() != c.a.route || c.b.conn.Route() != c.b.route {
			t.Errorf("the second connection came over %v and %v", c.a.conn.Route(), c.b.conn.Route())
		}
		time.Sleep(3 * time.Second)
		for i, old := range conns {
			if old.RemoteAddr() != routes[i] || old.Err() != nil {
				t.Errorf("the first connection is over %v, want %v (%v)", old.RemoteAddr(), routes[i], old.Err())
			}
			routes[i].Close()
			old.Abort(CloseNormal)
		}
		time.Sleep(3 * time.Second)
		c.wantPaths(PathDirect)
		if c.a.conn.Err() != nil || c.a.conn.RemoteAddr() != c.a.route {
			t.Errorf("the second connection is over %v (%v)", c.a.conn.RemoteAddr(), c.a.conn.Err())
		}
	})
}

func TestRoutesAreBounded(t *testing.T) {
	n := quictest.NewInternet(1, quictest.Link{})
	h := quictest.NewHost(labPort)
	h.Join(n.Root(), "203.0.113.1")
	e := Open(h)
	defer e.Close()
	var many []Candidate
	for i := range 5000 {
		many = append(many, Candidate{CandidateHost, netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), 9)})
	}
	r, err := e.NewRoute(RouteConfig{Remote: many})
	if err != nil {
		t.Fatal(err)
	}
	r.AddRemote(many)
	if p, m := len(r.chooser.pairs), len(r.chooser.remotes); p > maxPairs || m > maxRemotes {
		t.Errorf("%d pairs, %d remotes", p, m)
	}
	if _, err := e.NewRoute(RouteConfig{}); err == nil {
		t.Error("two routes have one secret")
	}
	if err := r.Open(RouteConfig{Secret: [RouteSecretSize]byte{1}}); err == nil {
		t.Error("a route was opened twice")
	}
	for i := range maxRoutes - 1 {
		if _, err := e.NewRoute(RouteConfig{Secret: [RouteSecretSize]byte{byte(i), 1}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.NewRoute(RouteConfig{Secret: [RouteSecretSize]byte{9, 9}}); err == nil {
		t.Error("there is no end to routes")
	}
	r.Close()
	if _, err := e.NewRoute(RouteConfig{Secret: [RouteSecretSize]byte{9, 9}}); err != nil {
		t.Errorf("a route was closed, and %v", err)
	}
}
