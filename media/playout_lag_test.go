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
