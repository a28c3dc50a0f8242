package quicproto

import (
	"math"
	"time"

	"github.com/skulltech/prattle/media"
)

// queueViews look at the queue through windows of several lengths. The least
// delay in a window is the queue that stood all through it, whatever bursts of
// our own and jitter came on top; the longer the window, the surer it is, and
// the later.
type queueViews struct {
	fast, mid, slow queueView
	// tolerance is added to the delay that we let stand, after alarms that proved
	// false.
	tolerance time.Duration
}

type queueView struct {
	raw   time.Duration // the queue that stood
	noise time.Duration // of it, what always does: jitter
}

// excess is the queue without what is always there.
func (v *queueView) excess() time.Duration { return max(v.raw-v.noise, 0) }

const (
	// fastWindow holds two or three packets even when only sound is sent.
	fastWindow = 25 * time.Millisecond
	// midWindow spans the interval of frames at 10 per second and more.
	midWindow = 100 * time.Millisecond
	// slowWindow is where uniform jitter of 30 ms hardly ever keeps the least delay
	// above 10 ms.
	slowWindow = 300 * time.Millisecond
	// leastPackets is how many packets a window has at least: one that arrives late
	// by itself proves nothing.
	leastPackets = 2
)

// noiseRise is the time constant with which noise is learnt.
func (r *rateControl) noiseRise() time.Duration {
	if r.bunch.jitters() && !r.unspread.IsZero() {
		return jitterRise
	}
	return usualRise
}

// look updates the views. The noise is learnt only while calm, with the time constant
// rise while it grows.
func (q *queueViews) look(d *delayTrack, dt, rise time.Duration, calm bool) {
	q.fast.look(d, fastWindow, dt, rise, calm)
	q.mid.look(d, midWindow, dt, rise, calm)
	q.slow.look(d, slowWindow, dt, rise, calm)
}

const (
	// usualRise and noiseFall are the time constants with which the noise follows
	// the delay: slower up than a standing queue is noticed, and down as fast as
	// jitter is known to have ended. noiseDrop is that if it is nearly gone.
	usualRise = 3 * time.Second
	// jitterRise is usualRise where the delay is known to be jitter.
	jitterRise = 500 * time.Millisecond
	noiseFall  = time.Second
	noiseDrop  = 200 * time.Millisecond
	// maxNoise is the most that is taken for noise; more is a queue.
	maxNoise = 20 * time.Millisecond
)

func (v *queueView) look(d *delayTrack, window, dt, rise time.Duration, calm bool) {
	v.raw, _ = d.waits(d.within(window, leastPackets))
	if !calm {
		return
	}
	tau := rise
	switch {
	case v.raw < v.noise/4:
		tau = noiseDrop
	case v.raw < v.noise:
		tau = noiseFall
	}
	v.noise += time.Duration(float64(v.raw-v.noise) * min(1, dt.Seconds()/tau.Seconds()))
	v.noise = min(v.noise, maxNoise)
}

const (
	// referenceAt1M is the queueing delay that a flow of 1 Mbit/s lets stand: less
	// than a packet of full size takes there. It falls with the square root of the
	// rate, so that of two flows that see the same queue the larger gives way: that
	// makes them equal.
	referenceAt1M = 7 * time.Millisecond
	// minReference is four times the resolution of feedback (RFC 8888), maxReference a
	// fifth of the delay within which talk is easy (ITU-T G.114).
	minReference = 4 * time.Millisecond
	maxReference = 45 * time.Millisecond
)

// reference is the queueing delay that is let stand at the present rate.
func (r *rateControl) reference() time.Duration { return r.referenceAt(r.rate) }

func (r *rateControl) referenceAt(rate float64) time.Duration {
	ref := time.Duration(float64(referenceAt1M) * math.Sqrt(1e6/rate))
	return min(max(ref, minReference), maxReference) + r.queue.tolerance
}

const (
	// fastAlarm is the least delay that is an alarm at first sight.
	fastAlarm = 25 * time.Millisecond
	// midMargin is by how much the queue of the middle window must exceed the
	// reference.
	midMargin = 10 * time.Millisecond
)

// overused reports whether a queue stands: a long one for a moment, or a short
// one for long. A packet or two of ours at a slow link are no queue.
func (r *rateControl) overused() bool {
	ref, packet := r.reference(), r.packetTime(r.delay.within(quietWindow, leastPackets))
	alarm := r.queue.fast.excess() > max(fastAlarm, ref+2*packet) ||
		r.queue.mid.excess() > ref+max(midMargin, packet) ||
		r.queue.slow.excess() > ref+r.jitter()
	return alarm && (r.growth.limited || !r.outrun())
}

const (
	// leastJitter is what timers and batches of packets make on any path.
	leastJitter = 5 * time.Millisecond
	// jitterProof is for how long trains must show no bottleneck.
	jitterProof = time.Second
	// bunchProof is the same where packets come in bunches.
	bunchProof = 100 * time.Millisecond
)

// jitter is how long packets usually wait where no bottleneck is to be seen in
// their trains: then it is the path's, and a queue must be longer to be believed.
// Else it is 0.
func (r *rateControl) jitter() time.Duration {
	proof := jitterProof
	if r.bunch.jitters() {
		proof = bunchProof
	}
	if r.unspread.IsZero() || r.updated.Sub(r.unspread) < proof || r.queue.fast.noise < leastJitter {
		return 0
	}
	return r.queue.fast.noise
}

// watchSpread notes since when trains have shown no bottleneck.
func (r *rateControl) watchSpread(now time.Time) {
	_, dispersed := r.train.capacity(r.delay.newest)
	switch {
	case dispersed || r.contest != nil:
		r.unspread = time.Time{}
	case r.unspread.IsZero() && r.train.trains >= leastTrains:
		r.unspread = now
	}
}

// burstShare is by how much the service must exceed the rate for a queue to be
// the work of a burst, a keyframe perhaps, that will drain by itself.
const burstShare = 1.2

// outrun reports whether the bottleneck serves us faster than we send on the
// whole.
func (r *rateControl) outrun() bool {
	served, ok := r.service(servedLong, servedLeast)
	return ok && served > burstShare*r.rate
}

// packetTime is how long the largest of the n latest packets takes at the
// present rate.
func (r *rateControl) packetTime(n int) time.Duration {
	return media.Bitrate(r.rate).Time(r.delay.largest(n))
}

// drained reports whether the queue that was yielded to is gone: for the rate that
// the bottleneck serves, not for the little that is sent meanwhile.
func (r *rateControl) drained() bool {
	ref := r.referenceAt(r.sustained())
	return r.queue.mid.excess() <= ref/2 && r.queue.fast.excess() <= max(fastAlarm*3/5, 2*ref)
}
