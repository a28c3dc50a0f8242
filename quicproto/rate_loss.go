package quicproto

import "time"

// lossTrack counts what became of the packets sent in each of the last windows
// of time.
type lossTrack struct {
	windows [lossWindows]lossWindow
	index   int64   // number of the newest window since the epoch
	valid   int64   // windows before this one are not looked at
	learnt  int64   // windows up to this one are in usual
	usual   float64 // share of bytes that is lost without congestion
}

type lossWindow struct {
	sent, arrived float64 // bytes of which feedback told
	squares       float64 // sum of squared sizes
}

const (
	// lossSpan is some frames long, so that windows differ in what was sent.
	lossSpan    = 200 * time.Millisecond
	lossWindows = 15
	// lossPending is how many of the newest windows may still be told of.
	lossPending = 2
	// usualWeight is that of a new window in the usual loss: about two seconds count.
	usualWeight = 0.15
)

// add notes the fate of a packet; corrected says that it was told as lost before.
func (l *lossTrack) add(sent time.Duration, size int, arrived, corrected bool) {
	n := int64(sent / lossSpan)
	for l.index = max(l.index, n-lossWindows); l.index < n; {
		l.index++
		l.windows[l.index%lossWindows] = lossWindow{}
	}
	if n <= l.index-lossWindows {
		return
	}
	w := &l.windows[n%lossWindows]
	if !corrected {
		w.sent += float64(size)
		w.squares += float64(size * size)
	}
	if arrived {
		w.arrived += float64(size)
	}
}

// recent returns the n latest windows of which everything is known, as far as
// there are so many.
func (l *lossTrack) recent(n int, buf []lossWindow) []lossWindow {
	for i := l.index - lossPending; i >= max(l.valid, 0) && i > l.index-lossWindows && len(buf) < n; i-- {
		buf = append(buf, l.windows[i%lossWindows])
	}
	return buf
}

// rate is the share of bytes lost in the n latest windows.
func (l *lossTrack) rate(n int) float64 {
	var buf [lossWindows]lossWindow
	return lossShare(l.recent(n, buf[:0]))
}

func lossShare(windows []lossWindow) float64 {
	var sent, arrived float64
	for _, w := range windows {
		sent += w.sent
		arrived += w.arrived
	}
	if sent == 0 {
		return 0
	}
	return 1 - arrived/sent
}

// forget makes the present the beginning.
func (l *lossTrack) forget() { l.valid = l.index + 1 }

// settle learns the usual loss from the newest window. Under congestion it
// forgets instead, for loss has another reason then.
func (l *lossTrack) settle(congested bool) {
	if congested {
		l.forget()
	}
	n := l.index - lossPending
	if n <= l.learnt || n < max(l.valid, 0) {
		return
	}
	l.learnt = n
	if w := l.windows[n%lossWindows]; w.sent > 0 {
		l.usual += usualWeight * (1 - w.arrived/w.sent - l.usual)
	}
}

const (
	// minLossWindows is how many windows a verdict needs, fewWindows how many if much
	// is lost. Less loss than minLoss is no burden.
	minLossWindows = 8
	fewWindows     = 6
	muchLoss       = 0.15
	minLoss        = 0.03
	// cappedFit is how much better than "a fixed share is lost" the sentence "no
	// more than so much arrives" must describe what happened, and cappedChance how
	// much more regular the arrivals must be than random loss would leave them.
	cappedFit    = 0.4
	cappedChance = 0.35
)

// cap looks for a limit that drops instead of queueing: a policer, or a queue of
// a few packets. It compares two models of the windows: arrived = (1-p) sent,
// and arrived = min(sent, c). The rate c is returned in bit/s.
func (l *lossTrack) cap() (rate float64, ok bool) {
	var buf [lossWindows]lossWindow
	windows := l.recent(lossWindows, buf[:0])
	p := lossShare(windows)
	if len(windows) < fewWindows || len(windows) < minLossWindows && p < muchLoss || p < minLoss || lossShare(windows[:4]) < minLoss {
		return 0, false
	}
	c := capOf(windows)
	var random, capped, chance float64 // sums of squares, bytes²
	for _, w := range windows {
		a := w.arrived - (1-p)*w.sent
		b := w.arrived - min(w.sent, c)
		random += a * a
		capped += b * b
		chance += p * (1 - p) * w.squares
	}
	return c * 8 / lossSpan.Seconds(), capped < cappedFit*random && capped < cappedChance*chance
}

// capOf is the mean of what arrived in windows in which more was sent than that,
// in bytes.
func capOf(windows []lossWindow) float64 {
	c := 0.0
	for _, w := range windows {
		c = max(c, w.arrived)
	}
	for range 3 { // converges from above
		sum, n := 0.0, 0.0
		for _, w := range windows {
			if w.sent > 0.98*c {
				sum += w.arrived
				n++
			}
		}
		if n > 0 {
			c = sum / n
		}
	}
	return c
}

// lossCap is a limit found by loss, and the patience it has taught.
type lossCap struct {
	rate    float64       // bit/s; 0: none known
	hold    time.Time     // no growth until then
	backoff time.Duration // the last hold
}

const (
	// capShare is where the rate rests under such a limit.
	capShare = 0.97
	// minHold and maxHold bound how long the rate rests there. Each time the limit
	// proves true it is twice as long, for each look costs packets.
	minHold = 3 * time.Second
	maxHold = 30 * time.Second
	// capPassed is how far beyond the limit the rate must get without loss for the
	// limit to be gone.
	capPassed = 1.2
)

func (c *lossCap) known() bool { return c.rate > 0 }

// respectLoss keeps the rate under a limit that drops instead of queueing.
func (r *rateControl) respectLoss(now time.Time) {
	c := &r.capped
	if c.known() && r.rate > capPassed*c.rate {
		*c = lossCap{}
	}
	rate, ok := r.loss.cap()
	if c.known() && !ok {
		// It need not be proved again.
		rate, ok = c.rate, r.loss.rate(3) > r.loss.usual+minLoss && r.loss.rate(1) > 0
	}
	if !ok || rate >= r.rate {
		return
	}
	hold := minHold
	if rate > 0.9*c.rate && rate < 1.1*c.rate {
		hold = min(2*c.backoff, maxHold)
	}
	*c = lossCap{rate: rate, hold: now.Add(hold), backoff: hold}
	r.setRate(capShare * rate)
	r.nearLimit(now)
	r.loss.forget()
}
