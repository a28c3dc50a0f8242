package quicproto

import (
	"math"
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
		r.contest = &contest{since: now, peak: f.rate, empty: f.empty}
		r.setRate(max(r.rate, cubicDecrease*f.rate)) // a TCP flow would not have yielded
	}
}

// contest is the state of a rate control that shares a full queue with flows that
// do not mind: it does what TCP Cubic (RFC 9438) does, in terms of rate.
type contest struct {
	since time.Time     // the last decrease
	peak  float64       // bit/s: the rate before it
	empty time.Duration // transit time of the path without the queue
	worst time.Duration // the longest queue so far
	flat  time.Time     // since when the queue has not moved, low as it is; zero: it has
}

const (
	cubicDecrease = 0.7  // RFC 9438 section 4.6
	cubicScale    = 0.4  // packets/s³, RFC 9438 section 5
	cubicYield    = 0.85 // fast convergence, RFC 9438 section 4.7
	cubicSegment  = 1200 // bytes
	leastPeriod   = 0.5  // s from a decrease to the old rate: on very short paths growth is bounded, too
	// emptyQueue is a queue too short to belong to such a flow.
	emptyQueue = 15 * time.Millisecond
	// flatTime and flatDelay tell a path that has become longer from a queue: the
	// delay then stays at its lowest for a while, within the resolution of feedback.
	flatTime  = 500 * time.Millisecond
	flatDelay = 2 * time.Millisecond
)

// contend moves the rate along Cubic's curve. Losses count only while the queue
// is long: others are chance.
func (r *rateControl) contend(now time.Time) {
	c := r.contest
	queue := r.queue.mid.raw + r.delay.least() - c.empty
	c.worst = max(c.worst, queue)
	if queue < max(emptyQueue, 2*r.reference()) || c.flatFor(now, queue, r.queue.mid.raw-r.queue.slow.raw) > flatTime {
		r.endContest(now)
		return
	}
	chance := 3 * r.loss.usual * float64(len(r.batch))
	if float64(len(r.losses)) > chance && queue > c.worst*7/10 && now.Sub(c.since) > r.srtt {
		if c.peak > r.rate {
			c.peak = cubicYield * r.rate
		} else {
			c.peak = r.rate
		}
		c.since = now
	}
	window := c.peak * r.srtt.Seconds() / 8 / cubicSegment
	k := max(math.Cbrt((1-cubicDecrease)*window/cubicScale), leastPeriod)
	x := now.Sub(c.since).Seconds()/k - 1
	rate := c.peak * (1 + (1-cubicDecrease)*x*x*x)
	r.setRate(min(rate, max(r.rate, r.tested())))
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
