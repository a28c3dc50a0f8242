package quicproto

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/quicproto/quictest"
)

// labCall is a call of two peers behind NATs, each with a relay, 60 ms of round trip
// apart.
type labCall struct {
	t            *testing.T
	net          *quictest.Internet
	a, b         *labPeer
	siteA, siteB *quictest.Site
}

// inCall runs f in a call that has found its direct path.
func inCall(t *testing.T, kind quictest.NATKind, f func(*labCall)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &labCall{t: t, net: quictest.NewInternet(7, quictest.Link{Delay: 30 * time.Millisecond})}
		c.a, c.b = newLabPeer(t), newLabPeer(t)
		defer c.a.close()
		defer c.b.close()
		c.siteA, c.siteB = behind(c.a, c.net, kind, 1), behind(c.b, c.net, kind, 2)
		dialByRoutes(t, c.a, c.b, 5*time.Second)
		if c.b.conn == nil {
			t.Fatal("they do not meet")
		}
		talk(c.a, c.b)
		time.Sleep(5 * time.Second)
		f(c)
		if err := c.a.conn.Err(); err != nil {
			t.Errorf("the connection has ended: %v", err)
		}
	})
}

// wantPaths checks where both sides are after some time.
func (c *labCall) wantPaths(kind PathKind) {
	c.t.Helper()
	for name, p := range map[string]*labPeer{"a": c.a, "b": c.b} {
		if got := p.route.Path(); got.Kind != kind || !got.Alive {
			c.t.Errorf("%s: %+v, want %v", name, got, kind)
		}
	}
}

// wantSilence checks that neither heard nothing for longer than a time.
func (c *labCall) wantSilence(what string, since time.Time, most time.Duration) {
	c.t.Helper()
	for name, p := range map[string]*labPeer{"a": c.a, "b": c.b} {
		got := p.silence(since)
		c.t.Logf("%s: %s hears nothing for %v", what, name, got)
		if got > most {
			c.t.Errorf("%s: %s hears nothing for %v, want at most %v", what, name, got, most)
		}
	}
}

// cut sets the loss on the direct path, each way.
func (c *labCall) cut(there, back float64) {
	c.net.Set("203.0.113.1", "203.0.113.2", quictest.Link{Delay: 30 * time.Millisecond, Loss: there})
	c.net.Set("203.0.113.2", "203.0.113.1", quictest.Link{Delay: 30 * time.Millisecond, Loss: back})
}

func TestFromTheRelayToADirectPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &labCall{t: t, net: quictest.NewInternet(7, quictest.Link{Delay: 50 * time.Millisecond})}
		c.a, c.b = newLabPeer(t), newLabPeer(t)
		defer c.a.close()
		defer c.b.close()
		behind(c.a, c.net, quictest.PortRestricted, 1)
		behind(c.b, c.net, quictest.PortRestricted, 2)
		c.cut(1, 1)
		dialByRoutes(t, c.a, c.b, 5*time.Second)
		talk(c.a, c.b)
		time.Sleep(3 * time.Second)
		c.wantPaths(PathRelay)
		up := time.Now()
		c.net.Set("203.0.113.1", "203.0.113.2", quictest.Link{Delay: 50 * time.Millisecond})
		c.net.Set("203.0.113.2", "203.0.113.1", quictest.Link{Delay: 50 * time.Millisecond})
		for c.a.route.Path().Kind != PathDirect || c.b.route.Path().Kind != PathDirect {
			time.Sleep(10 * time.Millisecond)
			if time.Since(up) > 5*time.Second {
				t.Fatalf("no direct path: %+v, %+v", c.a.route.Path(), c.b.route.Path())
			}
		}
		t.Logf("direct after %v", time.Since(up))
		time.Sleep(time.Second)
		end := time.Now().Add(-200 * time.Millisecond)
		if x, y := c.a.lost(up, end), c.b.lost(up, end); x > 0 || y > 0 {
			t.Errorf("%d and %d packets were lost", x, y)
		}
	})
}

func TestTheDirectPathDies(t *testing.T) {
	for name, loss := range map[string][2]float64{"both ways": {1, 1}, "there": {1, 0}, "back": {0, 1}} {
		inCall(t, quictest.PortRestricted, func(c *labCall) {
			c.wantPaths(PathDirect)
			cut := time.Now()
			c.cut(loss[0], loss[1])
			time.Sleep(3 * time.Second)
			c.wantPaths(PathRelay)
			// Till it is noticed, 100 ms; if one side only is deaf, half a round trip
			// till the other knows; and half a round trip by the relay.
			c.wantSilence("the path dies "+name, cut, 230*time.Millisecond)
			c.cut(0, 0)
			time.Sleep(15 * time.Second)
			c.wantPaths(PathDirect)
			if n := c.a.route.Switches(); n != 2 { // to the relay and back
				t.Errorf("%s: %d switches", name, n)
			}
		})
	}
}

func TestNATRebinding(t *testing.T) {
	inCall(t, quictest.PortRestricted, func(c *labCall) {
		before := c.a.route.Switches() + c.b.route.Switches()
		for n := range 6 {
			at := time.Now()
			[]*quictest.Site{c.siteA, c.siteB}[n%2].Rebind()
			time.Sleep(5 * time.Second)
			c.wantSilence("rebinding", at, 200*time.Millisecond)
			c.wantPaths(PathDirect)
		}
		if n := c.a.route.Switches() + c.b.route.Switches() - before; n != 0 {
			t.Errorf("%d switches: a new port is no new path", n)
		}
	})
}

