package quicproto

import "time"

// yielding is the state of a rate control that found a standing queue.
type yielding struct {
	began    time.Time
	ceiling  float64   // bit/s: the rate before
	served   float64   // bit/s: what the bottleneck gave us while it had a queue
	pressing bool      // the queue should be gone and is not
	pressed  time.Time // since then

	first arrivalSample // the latest arrival at the beginning
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
	drainShare = 0.2
	// pressShare is the most while it refuses to. It drains then even if the
	// bottleneck has become half as fast, pressCapacity, since it was measured.
	pressShare    = 0.25
	pressCapacity = 0.5
	// pressTime is for how long, longer than the queue, either is tried: where sound
	// alone is more than the rate, there is nothing to yield or to press with.
	pressTime = time.Second
	// smallQueue is one so short that it does little harm to take it for a part of
	// the path without pressing.
	smallQueue = 20 * time.Millisecond
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
	y.worst = max(y.worst, queue)
	r.loss.forget() // loss has another reason now
	if y.pressing {
		r.press(now, queue)
		return
	}
	r.refineService(now, queue)
	overdue := now.Sub(y.began) > pressTime+2*y.worst
	switch {
	case !r.unmoved(queue, y.served) && !overdue:
		tau := max(drainTime, 5*r.bare/2)
		share := 1 - (r.queueAhead()-r.reference()/2).Seconds()/tau.Seconds()
		r.setRate(min(y.ceiling, y.served*min(restShare, max(drainShare, share))))
	case queue < smallQueue:
		r.blameOthers(now, false)
	default:
		y.pressing, y.pressed = true, now
		r.setMark(queue)
		r.press(now, queue)
	}
}

// press asks more of a queue that should be gone: either the bottleneck has
// become slower still, then it goes now, or it is not ours.
func (r *rateControl) press(now time.Time, queue time.Duration) {
	y := r.yielding
	r.setRate(min(y.ceiling, pressShare*y.served))
	if stuck := r.stuck(queue); stuck || r.unmoved(queue, pressCapacity*y.served) || now.Sub(y.pressed) > pressTime+y.worst {
		r.blameOthers(now, stuck)
	}
}

// drainPacing is how fast packets leave while a long queue drains, of what the
// bottleneck serves: pictures begin anew then, and the first, small as it is, should
// not wait for the little that the rate leaves beside sound.
const drainPacing = 0.5

// pacing is by how much faster than the rate packets leave. What is too much waits
// here.
func (y *yielding) pacing(rate float64) float64 {
	if y.pressing || y.worst < crowdedQueue {
		return 1
	}
	return max(1, drainPacing*y.served/rate)
}

// queueAhead is the queue that a packet will meet that leaves now: what we know
// of the queue is old, but what we have sent since is known, too.
func (r *rateControl) queueAhead() time.Duration {
	work := float64(r.flying) * 8 / r.yielding.served
	return time.Duration(work*float64(time.Second)) - r.bare
}

func (r *rateControl) beginYield(now time.Time, queue time.Duration) {
	y := &yielding{began: now, ceiling: r.rate, first: *r.delay.at(0)}
	r.yielding = y
	r.probing.noteQueue(now)
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
	if r.brake.rate > 0 {
		served = min(served, r.brake.rate)
	}
	y.served = r.believable(served)
	r.nearLimit(now)
}

// refineService measures again, until the effect of the yield shows: later a
// foreign queue would serve us what we send, whatever that is.
func (r *rateControl) refineService(now time.Time, queue time.Duration) {
	y := r.yielding
	if now.Sub(y.began) > r.srtt+servedShort {
		return
	}
	if served, ok := r.service(servedShort, 2*servedLeast); ok && served < y.served {
		y.served = r.believable(served)
		r.setMark(queue)
	}
}

// sustained is the rate in bit/s that remains once a queue has drained.
func (r *rateControl) sustained() float64 {
	if y := r.yielding; y != nil {
		return max(r.rate, min(y.ceiling, restShare*y.served))
	}
	return r.rate
}

// believable keeps a measured service within what can be.
func (r *rateControl) believable(served float64) float64 {
	return max(min(served, r.yielding.ceiling), float64(r.cfg.Min))
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

// drainedSince is the rate in bit/s at which the bottleneck has drained the queue
// since an arrival.
func (r *rateControl) drainedSince(s *arrivalSample) float64 {
	last := r.delay.at(0)
	took := max(last.arrival-s.arrival, servedLeast)
	return r.restored(float64(last.sum-s.sum)) * 8 / took.Seconds()
}

func (r *rateControl) setMark(queue time.Duration) {
	r.yielding.mark, r.yielding.queue = *r.delay.at(0), queue
}

// explained is by how much the queue should have shrunk since the mark, were it
// ours alone and served so fast: time that passed minus the work that arrived.
func (r *rateControl) explained(served float64) time.Duration {
	y, last := r.yielding, r.delay.at(0)
	work := r.restored(float64(last.sum-y.mark.sum)) * 8 / served
	return last.sent - y.mark.sent - time.Duration(work*float64(time.Second))
}

// unmoved reports whether the queue should be gone by now, were it ours alone and
// served so fast, and is not.
func (r *rateControl) unmoved(queue time.Duration, served float64) bool {
	y := r.yielding
	surplus := queue - y.queue + r.explained(served)
	return surplus > y.worst*13/10+15*time.Millisecond && queue > max(r.reference(), y.worst*3/10)
}

// stuck reports whether a long queue stands as it stood when pressing began, when
// even a bottleneck half as fast would have drained half of it: a flow that fills
// it may let go at any moment, and that would look like our doing.
func (r *rateControl) stuck(queue time.Duration) bool {
	y := r.yielding
	due := r.explained(pressCapacity * y.served)
	return y.worst > contestQueue && due > y.worst/2 && y.queue-queue < due/4
}

const (
	// falseAlarm is added to the tolerance when a queue vanished that we did not
	// drain: it was jitter. trueAlarm is taken off when we did.
	falseAlarm   = 2500 * time.Microsecond
	trueAlarm    = 3750 * time.Microsecond
	maxTolerance = 8 * time.Millisecond
)

// endYield goes back to growing: the queue is gone.
func (r *rateControl) endYield(now time.Time) {
	y, q := r.yielding, &r.queue
	shrunk := y.queue - q.mid.excess()
	if !y.pressing && y.worst < 3*r.reference() && r.explained(y.served) < shrunk*4/10 {
		r.setRate(0.99 * y.ceiling)
		q.tolerance = min(q.tolerance+falseAlarm, maxTolerance)
	} else {
		if y.pressing {
			y.served = r.believable(min(y.served, r.drainedSince(&y.mark)))
		} else if y.worst > 3*r.reference() { // of short times the least was taken
			y.served = r.believable(max(y.served, r.drainedSince(&y.first)))
		}
		r.setRate(min(y.ceiling, restShare*y.served))
		q.tolerance = max(q.tolerance-trueAlarm, 0)
		r.unspread, r.bunch = time.Time{}, bunchTrack{}
	}
	r.yielding = nil
	r.nearLimit(now)
}
