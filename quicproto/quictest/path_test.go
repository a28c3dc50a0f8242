package quictest

import (
	"math"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

const seed = 1

var epoch = time.Unix(0, 0)

// fates sends packets of 1000 bytes at once and collects what became of each.
func fates(p *Path[int], packets int) []Passage {
	var passages []Passage
	p.Watch = func(x Passage, _ int) { passages = append(passages, x) }
	for i := range packets {
		p.Send(epoch, 1000, i)
	}
	return passages
}

func TestLossHasItsMeanAndItsRuns(t *testing.T) {
	for _, l := range []Link{{Loss: 0.05}, {Loss: 0.2}, {Loss: 0.05, Burst: 4}} {
		const packets = 200000
		lost, runs, before := 0, 0, false
		for _, x := range fates(NewPath[int](l, seed, 2), packets) {
			if x.Fate == Lost {
				lost++
				if !before {
					runs++
				}
			}
			before = x.Fate == Lost
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

func TestAnOutageLosesAll(t *testing.T) {
	for _, l := range []Link{{Loss: 1}, {Loss: 1, Burst: 4}} {
		for _, x := range fates(NewPath[int](l, seed, 2), 1000) {
			if x.Fate != Lost {
				t.Fatalf("%+v: a packet came through", l)
			}
		}
	}
}

// arrivals empties a path and says when each packet came.
func arrivals(p *Path[int]) (order []int, at []time.Duration) {
	for now := p.Next(); !now.IsZero(); now = p.Next() {
		for i, ok := p.Pop(now); ok; i, ok = p.Pop(now) {
			order, at = append(order, i), append(at, now.Sub(epoch))
		}
	}
	return order, at
}

func TestBottleneckDelaysAndDrops(t *testing.T) {
	p := NewPath[int](Link{Rate: media.Mbps, Queue: 50 * time.Millisecond, Delay: 10 * time.Millisecond}, seed, 2)
	for i := range 8 {
		p.Send(epoch, 1250, i) // 10 ms at 1 Mbit/s
	}
	_, at := arrivals(p)
	if len(at) != 6 || p.Stats().Overflowed != 2 {
		t.Fatalf("%d arrived and %d overflowed, want 6 and 2", len(at), p.Stats().Overflowed)
	}
	for i, got := range at {
		if want := time.Duration(i+2) * 10 * time.Millisecond; got != want {
			t.Errorf("packet %d took %v, want %v", i, got, want)
		}
	}
}

func TestAFasterBottleneckEmptiesItsQueueFaster(t *testing.T) {
	p := NewPath[int](Link{Rate: media.Mbps}, seed, 2)
	var waits []time.Duration
	p.Watch = func(x Passage, _ int) { waits = append(waits, x.Wait()) }
	for i := range 3 {
		p.Send(epoch, 1250, i) // 10 ms at 1 Mbit/s
	}
	p.Change(epoch.Add(15*time.Millisecond), Link{Rate: 10 * media.Mbps})
	arrivals(p)
	want := []time.Duration{10 * time.Millisecond, 15500 * time.Microsecond, 16500 * time.Microsecond}
	for i := range want {
		if waits[i] != want[i] {
			t.Errorf("packet %d waited %v, want %v", i, waits[i], want[i])
		}
	}
	p.Send(epoch.Add(time.Second), 1250, 3)
	p.Change(epoch.Add(time.Second), Link{})
	if order, _ := arrivals(p); len(order) != 1 {
		t.Error("a packet was left behind when the bottleneck went away")
	}
}

func TestLossActsBehindTheBottleneck(t *testing.T) {
	p := NewPath[int](Link{Rate: media.Mbps, Loss: 1}, seed, 2)
	p.Send(epoch, 1250, 0)
	p.Send(epoch, 1250, 1)
	p.Change(epoch.Add(15*time.Millisecond), Link{Rate: media.Mbps})
	if order, at := arrivals(p); len(order) != 1 || order[0] != 1 || at[0] != 20*time.Millisecond {
		t.Errorf("%v arrived at %v: a lost packet takes its time at the bottleneck", order, at)
	}
}

func TestJitterKeepsOrderUnlessToldOtherwise(t *testing.T) {
	for _, reorder := range []bool{false, true} {
		p := NewPath[int](Link{Jitter: 30 * time.Millisecond, Reorder: reorder}, seed, 2)
		for i := range 1000 {
			p.Send(epoch.Add(time.Duration(i)*time.Millisecond), 100, i)
		}
		order, _ := arrivals(p)
		swaps := 0
		for i := range order[1:] {
			if order[i+1] < order[i] {
				swaps++
			}
		}
		if len(order) != 1000 || (swaps > 0) != reorder {
			t.Errorf("reorder=%v: %d packets arrived, %d overtook others", reorder, len(order), swaps)
		}
	}
}
