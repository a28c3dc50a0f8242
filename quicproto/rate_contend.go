package quicproto

import (
	"math"
	"slices"
	"time"
)

// foreignQueue remembers queues that did not move when we yielded.
type foreignQueue struct {
	blamed time.Time     // the last one
	empty  time.Duration // transit time of the empty path before the first of a series
	rate   float64       // bit/s: what we had then
}

const (
	// blameMemory makes foreign queues a series: a flow that fills the queue is met
	// again within a few of its sawteeth.
	blameMemory = 10 * time.Second
	// contestQueue is the foreign queue from which on it is worth contending.
	// Below, a share is got without.
	contestQueue = 40 * time.Millisecond
)

// blameOthers takes the queue that stands for a part of the path. If that is sure,
// or the second time within a while, it is a flow that fills the queue: then
// contend.
func (r *rateControl) blameOthers(now time.Time, sure bool) {
	y, f := r.yielding, &r.foreign
	r.yielding = nil
	again := now.Sub(f.blamed) < blameMemory
	if !again {
		f.empty, f.rate = r.delay.least(), y.ceiling
	}
	f.blamed = now
	r.setRate(y.ceiling)
	if y.worst > 3*r.reference() {
		r.setRate(min(y.ceiling, y.served))
	}
	r.nearLimit(now)
	r.delay.restart(r.delay.least() + r.queue.slow.raw)
	if (again || sure) && r.delay.above(f.empty) > contestQueue {
		r.contest = &contest{since: now, peak: f.rate, keep: cubicDecrease, alone: f.rate, empty: f.empty}
		r.setRate(max(r.rate, cubicDecrease*f.rate)) // a TCP flow would not have yielded
	}
}

// contest is the state of a rate control that shares a full queue with flows that
// do not mind: it does what TCP Cubic (RFC 9438) does, in terms of rate.
type contest struct {
	since time.Time     // the last decrease
	peak  float64       // bit/s: the rate before it
	keep  float64       // what was left of it
	alone float64       // bit/s: what we had before the others came
	empty time.Duration // transit time of the path without the queue
	worst time.Duration // the longest queue so far
	flat  time.Time     // since when the queue has not moved, low as it is; zero: it has
}

const (
	cubicDecrease = 0.7                                           // RFC 9438 section 4.6
	cubicScale    = 0.4                                           // packets/s³, RFC 9438 section 5
	cubicYield    = 0.85                                          // fast convergence, RFC 9438 section 4.7
	cubicFriend   = 3 * (1 - cubicDecrease) / (1 + cubicDecrease) // segments a round trip, RFC 9438 section 4.3
	cubicSegment  = 1500                                          // bytes: what TCP sends
	leastPeriod   = 0.5                                           // s from a decrease to the old rate: on very short paths growth is bounded, too
	// cubicGentle is instead of cubicDecrease where no more than littleShare of the
	// rate is left that we had alone; from largeShare on it is Cubic's.
	cubicGentle = 0.92
	littleShare = 0.45
	largeShare  = 0.6
	// emptyQueue is a queue too short to belong to such a flow.
	emptyQueue = 15 * time.Millisecond
	// brimShare is how full a queue may be, of the longest that was seen, in percent,
	// and still take everything.
	brimShare = 80
	// flatTime and flatDelay tell a path that has become longer from a queue: the
	// delay then stays at its lowest for a while, within the resolution of feedback.
	flatTime  = 500 * time.Millisecond
	flatDelay = 2 * time.Millisecond
)

// contend moves the rate along Cubic's curve. Losses count only while the queue
// is long: others are chance.
func (r *rateControl) contend(now time.Time) {
	c := r.contest
	queue := r.contested()
	c.worst = max(c.worst, queue)
	if queue < max(emptyQueue, 2*r.reference()) || c.flatFor(now, queue, r.queue.mid.raw-r.queue.slow.raw) > flatTime {
		r.endContest(now)
		return
	}
	chance := 3 * r.loss.usual * float64(len(r.batch))
	if float64(len(r.losses)) > chance && queue > c.worst*7/10 && r.lostSince(c.since) {
		c.decrease(now, r.rate)
	}
	rate := c.after(now.Sub(c.since), r.srtt)
	r.setRate(min(rate, max(r.rate, r.tested())))
}

// decrease begins another period, at a rate in bit/s that was too much. Packets that
// are paced meet a full queue at any time, those of a TCP flow when one has just
// left it (Floyd and Jacobson, "On Traffic Phase Effects in Packet-Switched
// Gateways"): so we lose where TCP does not, and give up less where that has left
// us with less than a fair share.
func (c *contest) decrease(now time.Time, rate float64) {
	if c.since = now; c.peak > rate {
		c.peak = cubicYield * rate
	} else {
		c.peak = rate
	}
	plenty := (rate/c.alone - littleShare) / (largeShare - littleShare)
	c.keep = cubicGentle + (cubicDecrease-cubicGentle)*min(max(plenty, 0), 1)
}

// after is the rate in bit/s a while after the last decrease: Cubic's curve, or
// what Reno would have where that is more.
func (c *contest) after(t, rtt time.Duration) float64 {
	segment := cubicSegment * 8 / rtt.Seconds() // bit/s
	k := max(math.Cbrt((1-c.keep)*c.peak/segment/cubicScale), leastPeriod)
	x := t.Seconds()/k - 1
	cubic := c.peak * (1 + (1-c.keep)*x*x*x)
	return max(cubic, c.keep*c.peak+cubicFriend*segment*t.Seconds()/rtt.Seconds())
}

// lostSince reports whether something is lost that was sent after a time: what was
// sent before has its reason in the rate of then.
func (r *rateControl) lostSince(t time.Time) bool {
	return slices.ContainsFunc(r.losses, func(id uint64) bool {
		return r.epoch.Add(r.sent[id%sentHistory].sent).After(t)
	})
}

// contested is the queue that others fill.
func (r *rateControl) contested() time.Duration {
	return r.queue.mid.raw + r.delay.least() - r.contest.empty
}

// brimming reports whether others have filled the queue, or are about to: the next
// packets may well overflow.
func (r *rateControl) brimming() bool {
	return r.contest != nil && r.contested() > r.contest.worst*brimShare/100
}

// flatFor returns for how long the queue has been short and did not move.
func (c *contest) flatFor(now time.Time, queue, moved time.Duration) time.Duration {
	if queue > c.worst/2 || moved > flatDelay {
		c.flat = time.Time{}
		return 0
	}
	if c.flat.IsZero() {
		c.flat = now
	}
	return now.Sub(c.flat)
}

// endContest takes the delay that is left for that of the empty path.
func (r *rateControl) endContest(now time.Time) {
	r.contest = nil
	r.foreign = foreignQueue{}
	r.delay.restart(r.delay.least() + r.queue.slow.raw)
	r.queue = queueViews{tolerance: r.queue.tolerance} // the noise was the contest
	r.nearLimit(now)
}
