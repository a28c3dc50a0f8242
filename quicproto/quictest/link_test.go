package quictest

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

const seed = 1

func newPath(l Link) *path { return &path{link: l, rng: rand.New(rand.NewPCG(seed, 2))} }

func TestLossHasItsMeanAndItsRuns(t *testing.T) {
	for _, l := range []Link{{Loss: 0.05}, {Loss: 0.2}, {Loss: 0.05, Burst: 4}} {
		const packets = 200000
		p := newPath(l)
		lost, runs, before := 0, 0, false
		for range packets {
			_, ok := p.send(time.Unix(0, 0), 1000)
			if !ok {
				lost++
				if !before {
					runs++
				}
			}
			before = !ok
		}
		if got := float64(lost) / packets; math.Abs(got-l.Loss) > l.Loss/10 {
			t.Errorf("%+v (seed %d): lost %.4f", l, seed, got)
		}
		want := max(l.Burst, 1/(1-l.Loss))
		if got := float64(lost) / float64(runs); math.Abs(got-want) > want/10 {
			t.Errorf("%+v (seed %d): runs of %.2f, want %.2f", l, seed, got, want)
		}
	}
}

func TestBottleneckDelaysAndDrops(t *testing.T) {
	p := newPath(Link{Rate: media.Mbps, Queue: 50 * time.Millisecond, Delay: 10 * time.Millisecond})
	now := time.Unix(0, 0)
	const size = 1250 - headers // 10 ms at 1 Mbit/s
	var arrivals []time.Duration
	for range 8 {
		if at, ok := p.send(now, size); ok {
			arrivals = append(arrivals, at.Sub(now))
		}
	}
	if len(arrivals) != 6 || p.stats.Overflowed != 2 {
		t.Fatalf("%d arrived and %d overflowed, want 6 and 2", len(arrivals), p.stats.Overflowed)
	}
	for i, got := range arrivals {
		want := time.Duration(i+1)*10*time.Millisecond + 10*time.Millisecond
		if (got - want).Abs() > time.Microsecond {
			t.Errorf("packet %d took %v, want %v", i, got, want)
		}
	}
}

func TestJitterKeepsOrderUnlessToldOtherwise(t *testing.T) {
	for _, reorder := range []bool{false, true} {
		p := newPath(Link{Jitter: 30 * time.Millisecond, Reorder: reorder})
		now, last, swaps := time.Unix(0, 0), time.Time{}, 0
		for range 1000 {
			at, _ := p.send(now, 100)
			if at.Before(last) {
				swaps++
			}
			last = at
			now = now.Add(time.Millisecond)
		}
		if (swaps > 0) != reorder {
			t.Errorf("reorder=%v: %d packets overtook others", reorder, swaps)
		}
	}
}
