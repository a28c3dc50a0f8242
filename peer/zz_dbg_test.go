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
	for seed := range uint64(4) {
		synctest.Test(t, func(t *testing.T) {
			n := quictest.NewNetwork(seed, quictest.Link{Delay: 20 * time.Millisecond, Loss: 0.2})
			near, far := n.Socket(1), n.Socket(2)
			up := func(c *peer.Config) { c.MaxUp = 1500000 }
			a, b := newPerson(t, near, up), newPerson(t, far, up)
			b.Listen()
			start := time.Now()
			l := call(t, a, []net.Addr{far.LocalAddr()}, b.id)
			t.Logf("seed %d", seed)
			for i := range 20 {
				time.Sleep(time.Second)
				s, r := l.Stats(), b.Links()[0].Stats()
				if i < 4 {
					t.Logf("%d: loss %.3f target %.0f send %.0f queue %.0f rtt %.0f jb %.0f nacks %d fixed %d drop %d keys %d", i, s.Loss, s.TargetKbps, s.SendKbps, s.QueueMs, s.RTT, r.JitterBuffer, r.Nacks, r.Repaired, s.Dropped, r.Keyframes)
				}
			}
			shown := b.view.Shown()
			gaps := 0
			for i, s := range shown[1:] {
				if g := s.At.Sub(shown[i].At); g > 90*time.Millisecond {
					t.Logf("at %.2f N=%d gap %.0f lat %.0f", s.At.Sub(start).Seconds(), s.N, ms(g), ms(s.Latency))
				} else if g > 50*time.Millisecond {
					gaps++
				}
			}
			d := latencies(shown[len(shown)/4:])
			t.Logf("gaps>50 %d fps %.1f steady %.0f/%.0f", gaps, float64(len(shown))/20, ms(d[len(d)/2]), ms(d[len(d)*95/100]))
			a.leave()
			b.leave()
		})
	}
}
