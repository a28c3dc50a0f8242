package quicproto

import (
	"cmp"
	"slices"
	"time"

	"github.com/skulltech/prattle/media"
)

// rateControl decides how much a link may send: delay-based congestion control
// in the spirit of GCC (draft-ietf-rmcat-gcc), NADA (RFC 8698) and Copa, from
// feedback that tells when each packet arrived (RFC 8888).
//
//	send times ─┐            ┌─ delayTrack   how long is the queue at the bottleneck?
//	            ├─ samples ──┼─ trainTrack   how fast do packet trains come through?
//	feedback ───┘            └─ lossTrack    is loss chance, or a limit without a queue?
//
// It is always in one of these states:
//
//   - growing (rate_grow.go): fast while no limit is known, at a creep near one;
//   - yielding (rate_yield.go): a queue stands. The rate drops below what the
//     bottleneck was seen to serve by as much as drains the queue, then rests a
//     little under it;
//   - contending (rate_contend.go): yielding did not help, so somebody else fills
//     the queue. Take what a TCP flow would take.
//
// Delay counts from handleSent, or delaySent.
type rateControl struct {
	cfg     rateConfig
	epoch   time.Time // the zero of send times
	sent    [sentHistory]sentRecord
	newest  uint64          // id last sent
	total   int64           // bytes sent
	skipped uint64          // ids up to here went over a path we have left
	batch   []arrivalSample // reused
	losses  []uint64        // reused

	rate    float64 // bit/s: what the path is believed to take
	ceiling float64 // bit/s: what may be sent of it; 0: all. Nothing is learnt from it
	pathState
}

// pathState is what was learnt of the path in use. Its zero value knows nothing.
type pathState struct {
	delay delayTrack
	train trainTrack
	bunch bunchTrack
	brake brake
	loss  lossTrack

	queue    queueViews
	unspread time.Time // since when trains arrive as they left; zero: they do not
	growth   growth
	yielding *yielding // nil: not
	contest  *contest  // nil: not contending
	foreign  foreignQueue
	capped   lossCap
	marks    ceMarks
	probing  probing
	silence  silence

	updated time.Time     // when feedback last told of arrivals
	srtt    time.Duration // smoothed round trip, with the queue and the wait for feedback
	bare    time.Duration // the same without the queue
	flying  int64         // bytes sent after the latest packet known to have arrived
}

// rateConfig bounds a rate control. Zero values mean the defaults.
type rateConfig struct {
	Start media.Bitrate // before anything is known
	Min   media.Bitrate // never less, whatever the path: the least that sound needs
	Max   media.Bitrate // more would not be used
}

const (
	defaultStart = 1500 * media.Kbps
	defaultMin   = 22 * media.Kbps
	defaultMax   = 20 * media.Mbps
)

// sentPacket is a datagram that was handed to QUIC.
type sentPacket struct {
	id    uint64 // link-wide, increasing
	size  int    // bytes on the wire, with all overhead
	probe int    // probe cluster it belongs to; 0: none

	picture bool // it is of a picture
}

// packetAck is what feedback says of a packet.
type packetAck struct {
	id      uint64
	arrival time.Duration // by the receiver's clock, which may have any offset
	lost    bool          // not arrived, though later ones have
	ce      bool          // arrived with a congestion mark (ECN CE, RFC 3168)
}

// sentHistory is how many packets are remembered: 2 s at 20 Mbit/s, more than a
// round trip with a full queue. A power of two.
const sentHistory = 4096

type sentRecord struct {
	id    uint64
	sent  time.Duration
	size  int
	sum   int64 // bytes sent so far, with this packet
	probe int

	lost, arrived bool          // feedback said so
	transit       time.Duration // if arrived
}

func newRateControl(cfg rateConfig) *rateControl {
	cfg.Start = cmp.Or(cfg.Start, defaultStart)
	cfg.Min = cmp.Or(cfg.Min, defaultMin)
	cfg.Max = max(cmp.Or(cfg.Max, defaultMax), cfg.Min)
	r := &rateControl{cfg: cfg}
	r.setRate(float64(cfg.Start))
	return r
}

// setRate changes the estimate, within the bounds of the configuration.
func (r *rateControl) setRate(rate float64) {
	r.rate = min(max(rate, float64(r.cfg.Min)), float64(r.cfg.Max))
}

