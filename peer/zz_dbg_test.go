package peer_test

import (
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/quicproto/quictest"
)

func TestZZ(t *testing.T) {
	for _, c := range []quictest.Link{{Loss: 0.05}, {Loss: 0.1}, {Loss: 0.2}, {Loss: 0.05, Burst: 4}} {
		var all, steady []time.Duration
		fps, gaps, frz, keys, first := 0.0, 0, uint64(0), uint64(0), 0.0
		c.Delay = 20 * time.Millisecond
		for seed := range uint64(5) {
			synctest.Test(t, func(t *testing.T) {
				n := quictest.NewNetwork(seed, c)
				near, far := n.Socket(1), n.Socket(2)
				up := func(c *peer.Config) { c.MaxUp = 1500000 }
				a, b := newPerson(t, near, up), newPerson(t, far, up)
				b.Listen()
				start := time.Now()
				call(t, a, []net.Addr{far.LocalAddr()}, b.id)
				time.Sleep(20 * time.Second)
				shown := b.view.Shown()
				for i, s := range shown[1:] {
					if g := s.At.Sub(shown[i].At); g > 150*time.Millisecond {
						gaps++
					}
				}
				for _, s := range shown {
					all = append(all, s.Latency)
					if s.At.Sub(start) > 3*time.Second {
						steady = append(steady, s.Latency)
					}
				}
				r := b.Links()[0].Stats()
				frz += r.Freezes
				keys += r.Keyframes
				first += shown[0].At.Sub(start).Seconds() / 5
				fps += float64(len(shown)) / 100
				a.leave()
				b.leave()
			})
		}
		slices.Sort(all)
		slices.Sort(steady)
		t.Logf("%.2f/%.0f: fps %.1f gaps>150 %d freezes %d keys %d first %.2f all %.0f/%.0f steady %.0f/%.0f", c.Loss, c.Burst, fps, gaps, frz, keys, first,
			ms(all[len(all)/2]), ms(all[len(all)*95/100]), ms(steady[len(steady)/2]), ms(steady[len(steady)*95/100]))
	}
}
