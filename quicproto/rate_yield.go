package quicproto

import "time"

// yielding is the state of a rate control that found a standing queue.
type yielding struct {
	began   time.Time
	ceiling float64 // bit/s: the rate before
	served  float64 // bit/s: what the bottleneck gave us while it had a queue

	mark  arrivalSample // the latest arrival when served was measured,
	queue time.Duration // and the queue then
	worst time.Duration // the longest queue so far
}

const (
	// restShare is where the rate rests, of what was served, once the queue is gone.
	// The 5 % are what lets a queue drain that noise of the encoder makes.
	restShare = 0.95
	// drainTime is the time constant with which queues are drained: as short as the
	// encoder can follow without starving.
	drainTime = 220 * time.Millisecond
	// drainShare is the least rate while a queue drains: sound goes on.
	drainShare = 0.1
	// servedLong and servedShort are the times over which the service is measured:
	// at first over all that is known, then over what shows the yield's effect.
	servedLong  = 400 * time.Millisecond
	servedShort = 150 * time.Millisecond
	// servedLeast is the least time over which it is measured at all.
	servedLeast = 20 * time.Millisecond
)

// yield lowers the rate so that the queue drains, and asks whether it does.
func (r *rateControl) yield(now time.Time) {
	queue := r.queue.mid.excess()
	if r.yielding == nil {
		r.beginYield(now, queue)
	}
	y := r.yielding
	r.refineService(now, queue)
	y.worst = max(y.worst, queue)
	if r.unmoved(queue) {
		r.blameOthers(now)
		return
	}
	ref := r.reference()
	tau := max(drainTime, 5*r.bare/2)
	share := 1 - (r.queueAhead()-ref/2).Seconds()/tau.Seconds()
	r.setRate(min(y.ceiling, y.served*min(restShare, max(drainShare, share))))
}

// queueAhead is the queue that a packet will meet that leaves now: what we know
// of the queue is old, but what we have sent since is known, too.
func (r *rateControl) queueAhead() time.Duration {
	work := float64(r.flying) * 8 / r.yielding.served
	return time.Duration(work*float64(time.Second)) - r.bare
}

func (r *rateControl) beginYield(now time.Time, queue time.Duration) {
	y := &yielding{began: now, ceiling: r.rate}
	r.yielding = y
	r.setMark(queue)
	_, span := r.delay.rate(r.busyPackets(servedLong))
	served, ok := r.service(servedLong, servedLeast)
	if !ok {
		arrived, _ := r.delay.rate(r.delay.within(servedShort, 0))
		served = r.restored(arrived)
	}
	// A short queue over a short time is too little to measure by.
	if queue < 3*r.reference() && span < servedLong/2 {
		served = max(served, 0.97*r.rate)
	}
	y.served = min(served, r.rate)
	r.nearLimit(now)
}

// refineService measures again, until the effect of the yield shows: later a
// foreign queue would serve us what we send, whatever that is.
func (r *rateControl) refineService(now time.Time, queue time.Duration) {
	y := r.yielding
	if now.Sub(y.began) > r.srtt+servedShort {
		return
	}
	if served, ok := r.service(servedShort, 40*time.Millisecond); ok && served < y.served {
		y.served = served
		r.setMark(queue)
	}
}

// service is the rate in bit/s at which the bottleneck serves us now that it has
// a queue, if that can be told from at least a time least.
func (r *rateControl) service(window, least time.Duration) (rate float64, ok bool) {
	n := r.busyPackets(window)
	rate, span := r.delay.rate(n)
	return r.restored(rate), n >= 4 && span >= least
}

func (r *rateControl) busyPackets(window time.Duration) int {
	return r.delay.busy(r.queue.mid.noise+r.reference()/2, window)
}

// restored adds to a rate of arrivals what is usually lost: it has used the
// bottleneck, too.
func (r *rateControl) restored(arrived float64) float64 { return arrived / (1 - r.loss.usual) }

func (r *rateControl) setMark(queue time.Duration) {
	r.yielding.mark, r.yielding.queue = *r.delay.at(0), queue
}

// explained is by how much the queue should have shrunk since the mark, were it
// ours alone: time that passed minus the work that arrived.
func (r *rateControl) explained() time.Duration {
	y, last := r.yielding, r.delay.at(0)
	work := r.restored(float64(last.sum-y.mark.sum)) * 8 / y.served
	return last.sent - y.mark.sent - time.Duration(work*float64(time.Second))
}

// unmoved reports whether the queue should be gone by now and is not: it is
// somebody else's, or the path has become longer.
func (r *rateControl) unmoved(queue time.Duration) bool {
	y := r.yielding
	surplus := queue - y.queue + r.explained()
	return surplus > y.worst*13/10+15*time.Millisecond && queue > max(r.reference(), y.worst*3/10)
}

const (
	// falseAlarm is added to the tolerance when a queue vanished that we did not
	// drain: it was jitter. trueAlarm is taken off when we did.
	falseAlarm   = 2500 * time.Microsecond
	trueAlarm    = 3750 * time.Microsecond
	maxTolerance = 15 * time.Millisecond
)

// endYield goes back to growing.
func (r *rateControl) endYield(now time.Time) {
	y, ref := r.yielding, r.reference()
	shrunk := y.queue - r.queue.mid.excess()
	chance := y.worst < 3*ref && r.explained() < shrunk*4/10
	r.yielding = nil
	r.nearLimit(now)
	if chance {
		r.setRate(0.99 * y.ceiling)
		r.queue.tolerance = min(r.queue.tolerance+falseAlarm, maxTolerance)
		return
	}
	r.setRate(min(y.ceiling, restShare*y.served))
	r.queue.tolerance = max(r.queue.tolerance-trueAlarm, 0)
}