func TestALinkIsDownForSeconds(t *testing.T) {
	inCall(t, quictest.PortRestricted, func(c *labCall) {
		c.a.relay.kill(true)
		c.a.at[0].SetDown(true)
		time.Sleep(5 * time.Second)
		if p := c.a.route.Path(); p.Alive {
			t.Errorf("nothing is heard, and the path is %+v", p)
		}
		up := time.Now()
		c.a.at[0].SetDown(false)
		time.Sleep(3 * time.Second)
		c.wantSilence("after the outage", up, 500*time.Millisecond)
		c.wantPaths(PathDirect)
	})
}

func TestANewNetworkBeforeTheOldOneGoes(t *testing.T) {
	inCall(t, quictest.PortRestricted, func(c *labCall) {
		start, old := time.Now(), c.a.at[0]
		phone := c.net.Root().Site(quictest.PortRestricted, "203.0.113.77", false)
		c.a.join(phone, "192.168.43.9")
		time.Sleep(100 * time.Millisecond)
		c.b.route.AddRemote(c.a.candidates()) // by the control stream
		time.Sleep(2 * time.Second)
		c.a.leave(old)
		gone := time.Now()
		time.Sleep(2 * time.Second)
		c.wantPaths(PathDirect)
		c.wantSilence("overlap", start, 90*time.Millisecond)
		end := time.Now().Add(-200 * time.Millisecond)
		t.Logf("lost %d and %d", c.a.lost(start, end), c.b.lost(start, end))
		if n := c.b.lost(start, end); n > 0 {
			t.Errorf("%d packets from the side that moves were lost", n)
		}
		// What was under way to the old address is lost, until the other side knows.
		if n := c.a.lost(gone.Add(-time.Second), end); n > 4 {
			t.Errorf("%d packets to the side that moves were lost", n)
		}
	})
}

func TestANewNetworkAfterTheOldOneWent(t *testing.T) {
	inCall(t, quictest.FullCone, func(c *labCall) {
		c.a.relay.kill(true)
		c.a.leave(c.a.at[0])
		time.Sleep(time.Second)
		phone := c.net.Root().Site(quictest.PortRestricted, "203.0.113.77", false)
		up := time.Now()
		c.a.join(phone, "192.168.43.9")
		time.Sleep(3 * time.Second)
		c.wantSilence("after the new network is up", up, 300*time.Millisecond)
		c.wantPaths(PathDirect)
	})
}

func TestBothMoveAtOnce(t *testing.T) {
	inCall(t, quictest.PortRestricted, func(c *labCall) {
		at := time.Now()
		for i, p := range []*labPeer{c.a, c.b} {
			p.leave(p.at[0])
			p.join(c.net.Root().Site(quictest.PortRestricted, []string{"203.0.113.77", "203.0.113.78"}[i], false), "192.168.43.9")
		}
		time.Sleep(time.Second)
		c.wantPaths(PathRelay)
		c.wantSilence("both move", at, 300*time.Millisecond)
		for x, y := range map[*labPeer]*labPeer{c.a: c.b, c.b: c.a} { // by the control stream
			x.route.AddRemote(y.candidates())
		}
		time.Sleep(3 * time.Second)
		c.wantPaths(PathDirect)
	})
}

func TestAnInterfaceGoesSilent(t *testing.T) {
	inCall(t, quictest.PortRestricted, func(c *labCall) {
		phone := c.net.Root().Site(quictest.Symmetric, "203.0.113.77", false)
		c.a.join(phone, "192.168.43.9")
		time.Sleep(2 * time.Second)
		at := time.Now()
		c.a.at[0].SetDown(true)
		time.Sleep(3 * time.Second)
		c.wantSilence("an interface goes silent", at, 250*time.Millisecond)
	})
}

func TestAPlainRouteBecomesOneWithProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &labCall{t: t, net: quictest.NewInternet(7, quictest.Link{Delay: 30 * time.Millisecond})}
		c.a, c.b = newLabPeer(t), newLabPeer(t)
		defer c.a.close()
		defer c.b.close()
		behind(c.a, c.net, quictest.PortRestricted, 1)
		behind(c.b, c.net, quictest.NoNAT, 2)
		c.a.connectPlain(c.b)
		talk(c.a, c.b)
		name := c.b.conn.RemoteAddr().String()
		secret := [RouteSecretSize]byte{9}
		time.Sleep(time.Second)
		start := time.Now()
		c.a.route, c.b.route = c.a.conn.Route(), c.b.conn.Route()
		if err := c.a.route.Open(RouteConfig{Secret: secret, Initiator: true, Remote: c.b.candidates()}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second) // the other side is slow
		if err := c.b.route.Open(RouteConfig{Secret: secret, Remote: c.a.candidates()}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		c.wantSilence("while it opens", start, 30*time.Millisecond)
		c.wantPaths(PathDirect)
		if n := c.a.route.Switches() + c.b.route.Switches(); n != 0 {
			t.Errorf("%d switches", n)
		}
		at := time.Now()
		c.a.leave(c.a.at[0])
		c.a.join(c.net.Root().Site(quictest.PortRestricted, "203.0.113.77", false), "192.168.43.9")
		time.Sleep(3 * time.Second)
		c.wantSilence("a new network", at, 300*time.Millisecond)
		if got := c.b.conn.RemoteAddr().String(); got != name {
			t.Errorf("QUIC knows the other side as %s, before as %s", got, name)
		}
	})
}
