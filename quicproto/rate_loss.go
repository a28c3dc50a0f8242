package quicproto

import (
	"math"
	"time"
)

// lossTrack counts what became of the packets sent in each of the last windows
// of time.
type lossTrack struct {
	windows [lossWindows]lossWindow
	index   int64   // number of the newest window since the epoch
	valid   int64   // windows before this one are not looked at
	usual   float64 // share of packets that is lost without congestion
	learnt  int     // packets that usual is the mean of, up to usualPackets
}

type lossWindow struct {
	sent, arrived float64 // bytes of which feedback told
	squares       float64 // sum of squared sizes
	packets       float64
}

const (
	// lossSpan is some frames long, so that windows differ in what was sent.
	lossSpan    = 200 * time.Millisecond
	lossWindows = 15
	// lossPending is how many of the newest windows may still be told of.
	lossPending = 2
	// usualPackets is how many packets the usual loss is the mean of, usualPrior how
	// many are assumed to have arrived before the first.
	usualPackets = 200
	usualPrior   = 20
	// maxUsual is more than any call survives.
	maxUsual = 0.5
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
		w.packets++
	}
	if arrived {
		w.arrived += float64(size)
	}
}

// recent returns the n latest windows of which everything is known, from one on,
// as far as there are so many.
func (l *lossTrack) recent(n int, from int64, buf []lossWindow) []lossWindow {
	for i := l.index - lossPending; i >= max(from, 0) && i > l.index-lossWindows && len(buf) < n; i-- {
		buf = append(buf, l.windows[i%lossWindows])
	}
	return buf
}

// rate is the share of bytes lost of late, under congestion too.
func (l *lossTrack) rate() float64 {
	var buf [lossWindows]lossWindow
	return sumOf(l.recent(lossWindows, 0, buf[:0])).loss()
}

// sum adds up the n latest valid windows.
func (l *lossTrack) sum(n int) lossWindow {
	var buf [lossWindows]lossWindow
	return sumOf(l.recent(n, l.valid, buf[:0]))
}

func sumOf(windows []lossWindow) (sum lossWindow) {
	for _, w := range windows {
		sum.sent += w.sent
		sum.arrived += w.arrived
		sum.squares += w.squares
		sum.packets += w.packets
	}
	return sum
}

func (w lossWindow) loss() float64 {
	if w.sent == 0 {
		return 0
	}
	return 1 - w.arrived/w.sent
}

// restart forgets the usual loss, too: it was that of a limit.
func (l *lossTrack) restart() {
	l.forget()
	l.usual, l.learnt = 0, 0
}

// unusual reports whether clearly more is lost than usually, still.
func (l *lossTrack) unusual() bool {
	sum, p := l.sum(3), max(l.usual, minLoss)
	doubt := math.Sqrt(p * (1 - p) / max(sum.packets, 1)) // standard error of a random loss
	return sum.loss() > l.usual+minLoss+doubt && l.sum(1).loss() > 0
}

// forget makes the present the beginning.
func (l *lossTrack) forget() { l.valid = l.index + 1 }

// learn takes a packet that met no queue to speak of.
func (l *lossTrack) learn(lost bool) {
	share := 0.0
	if lost {
		share = 1
	}
	l.learnt = min(max(l.learnt, usualPrior)+1, usualPackets)
	l.usual = min(l.usual+(share-l.usual)/float64(l.learnt), maxUsual)
}

// lossQueueWindow is the time over which the longest wait is looked for that
// tells a short one.
const lossQueueWindow = 500 * time.Millisecond

// learnLoss learns the loss that has nothing to do with congestion, from packets
// that met less than half the longest queue of late: a full queue drops only
// those that find it full. While others fill it there are no such packets.
func (r *rateControl) learnLoss() {
	if r.contest != nil {
		return
	}
	_, longest := r.delay.waits(r.delay.within(lossQueueWindow, leastPackets))
	short := r.delay.least() + max(r.reference(), longest/2)
	for i := range r.batch {
		if r.batch[i].transit() <= short {
			r.loss.learn(false)
		}
	}
	for _, id := range r.losses {
		if before := r.arrivedBefore(id); before != nil && before.transit <= short {
			r.loss.learn(true)
		}
	}
}

// arrivedBefore returns the last packet before id that arrived, nil if that is
// too long ago to tell of the queue that id met.
func (r *rateControl) arrivedBefore(id uint64) *sentRecord {
	for back := uint64(1); back <= 16 && back < id; back++ {
		if rec := &r.sent[(id-back)%sentHistory]; rec.id == id-back && rec.arrived {
			return rec
		}
	}
	return nil
}

const (
	// minLossWindows is how many windows a verdict needs, fewWindows how many if much
	// is lost. Less loss than minLoss is no burden.
	minLossWindows = 8
	fewWindows     = 6
	muchLoss       = 0.15
	minLoss        = 0.03
	// minLossPackets is how many packets a verdict needs: of few, random loss leaves
	// any pattern.
	minLossPackets = 150
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
	windows := l.recent(lossWindows, l.valid, buf[:0])
	all := sumOf(windows)
	p := all.loss()
	switch {
	case all.packets < minLossPackets, len(windows) < fewWindows, len(windows) < minLossWindows && p < muchLoss,
		p < minLoss, sumOf(windows[:4]).loss() < minLoss:
		return 0, false
	}
	c := capOf(windows)
	chance := p * (1 - p) * all.squares // variance, bytes²
	var random, capped float64          // what either model leaves unexplained, bytes²
	for _, w := range windows {
		a := w.arrived - (1-p)*w.sent
		b := w.arrived - min(w.sent, c)
		random += a * a
		capped += b * b
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
		rate, ok = c.rate, r.loss.unusual() // it need not be proved again
	}
	if !ok || rate >= r.rate {
		return
	}
	r.loss.restart()
	hold := minHold
	if rate > 0.9*c.rate && rate < 1.1*c.rate {
		hold = min(2*c.backoff, maxHold)
	}
	*c = lossCap{rate: rate, hold: now.Add(hold), backoff: hold}
	r.setRate(capShare * rate)
	r.nearLimit(now)
}