// allowed is the rate in bit/s, as far as it may be used.
func (r *rateControl) allowed() float64 { return min(r.rate, r.most()) }

// most is what may be sent at most, in bit/s, whatever the path.
func (r *rateControl) most() float64 {
	most := float64(r.cfg.Max)
	if r.ceiling > 0 {
		most = min(most, max(r.ceiling, float64(r.cfg.Min)))
	}
	return most
}

// handleSent notes that a datagram leaves.
func (r *rateControl) handleSent(now time.Time, p sentPacket) {
	if r.epoch.IsZero() {
		r.epoch = now
	}
	r.newest = p.id
	r.total += int64(p.size)
	r.sent[p.id%sentHistory] = sentRecord{id: p.id, sent: now.Sub(r.epoch), size: p.size, sum: r.total, probe: p.probe}
	r.silence.handleSent(now)
	r.probing.handleSent(now, p)
}

// delaySent notes that the datagram sent last leaves only now: it has waited in our
// QUIC stack, which is no queue of the path's.
func (r *rateControl) delaySent(now time.Time) {
	if rec := &r.sent[r.newest%sentHistory]; rec.id == r.newest && !r.epoch.IsZero() {
		rec.sent = now.Sub(r.epoch)
	}
}

// handleFeedback takes what a report says, in any order; a packet may be told of
// more than once, and as arrived after it was told of as lost.
func (r *rateControl) handleFeedback(now time.Time, acks []packetAck) {
	r.batch, r.losses = r.batch[:0], r.losses[:0]
	marked := 0
	for _, a := range acks {
		rec := &r.sent[a.id%sentHistory]
		switch {
		case rec.id != a.id || a.id <= r.skipped || rec.arrived:
			continue
		case !a.lost:
			r.loss.add(rec.sent, rec.size, true, rec.lost)
			rec.arrived, rec.transit = true, a.arrival-rec.sent
			r.batch = append(r.batch, arrivalSample{id: a.id, sent: rec.sent, arrival: a.arrival, size: rec.size, probe: rec.probe})
			if a.ce {
				marked++
			}
		case !rec.lost:
			r.loss.add(rec.sent, rec.size, false, false)
			rec.lost = true
			r.losses = append(r.losses, a.id)
		}
	}
	if len(r.batch) == 0 {
		return
	}
	dt := r.hear(now)
	r.measure(now)
	r.learnLoss()
	r.update(now, dt)
	r.respectMarks(now, marked)
}

// hear ends a silence and returns the time since feedback was heard before, at
// most maxStep.
func (r *rateControl) hear(now time.Time) time.Duration {
	dt := maxStep
	if !r.updated.IsZero() {
		dt = now.Sub(r.updated)
		r.silence.gap += (dt - r.silence.gap) / 16
	}
	r.updated = now
	r.revive()
	return min(dt, maxStep)
}

// revive ends a silence: something was heard, and the rate is what it was before.
func (r *rateControl) revive() {
	if r.silence.broken() {
		r.loss.forget() // what got lost in an outage says nothing about rates
	}
}

// maxStep is the longest time for which one report may let the rate grow.
const maxStep = 200 * time.Millisecond

// measure shows the arrivals in r.batch to everything that learns from them.
func (r *rateControl) measure(now time.Time) {
	slices.SortFunc(r.batch, func(a, b arrivalSample) int {
		return cmp.Or(cmp.Compare(a.arrival, b.arrival), cmp.Compare(a.id, b.id))
	})
	gap := r.pacing().Time(trainGap)
	for i := range r.batch {
		s := &r.batch[i]
		r.delay.add(s)
		r.train.add(s, gap)
		r.bunch.add(s, r.rate, gap)
		r.probing.add(s)
	}
	r.considerBrake(now)
	r.measureTrip(now)
}

// measureTrip measures the round trip by the packet last sent of those that
// arrived.
func (r *rateControl) measureTrip(now time.Time) {
	last := slices.MaxFunc(r.batch, func(a, b arrivalSample) int { return cmp.Compare(a.id, b.id) })
	rtt := now.Sub(r.epoch) - last.sent
	bare := rtt - (last.transit() - r.delay.least())
	if r.srtt == 0 {
		r.srtt, r.bare = rtt, bare
	}
	r.srtt += (rtt - r.srtt) / 8
	r.bare += (bare - r.bare) / 8
	r.flying = r.total - r.sent[last.id%sentHistory].sum
}

