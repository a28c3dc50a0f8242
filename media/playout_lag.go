package media

import (
	"math"
	"slices"
	"time"
)

// lagEstimator decides how far playout should trail the sender. It is told the
// lag that each packet would have needed in order to come in time, keeps the
// worst of every quarter of a second, and aims at the lag that is exceeded only
// now and then: a level that was exceeded lateQuota times in the last 16 s is
// worth waiting for, a lonely spike is not. So it covers spikes that return every
// few seconds as well as the tail of ordinary jitter, which no percentile of all
// packets does at once.
//
// What is over is forgotten: a level by the rate at which it used to be exceeded,
// and jitter as a whole, with its tail, when a second and a half had much less of
// it than the time before. So an improvement is believed at once, and rare events
// are remembered longer. While a queue grows, it aims beyond all that it was told
// (lagRamp).
type lagEstimator struct {
	ceiling int64 // samples, above fastest

	spans  [spanCount]needSpan // a ring; next is overwritten next
	next   int
	n      int
	beyond lateRun
	ramp   lagRamp
	goal   int64 // the present target, unless stale
	stale  bool
}

// needSpan summarises the packets of spanTime.
type needSpan struct {
	began       int64 // pulled samples
	least       int64
	most, other int64 // the largest need and the second largest
}

// lateRun are packets beyond the ceiling, with none within it between them.
type lateRun struct {
	active bool
	began  int64 // pulled samples
	least  int64 // need
}

const (
	spanTime  = SampleRate / 4
	spanCount = 64
	// recentSpans is for how long (1 s) a level is kept that two packets needed:
	// a spike is followed at once, as it may be the first of many.
	recentSpans = 4
	// baseSpans is over how many spans (2 s) the fastest packet is sought.
	baseSpans = 8
	// lateQuota is in how many of the spans playout may be late: one gap in five
	// seconds is the price for not waiting longer.
	lateQuota = 3
	// littleMore is by how much longer, in percent, playout waits for what is rarer
	// still. Beside a flow that fills the queue, sound that is restored from copies is
	// later than all other by so much, every few seconds.
	littleMore = 30
	// overAfter is how many times a level would have been expected again by now
	// when it is taken to be over (e^-5 is less than 1 %).
	overAfter = 5
	// calmSpans is for how long (1.5 s) jitter must have been less than half of what
	// it was in three quarters of the jitterSpans (3 s) before, in order to be over:
	// chance does that to no jitter. jitterTail is up to how many times that level
	// what came before is taken for its tail.
	calmSpans   = 6
	jitterSpans = 12
	jitterTail  = 3
	// fasterStep is how much earlier than before a packet must come to show a jump
	// (40 ms).
	fasterStep = SampleRate * 40 / 1000
	// slowerTime is for how long all packets must have come beyond the ceiling to
	// show that the path is slower now (100 ms). Nothing can be heard meanwhile, and if
	// it shows too early, the first packet that comes as before puts it right.
	slowerTime = SampleRate / 10
	// firstMargin is added to what the first packet needs until more is known.
	firstMargin = SampleRate / 100
)

// observe notes that a packet needed the lag need, when pulled samples had been
// pulled. What comes later than any delay could mend is left out, unless nothing else
// comes. That, or what comes much earlier than anything before, shows that the path or
// one of the clocks jumped, and the jitter is taken to be as it was.
func (e *lagEstimator) observe(pulled, need int64) {
	e.stale = true
	if e.n == 0 {
		e.begin(needSpan{pulled, need, need + firstMargin, need + firstMargin})
		return
	}
	if need > e.fastest()+e.ceiling && !e.slower(pulled, need) {
		return
	}
	e.beyond.active = false
	e.ramp.observe(need)
	s := e.span(0)
	if before := e.least(min(1, e.n-1)); need < before-fasterStep {
		e.shift(need - before)
		*s = needSpan{s.began, need, need, need}
	}
	switch {
	case pulled-s.began >= spanTime:
		e.forgetJitter()
		e.begin(needSpan{pulled, need, need, need})
	case need > s.most:
		s.most, s.other = need, s.most
	default:
		s.other = max(s.other, need)
		s.least = min(s.least, need)
	}
}

// slower notes a packet beyond the ceiling. When all have been for slowerTime, it
// moves what was observed to where packets come now, and tells whether this one is
// within the ceiling then. Otherwise fastest would never change again, as what is
// left out begins no spans.
func (e *lagEstimator) slower(pulled, need int64) bool {
	r := &e.beyond
	if !r.active {
		*r = lateRun{true, pulled, need}
	}
	r.least = min(r.least, need)
	if pulled-r.began < slowerTime {
		return false
	}
	// Measured from the last span, as fastest may be of before an earlier jump.
	e.shift(r.least - e.span(0).least)
	r.active = false
	return need <= e.fastest()+e.ceiling
}

