package quicproto

import (
	"time"

	"github.com/skulltech/prattle/media"
)

// ascent is how probing gets out of rates so low that sound is all that is sent: what
// fills them proves nothing about more, so that the rate could never grow. Clusters of
// small packets look for several times the rate, each of them for that of a step or
// two of the ladder of sound, until it has its best.
type ascent struct {
	rate    media.Bitrate // at which the cluster under way leaves; 0: it is another kind
	left    int           // bytes of it that have not left
	raised  time.Time     // when one last succeeded
	wait    time.Duration // the last time after a failure
	ascends time.Time     // not before

	pictured time.Time // when something of a picture left last
}

const (
	// ascentTop is the rate from which on sound has nothing to gain.
	ascentTop = 900e3 // bit/s
	// ascentFloor is the rate up to which there are hardly any pictures.
	ascentFloor = 45e3 // bit/s
	// ascentUse is the most that is sent, of the rate, where it is too little to make it
	// grow: pictures fill more.
	ascentUse = 0.65
	// ascentIdle is for how long that must have been so.
	ascentIdle = 250 * time.Millisecond
	// pictureRest is after how long without any there are no pictures, or so few that
	// they show no more than sound does.
	pictureRest = 300 * time.Millisecond
	// ascentStep is how much more than the rate a cluster tries, and ascentTime how
	// long it takes then: on a path that takes no more than the rate it holds up sound
	// by the product of both.
	ascentStep = 4
	ascentTime = 10 * time.Millisecond
	// ascentPackets is how many packets a cluster has at least, of minAscentPacket to
	// maxAscentPacket bytes on the wire.
	ascentPackets   = 4
	minAscentPacket = 80
	maxAscentPacket = 300
	// ascentAgain is the time to the next cluster after a success, minAscentWait that
	// after a failure; it doubles up to maxProbeWait.
	ascentAgain   = 100 * time.Millisecond
	minAscentWait = time.Second
	// ascentDoubt is for how long after a success a queue says that it was none.
	ascentDoubt = 4 * time.Second
)

// wantAscent reports whether the rate is low, and nothing but the little that is sent
// keeps it so.
func (r *rateControl) wantAscent(now time.Time) bool {
	p := &r.probing
	return r.rate < min(ascentTop, r.most()) && !r.growth.limited && now.Sub(p.ascent.pictured) > pictureRest &&
		now.After(p.next) && now.After(p.ascent.ascends) && r.saysLittle(now)
}

// saysLittle reports whether so little is sent that the rate does not grow by it, or
// nearly not.
func (r *rateControl) saysLittle(now time.Time) bool {
	idle := r.probing.idle
	return r.rate < ascentFloor ||
		!idle.IsZero() && now.Sub(idle) > ascentIdle && r.restored(float64(r.arrivedLately())) < ascentUse*r.rate
}

func (a *ascent) begin(now time.Time, rate float64) {
	a.rate = media.Bitrate(ascentStep * rate)
	a.left = max(a.rate.Bytes(ascentTime), ascentPackets*minAscentPacket)
}

// size is that of the packets of a cluster that has not left, in bytes.
func (a *ascent) size() int {
	return min(max(a.left/ascentPackets, minAscentPacket), maxAscentPacket)
}

// leaves reports whether a cluster is on its way out.
func (a *ascent) leaves() bool { return a.rate > 0 && a.left > 0 }

// complete reports whether all of a cluster has left and arrived.
func (p *probing) complete() bool {
	return p.ascent.rate > 0 && p.ascent.left == 0 && p.arrived == p.sent
}

func (a *ascent) handleSent(size int) { a.left = max(a.left-size, 0) }

// succeed ends a cluster and says when there may be another.
func (a *ascent) succeed(now time.Time) time.Time {
	a.rate, a.left, a.raised = 0, 0, now
	return now.Add(ascentAgain)
}

// fail ends a cluster and says when there may be another.
func (a *ascent) fail(now time.Time) time.Time {
	a.rate, a.left = 0, 0
	a.wait = min(max(2*a.wait, minAscentWait), maxProbeWait)
	a.ascends = now.Add(a.wait)
	return a.ascends
}

// noteQueue notes that a queue stands. It may be of the cluster's making; and where the
// path was believed to take more of late it does not: some let through a few packets at
// any rate.
func (p *probing) noteQueue(now time.Time) {
	a := &p.ascent
	if a.rate > 0 || !a.raised.IsZero() && now.Sub(a.raised) < ascentDoubt {
		a.raised, p.running, p.asked = time.Time{}, p.running && a.rate == 0, p.asked && a.rate == 0
		p.next = a.fail(now)
	}
}
