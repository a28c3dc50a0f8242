package quicproto

import "time"

// How often pairs are probed. A question and its answer are about 60 bytes each on
// the wire: a call at 40 kbit/s spends 2 % on the pair in use, and less while that
// carries packets.
const (
	burstInterval  = 50 * time.Millisecond  // to find the other side, and through its NAT
	seekInterval   = 100 * time.Millisecond // after burstTime
	doubtInterval  = 25 * time.Millisecond  // to find out whether the path still works
	activeInterval = 250 * time.Millisecond // on the pair in use
	carryInterval  = 1 * time.Second        // there, while packets of QUIC come by it

	standbyInterval = 2 * time.Second  // on those that would take its place
	maxInterval     = 12 * time.Second // on all others; NATs forget after 30 s (RFC 4787)
	maxHopeInterval = 5 * time.Second  // on those that would be better
	lostInterval    = 2 * time.Second  // on all, while none is known to work

	burstTime = 500 * time.Millisecond
	seekTime  = 2 * time.Second
	lostTime  = 15 * time.Second
	longTime  = 60 * time.Second

	// crowdInterval is the least time between probes on different pairs, so that many
	// pairs do not fill a thin path: 100 kbit/s.
	crowdInterval = 5 * time.Millisecond
)

// interval is the time to the next question on a pair.
func (c *pathChooser) interval(now time.Time, p *pair) time.Duration {
	crowd := time.Duration(len(c.pairs)) * crowdInterval
	switch {
	case !c.doubt.IsZero() && (p.live || p == c.active):
		return doubting(now.Sub(c.doubt))
	case !c.doubt.IsZero():
		return max(seeking(now.Sub(c.doubt)), seekInterval, crowd)
	case c.active == nil:
		return max(seeking(now.Sub(later(p.born, c.born))), crowd)
	case p == c.active && p.silent == 0 && now.Sub(p.heardQUIC) < minSilence:
		return carryInterval
	case p == c.active:
		return activeInterval
	case p.live && c.standby(p):
		return standbyInterval
	case p.live:
		return maxInterval
	}
	return max(c.hoping(now, p), crowd)
}

// doubting is the interval on pairs that worked, so long after the doubt began.
func doubting(age time.Duration) time.Duration {
	switch {
	case age < burstTime:
		return doubtInterval
	case age < seekTime:
		return burstInterval
	}
	return seeking(age)
}

// seeking is the interval on pairs while no one is known to work.
func seeking(age time.Duration) time.Duration {
	switch {
	case age < burstTime:
		return burstInterval
	case age < seekTime:
		return seekInterval
	case age < lostTime:
		return activeInterval
	case age < longTime:
		return carryInterval
	}
	return lostInterval
}

// hoping is the interval on a pair that does not answer, while another does: one
// that would be better is sought for some time, and none is ever given up.
func (c *pathChooser) hoping(now time.Time, p *pair) time.Duration {
	better := p.rank() < c.active.rank()
	if age := now.Sub(p.born); better && age < seekTime {
		return seeking(age)
	}
	limit := maxInterval
	if better {
		limit = maxHopeInterval
	}
	p.backoff = min(max(p.backoff*3/2, carryInterval), limit)
	return p.backoff
}

// standby says whether p is one of the pairs to fall back on: the best two, and the
// best that goes another way than these.
func (c *pathChooser) standby(p *pair) bool {
	before := 0
	other := true
	for _, q := range c.pairs {
		switch {
		case q == p:
			return before < 2 || other
		case q.live && q != c.active:
			before++
			other = other && q.kind != p.kind
		}
	}
	return false
}

// later returns the later of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