func (e *lagEstimator) begin(s needSpan) {
	e.spans[e.next] = s
	e.next = (e.next + 1) % spanCount
	e.n = min(e.n+1, spanCount)
}

// span returns the one that began age spans ago.
func (e *lagEstimator) span(age int) *needSpan {
	return &e.spans[(e.next-1-age+2*spanCount)%spanCount]
}

// shift moves everything observed, because one of the clocks jumped by d.
func (e *lagEstimator) shift(d int64) {
	for i := range e.spans {
		s := &e.spans[i]
		s.least, s.most, s.other = s.least+d, s.most+d, s.other+d
	}
	e.ramp = lagRamp{}
	e.stale = true
}

// forgetJitter flattens what came before, if the path has calmed down. Rare
// spikes, which stand out of the jitter that is over, are kept.
func (e *lagEstimator) forgetJitter() {
	if e.n < calmSpans+jitterSpans {
		return
	}
	base := e.fastest()
	var now int64
	for age := range calmSpans {
		now = max(now, e.span(age).most-base)
	}
	var before [jitterSpans]int64
	for i := range before {
		before[i] = e.span(calmSpans+i).most - base
	}
	slices.Sort(before[:])
	usual := before[jitterSpans/4]
	if now >= usual/2 {
		return
	}
	for age := calmSpans; age < e.n; age++ {
		if s := e.span(age); s.most-base <= jitterTail*usual {
			s.most, s.other = min(s.most, base+now), min(s.other, base+now)
		}
	}
}

// fastest is the least lag that any packet needed lately.
func (e *lagEstimator) fastest() int64 {
	if e.n == 0 {
		return 0
	}
	return e.least(0)
}

// least is the least lag needed in the spans from age on.
func (e *lagEstimator) least(age int) int64 {
	least := e.span(age).least
	for age++; age < min(e.n, baseSpans); age++ {
		least = min(least, e.span(age).least)
	}
	return least
}

// target is the lag to aim at.
func (e *lagEstimator) target() int64 {
	if e.stale {
		e.goal = min(max(e.usual(), e.recent()+e.ramp.lead()), e.fastest()+e.ceiling)
		e.stale = false
	}
	return e.goal
}

// recent is what at least two packets of one of the last spans needed.
func (e *lagEstimator) recent() int64 {
	level := e.span(0).other
	for age := 1; age < min(e.n, recentSpans); age++ {
		level = max(level, e.span(age).other)
	}
	return level
}

// usual is the highest level that spans exceed often enough, and still do.
func (e *lagEstimator) usual() int64 {
	var sorted [spanCount]struct {
		level int64
		age   int
	}
	for age := range e.n {
		level := e.span(age).most
		at := age
		for ; at > 0 && sorted[at-1].level < level; at-- {
			sorted[at] = sorted[at-1]
		}
		sorted[at].level, sorted[at].age = level, age
	}
	quota := 1 + (lateQuota-1)*e.n/spanCount
	latest := e.n
	for i := range e.n {
		latest = min(latest, sorted[i].age)
		if i+1 < e.n && sorted[i+1].level == sorted[i].level {
			continue
		}
		count := i + 1
		if count >= quota && count*latest <= overAfter*(e.n-latest) {
			enough := sorted[i].level + (sorted[i].level-e.fastest())*littleMore/100
			for i > 0 && sorted[i-1].level <= enough {
				i--
			}
			return sorted[i].level
		}
	}
	return sorted[e.n-1].level
}

// arrivals are the packets that came since the last Pull.
type arrivals struct {
	list [maxPackets]arrival
	n    int
}

type arrival struct {
	at     time.Time
	ts     int64
	copied bool // it came inside its successor and may yet come itself
}

// add forgets the oldest half when nobody pulls.
func (a *arrivals) add(at time.Time, ts int64, copied bool) {
	if a.n == len(a.list) {
		a.n = copy(a.list[:], a.list[len(a.list)/2:])
	}
	a.list[a.n] = arrival{at, ts, copied}
	a.n++
}

func (a *arrivals) all() []arrival { return a.list[:a.n] }

// observeJitter smooths the variation of the transit time of packets, as RFC 3550
// section 6.4.1 has it.
func (p *Playout) observeJitter(at time.Time, ts int64) {
	if !p.lastArrival.at.IsZero() {
		moved := float64(at.Sub(p.lastArrival.at))*SampleRate/float64(time.Second) - float64(ts-p.lastArrival.ts)
		p.jitter += (min(math.Abs(moved), float64(p.ceiling)) - p.jitter) / 16
	}
	p.lastArrival = arrival{at: at, ts: ts}
}
