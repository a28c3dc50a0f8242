package media

import (
	"testing"
	"time"
)

// lagFeed observes packets of 10 ms, one every 10 ms.
type lagFeed struct {
	e      lagEstimator
	pulled int64
}

func newLagFeed() *lagFeed {
	return &lagFeed{e: lagEstimator{ceiling: int64(SamplesIn(400 * ms))}}
}

// feed observes packets for d, each late by late(i) beyond the fastest.
func (f *lagFeed) feed(d time.Duration, late func(i int) time.Duration) {
	for i := range int(d / (10 * ms)) {
		f.e.observe(f.pulled, 1000+int64(SamplesIn(late(i))))
		f.pulled += 480
	}
}

// target is the delay aimed at, beyond the fastest packet.
func (f *lagFeed) target() time.Duration {
	return SampleTime(int(f.e.target() - f.e.fastest()))
}

func (f *lagFeed) want(t *testing.T, when string, least, most time.Duration) {
	t.Helper()
	if got := f.target(); got < least || got > most {
		t.Errorf("%s: target %v, want %v to %v", when, got, least, most)
	}
}

func even(int) time.Duration { return 0 }

func TestLagEstimatorStory(t *testing.T) {
	f := newLagFeed()
	f.feed(10*ms, even)
	f.want(t, "after the first packet", 10*ms, 10*ms)
	f.feed(2*time.Second, even)
	f.want(t, "on an even path", 0, 0)

	// One spike: followed at once, held for a second, forgotten.
	f.feed(20*time.Second, even)
	f.feed(200*ms, func(i int) time.Duration { return 200*ms - time.Duration(i)*10*ms })
	f.want(t, "in a spike", 150*ms, 200*ms)
	f.feed(500*ms, even)
	f.want(t, "half a second after it", 150*ms, 200*ms)
	f.feed(1500*ms, even)
	f.want(t, "two seconds after it", 0, 0)

	// One lonely packet: not followed.
	f.feed(10*ms, func(int) time.Duration { return 90 * ms })
	f.want(t, "after a lonely late packet", 0, 0)
	f.feed(20*time.Second, even)

	// Spikes that return are worth waiting for, until they stay away.
	for range 4 {
		f.feed(100*ms, func(i int) time.Duration { return 100*ms - time.Duration(i)*10*ms })
		f.feed(4*time.Second, even)
	}
	f.want(t, "between spikes that return", 90*ms, 100*ms)
	f.feed(12*time.Second, even)
	f.want(t, "when they stay away", 0, 0)

	// Jitter that ends is forgotten within two seconds.
	f.feed(20*time.Second, func(i int) time.Duration { return time.Duration(i*7919%50) * ms })
	f.want(t, "in jitter of 50 ms", 45*ms, 50*ms)
	f.feed(2*time.Second, even)
	f.want(t, "two seconds after the jitter", 0, 0)
}

func TestLagEstimatorFollowsAFasterPath(t *testing.T) {
	f := newLagFeed()
	f.feed(10*time.Second, func(i int) time.Duration { return 100*ms + time.Duration(i*7919%20)*ms })
	f.want(t, "before", 18*ms, 20*ms)
	f.feed(100*ms, func(i int) time.Duration { return time.Duration(i*7919%20) * ms })
	f.want(t, "100 ms after the path became 100 ms faster", 15*ms, 25*ms)
}

func TestLagEstimatorKeepsTheCeiling(t *testing.T) {
	f := newLagFeed()
	f.feed(10*time.Second, func(i int) time.Duration { return time.Duration(i%2) * 399 * ms })
	f.want(t, "at the ceiling", 390*ms, 400*ms)
	f.feed(10*time.Second, func(i int) time.Duration { return time.Duration(i%2) * 401 * ms })
	f.want(t, "beyond it", 0, 400*ms)
}

// What only comes beyond the ceiling is a slower path, not jitter, and what was
// learnt of the jitter still holds.
func TestLagEstimatorFollowsASlowerPath(t *testing.T) {
	f := newLagFeed()
	jitter := func(i int) time.Duration { return time.Duration(i*7919%20) * ms }
	f.feed(10*time.Second, jitter)
	fastest := f.e.fastest()
	f.feed(50*ms, func(i int) time.Duration { return 500*ms + jitter(i) })
	if got := f.e.fastest(); got != fastest {
		t.Errorf("50 ms after the path became 500 ms slower: fastest %d, want %d as before", got, fastest)
	}
	f.feed(100*ms, func(i int) time.Duration { return 500*ms + jitter(i) })
	if got := SampleTime(int(f.e.fastest() - fastest)); got < 490*ms || got > 510*ms {
		t.Errorf("150 ms after it: fastest moved by %v, want 500 ms", got)
	}
	f.want(t, "150 ms after it", 15*ms, 25*ms)

	// It was a spike: back at once.
	f.feed(100*ms, jitter)
	if got := f.e.fastest(); got != fastest {
		t.Errorf("when it is as before: fastest %d, want %d", got, fastest)
	}
	f.want(t, "when it is as before", 15*ms, 25*ms)
}

// A packet within the ceiling now and then: the others are late, the path is not slower.
func TestLagEstimatorKeepsToThePathOfAFew(t *testing.T) {
	f := newLagFeed()
	f.feed(10*time.Second, func(i int) time.Duration {
		if i%8 == 0 {
			return 0
		}
		return 500 * ms
	})
	f.want(t, "with one packet in eight in time", 0, 10*ms)
	if got := f.e.fastest(); got != 1000 {
		t.Errorf("fastest %d, want 1000", got)
	}
}

// TestLagEstimatorWaitsALittleMore: where sound waits for much anyway, what is rare and
// little later is waited for, too; what is much later is not.
func TestLagEstimatorWaitsALittleMore(t *testing.T) {
	for _, c := range []struct{ rare, want time.Duration }{{75 * ms, 75 * ms}, {120 * ms, 60 * ms}} {
		f := newLagFeed()
		f.feed(40*time.Second, func(i int) time.Duration {
			switch {
			case i%900 == 450: // every nine seconds
				return c.rare
			case i%100 == 0:
				return 60 * ms
			}
			return 0
		})
		f.want(t, "with "+c.rare.String()+" now and then", c.want, c.want)
	}
}
