package quicproto

import (
	"time"
)

// probing sends clusters of packets, copies of old ones or empty, where the encoder
// has so little to say that it cannot show what the path takes. So the next rung of
// the ladder is known to be safe before it is climbed.
type probing struct {
	cluster int  // id of the last one, from 1
	asked   bool // it waits to be sent
	running bool // it is under way

	sent, arrived int // its packets
	first, last   arrivalSample
	ascent        ascent

	idle time.Time     // since when the encoder has been what keeps the rate down
	next time.Time     // not before
	wait time.Duration // the last time between clusters
}

const (
	// probeIdle is for how long the encoder must have kept the rate down.
	probeIdle = 500 * time.Millisecond
	// probeTime is how long a cluster takes at the pacing rate: some ten times the
	// resolution of feedback.
	probeTime = 25 * time.Millisecond
	// probeMin is the least a cluster has, in bytes: three packets of full size.
	probeMin = 3600
	// probeHarm is how long a cluster may hold up sound if the path takes no more
	// than what has arrived of late.
	probeHarm = 100 * time.Millisecond
	// probeShare is how much of what a cluster showed is believed.
	probeShare = 0.85
	// probeAgain is the time to the next cluster after a success, minProbeWait that
	// after a failure; it doubles up to maxProbeWait.
	probeAgain   = 500 * time.Millisecond
	minProbeWait = 5 * time.Second
	maxProbeWait = time.Minute
	// probeSettled is how much later than its last packet one was sent whose arrival
	// ends the wait for the cluster: packets may be reordered.
	probeSettled = 50 * time.Millisecond
	// probeLife is when a cluster that was not told of is given up.
	probeLife = time.Second
)

func (p *probing) handleSent(now time.Time, s sentPacket) {
	if s.picture {
		p.ascent.pictured = now
	}
	if s.probe != 0 && s.probe == p.cluster {
		p.sent++
		p.ascent.handleSent(s.size)
	}
}

// add takes an arrival.
func (p *probing) add(s *arrivalSample) {
	if s.probe == 0 || s.probe != p.cluster {
		return
	}
	if p.arrived == 0 {
		p.first = *s
	}
	p.last = *s
	p.arrived++
}

// hinder notes whether it is the encoder that keeps the rate down.
func (p *probing) hinder(now time.Time, is bool) {
	if !is {
		p.idle = time.Time{}
	} else if p.idle.IsZero() {
		p.idle = now
	}
}

// considerProbe judges the cluster under way, or asks for another.
func (r *rateControl) considerProbe(now time.Time) {
	p := &r.probing
	switch {
	case p.running && p.arrived > 0 && (r.delay.newest > p.last.sent+probeSettled || p.complete()):
		r.judgeProbe(now)
	case p.running && now.After(p.next):
		p.fail(now)
	case p.running:
	case r.wantProbe(now):
		p.begin(now.Add(probeLife + r.srtt))
	case r.wantAscent(now):
		p.begin(now.Add(probeLife + r.srtt))
		p.ascent.begin(now, r.rate)
	}
}

// begin asks for a cluster, which is given up at a time.
func (p *probing) begin(until time.Time) {
	*p = probing{cluster: p.cluster + 1, asked: true, running: true, next: until, wait: p.wait, ascent: p.ascent}
}

func (r *rateControl) wantProbe(now time.Time) bool {
	p := &r.probing
	_, dispersed := r.train.capacity(r.delay.newest)
	return !p.idle.IsZero() && now.Sub(p.idle) > probeIdle && now.After(p.next) &&
		!r.growth.limited && !dispersed && r.rate < r.most() &&
		r.arrivedLately().Bytes(probeHarm) >= r.probeBytes()
}

// judgeProbe raises the rate by what the cluster showed.
func (r *rateControl) judgeProbe(now time.Time) {
	p := &r.probing
	left, came := p.last.sent-p.first.sent, p.last.arrival-p.first.arrival
	if p.ascent.rate > 0 {
		left = max(left, p.ascent.rate.Time(int(p.last.sum-p.first.sum)))
	}
	if p.arrived < trainPackets || p.arrived < p.sent*3/4 || left < trainLength {
		p.fail(now)
		return
	}
	rate := float64(p.last.sum-p.first.sum) * 8 / max(left, came).Seconds()
	r.setRate(max(r.rate, probeShare*rate))
	if came > left*6/5+2*time.Millisecond {
		p.fail(now) // it was spread: that is all there is
		return
	}
	p.running = false
	if p.ascent.rate > 0 {
		p.next = p.ascent.succeed(now)
		return
	}
	p.wait, p.next = 0, now.Add(probeAgain)
}

// fail ends the cluster under way and puts the next one off.
func (p *probing) fail(now time.Time) {
	p.running = false
	if p.ascent.rate > 0 {
		p.next = p.ascent.fail(now)
		return
	}
	p.wait = min(max(2*p.wait, minProbeWait), maxProbeWait)
	p.next = now.Add(p.wait)
}

// probe returns a cluster that should be sent now, if any: about so many bytes,
// all marked with its number, in packets of at most a size, at no less than the
// rate.
func (r *rateControl) probe() (bytes, size, cluster int, ok bool) {
	p := &r.probing
	if !p.asked {
		return 0, 0, 0, false
	}
	p.asked = false
	if p.ascent.rate > 0 {
		return p.ascent.left, p.ascent.size(), p.cluster, true
	}
	return r.probeBytes(), maxDatagramSize + overhead, p.cluster, true
}

func (r *rateControl) probeBytes() int { return max(r.pacing().Bytes(probeTime), probeMin) }
