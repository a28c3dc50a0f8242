package quicproto

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

// TestBunchesTellJitterFromQueues sends pictures of eight packets at 2 Mbit/s, as
// fast as the pacer lets them go, and sound in between.
func TestBunchesTellJitterFromQueues(t *testing.T) {
	const seed, rate, gap = 3, 2e6, 5 * time.Millisecond
	for _, c := range []struct {
		what   string
		link   media.Bitrate // of a bottleneck; 0: none
		jitter time.Duration
		want   bool
	}{
		{"nothing", 0, 0, false},
		{"a bottleneck", 2 * media.Mbps, 0, false},
		{"a bottleneck far away", 3 * media.Mbps, time.Millisecond, false},
		{"timers", 0, 2 * time.Millisecond, false},
		{"jitter", 0, 15 * time.Millisecond, true},
		{"much jitter", 0, 40 * time.Millisecond, true},
	} {
		rng := rand.New(rand.NewPCG(seed, 0))
		var b bunchTrack
		var free, last time.Duration // when the bottleneck is, when the latest packet came
		var sum int64
		send := func(at time.Duration, size int) {
			free = max(free, at)
			if c.link > 0 {
				free += c.link.Time(size)
			}
			last = max(last, free+time.Duration(rng.Float64()*float64(c.jitter)))
			sum += int64(size)
			b.add(&arrivalSample{sent: at, arrival: last.Truncate(time.Second / 1024), size: size, sum: sum}, rate, gap)
		}
		for frame := range 60 {
			for i := range 8 {
				at := time.Duration(frame)*33*time.Millisecond + time.Duration(i)*2*time.Millisecond
				send(at, 1150)
				if i == 5 {
					send(at+time.Millisecond, 150)
				}
			}
		}
		if got := b.jitters(); got != c.want {
			t.Errorf("%s: jitters: %v, want %v (share %.2f, seed %d)", c.what, got, c.want, b.share, seed)
		}
	}
}
