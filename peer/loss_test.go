package peer_test

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/peer/peertest"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// longestGap is the longest time without a new picture.
func longestGap(shown []peertest.Shown) time.Duration {
	var gap time.Duration
	for i := range shown[1:] {
		gap = max(gap, shown[i+1].At.Sub(shown[i].At))
	}
	return gap
}

// TestLossTable measures calls on lossy links, 20 ms each way. The limits leave
// room for chance: the keys of a call are drawn anew in each run, and with their
// sizes everything shifts.
func TestLossTable(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes of calls: without -short")
	}
	const seed, span = 17, 30 * time.Second
	t.Logf("seed %d, %v each; g2g in ms, without camera, codec and screen", seed, span)
	t.Logf("%-14s %7s %11s %5s %4s %7s %7s %6s %6s %5s %4s", "link", "fps", "g2g p50/95", "gap", "frz", "conc %", "kbit/s", "bits", "nacks", "fixed", "keys")
	// Less than what the lanes carry through 20 % of loss: this is about repair.
	up := func(c *peer.Config) { c.MaxUp = 1500 * media.Kbps }
	var clean float64
	for _, c := range []struct {
		name     string
		loss     float64
		burst    float64
		p50, p95 time.Duration // at most
		fps      float64       // at least
		freezes  uint64
		conceal  float64 // share of sound
	}{
		{"clean", 0, 0, 30 * time.Millisecond, 38 * time.Millisecond, 29.5, 0, 0.001},
		{"1 %", 0.01, 0, 33 * time.Millisecond, 46 * time.Millisecond, 28.5, 0, 0.005},
		{"5 %", 0.05, 0, 38 * time.Millisecond, 90 * time.Millisecond, 27.5, 2, 0.005},
		{"10 %", 0.1, 0, 48 * time.Millisecond, 120 * time.Millisecond, 27, 3, 0.01},
		{"20 %", 0.2, 0, 70 * time.Millisecond, 250 * time.Millisecond, 25, 6, 0.015},
		{"5 % by 4", 0.05, 4, 48 * time.Millisecond, 110 * time.Millisecond, 26, 3, 0.01},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := quictest.NewNetwork(seed, quictest.Link{Delay: 20 * time.Millisecond, Loss: c.loss, Burst: c.burst})
			near, far := n.Socket(1), n.Socket(2)
			a, b := newPerson(t, near, up), newPerson(t, far, up)
			if err := b.Listen(); err != nil {
				t.Fatal(err)
			}
			call(t, a, []net.Addr{far.LocalAddr()}, b.id)
			time.Sleep(span)
			rx := b.Links()[0].Stats()
			shown := b.view.Shown()
			d := latencies(shown)
			p50, p95 := d[len(d)/2], d[len(d)*95/100]
			rate := float64(n.Stats(near, far).Bytes) * 8 / 1000 / span.Seconds()
			if c.loss == 0 {
				clean = rate
			}
			fps, concealed := float64(len(shown))/span.Seconds(), rx.ConcealedMs/1000/span.Seconds()
			t.Logf("%-14s %7.1f %5.0f/%5.0f %5.0f %4d %7.2f %7.0f %6.2f %6d %5d %4d", c.name, fps,
				ms(p50), ms(p95), ms(longestGap(shown)), rx.Freezes, 100*concealed, rate, rate/clean, rx.Nacks, rx.Repaired, rx.Keyframes)
			if p50 > c.p50 || p95 > c.p95 || fps < c.fps || rx.Freezes > c.freezes || concealed > c.conceal || rate > 1.3*clean {
				t.Errorf("seed %d, loss %s: %.1f pictures a second, %v / %v old, %d freezes, %.2f %% of sound concealed, %.2f times the bits",
					seed, c.name, fps, p50, p95, rx.Freezes, 100*concealed, rate/clean)
			}
			a.leave()
			b.leave()
		})
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
