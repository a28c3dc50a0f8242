package peer_test

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/quicproto/quictest"
)

func TestZZ(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(17, quictest.Link{Delay: 20 * time.Millisecond, Loss: 0.2})
		near, far := n.Socket(1), n.Socket(2)
		up := func(c *peer.Config) { c.MaxUp = 1500000 }
		a, b := newPerson(t, near, up), newPerson(t, far, up)
		b.Listen()
		l := call(t, a, []net.Addr{far.LocalAddr()}, b.id)
		for i := range 30 {
			time.Sleep(time.Second)
			s, r := l.Stats(), b.Links()[0].Stats()
			t.Logf("%d: loss %.3f target %.0f send %.0f queue %.0f rtt %.0f jb %.0f nacks %d fixed %d drop %d", i, s.Loss, s.TargetKbps, s.SendKbps, s.QueueMs, s.RTT, r.JitterBuffer, r.Nacks, r.Repaired, s.Dropped)
		}
		for i, s := range b.view.Shown() {
			if s.Latency > 7000*time.Millisecond {
				t.Logf("%d N=%d %.0f w=%d", i, s.N, ms(s.Latency), s.Width)
			}
		}
		a.leave()
		b.leave()
	})
}
