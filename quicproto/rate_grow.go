package quicproto

import (
	"math"
	"time"

	"github.com/skulltech/prattle/media"
)

// growth is how the rate goes up.
type growth struct {
	limited  bool      // a limit is near
	velocity float64   // relative growth, 1/s
	calm     time.Time // since when there has been no queue to speak of
}

const (
	// creepAt1M is the growth near a limit, 1/s: that the queue it makes is noticed
	// before it is heard. Smaller flows creep a little faster, for fairness.
	creepAt1M = 0.025
	// creepDoubling is for how long a creep must find nothing before it doubles,
	// up to maxCreep.
	creepDoubling = time.Second
	maxCreep      = 0.5
	// maxVelocity is the growth while no limit is known, 1/s, on a path of which the
	// effects show after velocityDelay. On slower ones it is less, so that the rate
	// overshoots by the same share.
	maxVelocity   = 1.5
	velocityDelay = 140 * time.Millisecond
	reportDelay   = 100 * time.Millisecond // of it, windows and reports
	// velocityRamp smooths the change from creep to that.
	velocityRamp = 200 * time.Millisecond
	// nearTrains is at what share of the trains' capacity growth becomes a creep.
	nearTrains = 0.95
)

// nearLimit slows growth down: the limit is about here.
func (r *rateControl) nearLimit(now time.Time) {
	r.growth.limited = true
	r.growth.velocity = r.creep()
	r.growth.calm = now
}

func (r *rateControl) creep() float64 { return creepAt1M * math.Pow(1e6/r.rate, 0.25) }

// grow raises the rate, the less the closer the queue comes to the reference.
func (r *rateControl) grow(now time.Time, dt time.Duration) {
	g := &r.growth
	queue, ref := r.queue.mid.excess(), r.reference()
	still := queue
	if r.jitter() > 0 {
		still = r.queue.slow.excess()
	}
	if g.calm.IsZero() || still > ref/2 {
		g.calm = now
	}
	if g.limited && now.Sub(g.calm) > 2*fastWindow+midWindow+r.srtt && !r.capped.known() && r.unhindered() {
		g.limited = false
		r.train = trainTrack{}
	}
	switch {
	case now.Before(r.capped.hold):
		return
	case !g.limited:
		g.velocity += (r.openVelocity() - g.velocity) * min(1, dt.Seconds()/velocityRamp.Seconds())
	case now.Sub(g.calm) > creepDoubling && !r.capped.known():
		g.velocity = min(2*g.velocity, maxCreep)
		g.calm = now
	}
	room := max(0, 1-queue.Seconds()/ref.Seconds())
	rate := r.rate * math.Exp(g.velocity*room*dt.Seconds())
	untested := rate > r.rate && rate > r.tested()
	r.probing.hinder(now, untested)
	if !untested {
		r.setRate(rate)
	}
}

// openVelocity is the growth while no limit is known, slower where trains tell
// of one.
func (r *rateControl) openVelocity() float64 {
	delay := max(r.srtt+reportDelay, velocityDelay)
	v := maxVelocity * velocityDelay.Seconds() / delay.Seconds()
	if c, dispersed := r.train.capacity(r.delay.newest); dispersed {
		v *= min(1, max(0, (nearTrains*c/r.rate-1)/0.2))
	}
	return max(v, r.creep())
}

const (
	// quietWindow spans some frames, so that one of them has full packets.
	quietWindow = 150 * time.Millisecond
	// quietDelay is the resolution of feedback and the jitter of timers.
	quietDelay = 3 * time.Millisecond
	// quietShare, in tenths, of the time that a packet takes at a link of the present
	// rate: less means that the link is faster.
	quietShare = 6
)

// unhindered reports whether packets come through as they do not near a limit:
// at a bottleneck of the present rate each large one would take a while.
func (r *rateControl) unhindered() bool {
	n := r.delay.within(quietWindow, leastPackets)
	_, most := r.delay.waits(n)
	return most < max(quietDelay, r.packetTime(n)*quietShare/10) || r.jitter() > 0
}

const (
	// testedWindow is the time over which the arrivals are counted that bound the
	// rate, and testedShare that bound: an encoder with little to say neither proves
	// that more would pass nor makes the rate shrink.
	testedWindow = 500 * time.Millisecond
	testedShare  = 1.5
	testedMargin = 50e3 // bit/s, for the beginning
	// thinShare and thinMargin are the same below thinRate, where packets leave at
	// the rate and no train shows a limit before a queue does.
	thinShare  = 1.2
	thinMargin = 8e3 // bit/s
)

// tested is the greatest rate in bit/s that the arrivals of late can vouch for.
func (r *rateControl) tested() float64 {
	share, margin := testedShare, testedMargin
	if r.rate < thinRate {
		share, margin = thinShare, thinMargin
	}
	return share*r.restored(float64(r.arrivedLately())) + margin
}

// arrivedLately is the rate of the arrivals in the last testedWindow.
func (r *rateControl) arrivedLately() media.Bitrate {
	rate, span := r.delay.rate(r.delay.within(testedWindow, 0))
	return media.Bitrate(rate * min(1, 2*span.Seconds()/testedWindow.Seconds()))
}
