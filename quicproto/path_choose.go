package quicproto

import (
	"slices"
	"time"
)

const (
	// deafContradiction: who heard something by this pair a moment ago is not deaf.
	deafContradiction = 50 * time.Millisecond
	// deafness is how long after the beginning of a doubt the other side is told.
	deafness = 500 * time.Millisecond
	// settlement is for how long after a doubt news from before its end may come in,
	// besides two round trips.
	settlement = 50 * time.Millisecond
	// doubtGrace is the head start, besides a round trip, that the pair in doubt has
	// over others to answer. Packets go by all of them meanwhile.
	doubtGrace = 60 * time.Millisecond
	// maxDoubtGrace bounds it.
	maxDoubtGrace = 300 * time.Millisecond
	// distrust is for how long a pair that died is used only if there is no other;
	// it doubles each time, up to maxDistrust.
	distrust    = 1 * time.Second
	maxDistrust = 30 * time.Second
	// switchPause is the time between switches for the round trip's sake.
	switchPause = 5 * time.Second
	// rttMargin is by how much, besides a fifth, a round trip must be shorter.
	rttMargin = 10 * time.Millisecond
	// usingMemory is how long the other side's word holds by which pair it sends.
	usingMemory = 3 * time.Second
)

// listen notes whether something is missing that should have come.
func (c *pathChooser) listen(now time.Time) {
	if c.active == nil || !c.doubt.IsZero() {
		return
	}
	if t := c.silence(); !t.IsZero() && !now.Before(t) {
		c.begin(now, true)
	} else if c.active.overdue(now) {
		c.begin(now, false)
	}
}

// silence is from when on packets of QUIC are missing; zero if none are expected.
func (c *pathChooser) silence() time.Time {
	if c.active == nil || !c.doubt.IsZero() || !c.arrivals.last.After(c.settled) {
		return time.Time{}
	}
	return c.arrivals.missing()
}

// handleDeaf takes the other side's word that it does not hear us. News from before
// the last doubt ended are none.
func (c *pathChooser) handleDeaf(now time.Time) {
	if c.active == nil || !c.doubt.IsZero() || now.Sub(c.settled) < settlement+2*c.active.rtt {
		return
	}
	c.begin(now, false)
}

// handleFailure notes that the system could not send by a pair.
func (c *pathChooser) handleFailure(now time.Time, p *pair) {
	if p == c.active && now.Sub(c.settled) > distrust {
		c.begin(now, false)
	}
}

// begin doubts the pair in use: it and all others are to prove that they work.
func (c *pathChooser) begin(now time.Time, deaf bool) {
	if c.active == nil && !deaf || !c.doubt.IsZero() {
		return
	}
	c.doubt, c.changed = now, true
	if deaf {
		c.deafUntil = now.Add(deafness)
	}
	for _, p := range c.pairs {
		p.next = now
		c.revived = c.revived || p.live && p != c.active // what was sent last may be lost
	}
}

// end is the end of a doubt: p works.
func (c *pathChooser) end(now time.Time, p *pair) {
	c.doubt, c.deafUntil, c.settled, c.revived = time.Time{}, time.Time{}, now, true
	if c.active != nil && c.active != p {
		c.active.fail(now)
	}
	c.use(now, p)
}

// fail notes that the pair was left because it was dead.
func (p *pair) fail(now time.Time) {
	p.live = false
	p.trusted = now.Add(min(distrust<<min(p.fails, 8), maxDistrust))
	p.fails++
}

// use has packets go by p from now on.
func (c *pathChooser) use(now time.Time, p *pair) {
	before := c.active
	if p == before {
		return
	}
	if before != nil && (before.remote.Addr() != p.remote.Addr() || before.local != p.local) {
		c.switches++
	}
	c.active, c.chosen, c.proven = p, now, nil
	p.next = now // tells the other side
	c.changed = true
}

// choose takes a better pair into use, if there is one, or ends a doubt.
func (c *pathChooser) choose(now time.Time) {
	if !c.doubt.IsZero() {
		c.decide(now)
		return
	}
	best := c.active
	for _, p := range c.pairs {
		if p.live && p != best && (best == nil || c.better(now, p, best)) {
			best = p
		}
	}
	switch {
	case best == c.active:
	case c.active == nil:
		c.revived = true
		c.use(now, best)
	default:
		c.use(now, best)
	}
}

// decide ends a doubt in favour of the pair in use, if it has proved that it works,
// or of the best other one after a moment.
func (c *pathChooser) decide(now time.Time) {
	if p := c.active; p != nil && c.works(p) {
		c.end(now, p)
		return
	}
	if now.Before(c.verdict()) {
		return
	}
	var best *pair
	for _, p := range c.pairs {
		if c.works(p) && (best == nil || c.better(now, p, best)) {
			best = p
		}
	}
	if best != nil {
		c.end(now, best)
	}
}

// works says whether p has proved since the doubt began that it works.
func (c *pathChooser) works(p *pair) bool { return p.live && !p.arrived.Before(c.doubt) }

// verdict is when another pair may take the place of the one in doubt, if any works;
// zero if there is nothing to wait for.
func (c *pathChooser) verdict() time.Time {
	if c.doubt.IsZero() || c.active == nil || !slices.ContainsFunc(c.pairs, c.works) {
		return time.Time{}
	}
	return c.doubt.Add(min(c.active.rtt*5/4+doubtGrace, maxDoubtGrace))
}

// better says whether p should be used rather than q.
func (c *pathChooser) better(now time.Time, p, q *pair) bool {
	if a, b := now.Before(p.trusted), now.Before(q.trusted); a != b {
		return b
	}
	if a, b := p.rank(), q.rank(); a != b {
		return a < b
	}
	if q != c.active {
		return p.rtt < q.rtt
	}
	if !c.initiator { // both sides take the same, as the initiator likes
		return c.used(now, p) && !c.used(now, q)
	}
	return p.proofs > 3 && p.rtt+rttMargin < q.rtt*4/5 && now.Sub(c.chosen) >= switchPause
}

// used says whether the other side sends by p.
func (c *pathChooser) used(now time.Time, p *pair) bool {
	return !p.using.IsZero() && now.Sub(p.using) < usingMemory
}

// follow takes note that the other side sends by p.
func (c *pathChooser) follow(now time.Time, p *pair) {
	for _, other := range c.pairs {
		if other != p {
			other.using = time.Time{}
		}
	}
	p.using = now
	if q := c.active; q != nil && q != p && p.live && p.rebinds(q) {
		c.doubt, c.settled, c.revived = time.Time{}, now, true
		c.use(now, p)
	}
}

// rebinds says whether p may be q behind a NAT that has given it another port.
func (p *pair) rebinds(q *pair) bool {
	return p.local == q.local && p.remote.Addr() == q.remote.Addr() && p.remote != q.remote && q.relays == p.relays
}