// update moves the rate after feedback; dt is the time since the last one.
func (r *rateControl) update(now time.Time, dt time.Duration) {
	r.queue.look(&r.delay, dt, r.noiseRise(), r.yielding == nil)
	r.watchSpread(now)
	switch {
	case r.contest != nil:
		r.contend(now)
	case r.overused() || r.yielding != nil && !r.drained():
		r.yield(now)
	default:
		if r.yielding != nil {
			r.endYield(now)
		}
		r.respectLoss(now)
		r.grow(now, dt)
		r.considerProbe(now)
	}
}

// target is what all flows together should put on the wire.
func (r *rateControl) target() media.Bitrate {
	return max(media.Bitrate(r.allowed())>>r.silence.halvings, r.cfg.Min)
}

const (
	// openPacing is by how much faster than the target packets leave while no limit
	// is known: a frame should not take its whole interval to leave, and its
	// dispersion shows the limit before the rate gets there.
	openPacing = 2.5
	// nearPacing is that near a limit: fast enough that frames of twice the mean
	// size catch up within a few, slow enough that they queue here and not in the
	// network, where they would hold up sound.
	nearPacing = 1.15
	// thinRate is where a packet takes so long that none may leave early.
	thinRate = 250e3 // bit/s
	// blindPacing is that before the first feedback.
	blindPacing = 1.5
	// topPacing is that once the rate is as high as it may become: trains have
	// nothing left to tell but that they are dispersed, and a frame arrives whole
	// so much earlier.
	topPacing = 6
	// trainPacing is by how much packets leave faster than their trains arrive:
	// enough that the trains still spread and go on telling.
	trainPacing = 1.15
	// markedPacing is that on a path that marks: marks mean queues of a millisecond.
	markedPacing = 1.05
)

// pacing is the rate at which packets should leave that wait for the pacer.
func (r *rateControl) pacing() media.Bitrate {
	factor, rate := nearPacing, r.allowed()
	if r.probing.ascent.leaves() {
		return max(r.probing.ascent.rate, media.Bitrate(rate))
	}
	if r.rate < thinRate {
		factor = 1
	}
	switch c, dispersed := r.train.capacity(r.delay.newest); {
	case r.updated.IsZero():
		factor = blindPacing
	case r.yielding != nil:
		factor = r.yielding.pacing(rate)
	case r.brake.rate > 0:
		factor = r.brake.rate / rate
	case r.marks.recent(r.updated):
		factor = markedPacing
	case r.growth.limited, r.rate < thinRate:
	case dispersed:
		factor = min(max(trainPacing*c/rate, nearPacing), openPacing)
	case r.rate >= r.most():
		factor = topPacing
	default:
		factor = openPacing
	}
	return media.Bitrate(factor * rate)
}

// handlePathChange forgets what was learnt of the path: packets take another
// one from now on.
func (r *rateControl) handlePathChange() {
	r.skipped = r.newest
	r.pathState = pathState{probing: probing{cluster: r.probing.cluster}}
	r.setRate(min(r.rate, float64(r.cfg.Start)))
}

// advance does what is due at now.
func (r *rateControl) advance(now time.Time) { r.silence.advance(now, r.srtt) }

// next is when advance should be called; zero: not before the next event.
func (r *rateControl) next() time.Time { return r.silence.next(r.srtt) }

// queueDelay is how long packets wait on the path, jitter included.
func (r *rateControl) queueDelay() time.Duration {
	if r.contest != nil {
		return r.delay.above(r.contest.empty) + r.queue.fast.raw
	}
	return r.queue.fast.raw
}

// lossRate is the share of bytes lost lately, 0 to 1.
func (r *rateControl) lossRate() float64 { return r.loss.rate() }

// rtt is the smoothed round trip, with the queue and the wait for feedback.
func (r *rateControl) rtt() time.Duration { return r.srtt }

// crowded reports whether packets wait so long that a queue may be full.
func (r *rateControl) crowded() bool {
	return r.congested() || r.queue.mid.raw > max(crowdedQueue, r.jitter())
}

// crowdedQueue is longer than jitter usually makes all packets wait.
const crowdedQueue = 60 * time.Millisecond

// congested reports whether the path has a queue that keeps the rate down.
func (r *rateControl) congested() bool { return r.yielding != nil || r.contest != nil }
