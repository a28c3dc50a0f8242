package quicproto

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/skulltech/prattle/media"
)

// simNet is a discrete-event simulation: virtual time since its start, and one
// seeded source of chance.
type simNet struct {
	now    time.Duration
	rng    *rand.Rand
	events simEvents
	count  int
}

type simEvent struct {
	at    time.Duration
	order int // of events at the same time, the first scheduled runs first
	run   func()
}

type simEvents []simEvent

func (e simEvents) Len() int { return len(e) }
func (e simEvents) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].order < e[j].order
}
func (e simEvents) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *simEvents) Push(x any)   { *e = append(*e, x.(simEvent)) }
func (e *simEvents) Pop() any {
	old := *e
	last := old[len(old)-1]
	*e = old[:len(old)-1]
	return last
}

func newSimNet(seed uint64) *simNet {
	return &simNet{rng: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))}
}

// simStart is the local time at which simulations begin.
var simStart = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func (n *simNet) clock() time.Time { return simStart.Add(n.now) }

func (n *simNet) at(t time.Duration, run func()) {
	n.count++
	heap.Push(&n.events, simEvent{max(t, n.now), n.count, run})
}

func (n *simNet) after(d time.Duration, run func()) { n.at(n.now+d, run) }

// every calls run at start and each interval from then on.
func (n *simNet) every(start, interval time.Duration, run func()) {
	n.at(start, func() {
		run()
		n.every(n.now+interval, interval, run)
	})
}

func (n *simNet) run(until time.Duration) {
	for len(n.events) > 0 && n.events[0].at <= until {
		e := heap.Pop(&n.events).(simEvent)
		n.now = e.at
		e.run()
	}
	n.now = until
}

// simPath describes one direction of a link; the zero value is a perfect one. A
// packet passes the policer or the queue and the bottleneck; then loss, delay,
// jitter and batching act on it.
type simPath struct {
	rate    media.Bitrate // of the bottleneck; 0: none
	queue   time.Duration // drop-tail limit as time at the rate; 0: 1 s
	policer int           // bytes: no queue, but a token bucket that drops what exceeds it
	mark    time.Duration // CE on what has waited longer (as L4S does); 0: never

	delay   time.Duration
	jitter  time.Duration // uniform from 0
	reorder bool          // jitter may reorder
	batch   time.Duration // deliver only at multiples of this, as a sleepy Wi-Fi does

	loss     float64 // share of packets
	lossRun  float64 // > 1: lost in runs of this mean length (Gilbert)
	blackout bool
}

// simLink carries packets one way and records what it did to them.
type simLink struct {
	*simNet
	simPath
	fifo    []simPacket
	bytes   int // in fifo
	service int // generation of the service event: a rate change cancels it
	done    time.Duration
	tokens  float64
	filled  time.Duration
	bad     bool // Gilbert state
	lastOut time.Duration

	waits   []simWait
	dropped map[int]int // packets, by flow
	rates   []simRate
}

type simPacket struct {
	flow, size int
	entered    time.Duration
	deliver    func(ce bool)
}

// simWait is what one packet saw of the bottleneck: the queue and its own
// transmission.
type simWait struct {
	at, wait   time.Duration
	flow, size int
}

// simRate is a rate of the bottleneck from a time on.
type simRate struct {
	from time.Duration
	rate media.Bitrate
}

func newSimLink(n *simNet, p simPath) *simLink {
	return &simLink{simNet: n, simPath: p, tokens: float64(p.policer), dropped: map[int]int{}, rates: []simRate{{0, p.rate}}}
}

func (l *simLink) send(p simPacket) {
	p.entered = l.now
	switch {
	case l.rate == 0:
		l.depart(p)
	case l.policer > 0:
		l.police(p)
	default:
		l.enqueue(p)
	}
}

func (l *simLink) police(p simPacket) {
	l.tokens = min(float64(l.policer), l.tokens+float64(l.rate.Bytes(l.now-l.filled)))
	l.filled = l.now
	if l.tokens < float64(p.size) {
		l.dropped[p.flow]++
		return
	}
	l.tokens -= float64(p.size)
	l.depart(p)
}

func (l *simLink) enqueue(p simPacket) {
	limit := l.queue
	setDefault(&limit, time.Second)
	// As in a router, one packet may always wait behind the one in service.
	if len(l.fifo) > 1 && l.bytes+p.size > l.rate.Bytes(limit) {
		l.dropped[p.flow]++
		return
	}
	l.fifo = append(l.fifo, p)
	l.bytes += p.size
	if len(l.fifo) == 1 {
		l.serve(l.rate.Time(p.size))
	}
}

// serve finishes the packet at the head of the queue after d.
func (l *simLink) serve(d time.Duration) {
	l.service++
	generation := l.service
	l.done = l.now + d
	l.after(d, func() {
		if generation != l.service {
			return
		}
		p := l.fifo[0]
		l.fifo = l.fifo[1:]
		l.bytes -= p.size
		l.depart(p)
		if len(l.fifo) > 0 {
			l.serve(l.rate.Time(l.fifo[0].size))
		}
	})
}

// setRate changes the bottleneck; the packet in service finishes at the new rate.
func (l *simLink) setRate(rate media.Bitrate) {
	old := l.rate
	l.rate = rate
	l.rates = append(l.rates, simRate{l.now, rate})
	if len(l.fifo) > 0 {
		l.serve(time.Duration(float64(l.done-l.now) * float64(old) / float64(rate)))
	}
}

func (l *simLink) depart(p simPacket) {
	wait := l.now - p.entered
	l.waits = append(l.waits, simWait{l.now, wait, p.flow, p.size})
	if l.loses() {
		return
	}
	at := l.now + l.delay + time.Duration(l.rng.Float64()*float64(l.jitter))
	if l.batch > 0 {
		at = (at + l.batch - 1) / l.batch * l.batch
	}
	if !l.reorder {
		at = max(at, l.lastOut)
	}
	l.lastOut = max(at, l.lastOut)
	l.at(at, func() { p.deliver(l.mark > 0 && wait > l.mark) })
}

func (l *simLink) loses() bool {
	u, v := l.rng.Float64(), l.rng.Float64()
	if l.blackout {
		return true
	}
	if l.lossRun <= 1 {
		return u < l.loss
	}
	leave := 1 / l.lossRun
	if l.bad {
		l.bad = v >= leave
	} else {
		l.bad = v < leave*l.loss/(1-l.loss)
	}
	return l.bad
}

// capacity is the mean rate of the bottleneck between two times.
func (l *simLink) capacity(from, to time.Duration) float64 {
	bits := 0.0
	for i, r := range l.rates {
		until := to
		if i+1 < len(l.rates) {
			until = min(to, l.rates[i+1].from)
		}
		bits += float64(r.rate) * max(0, until-max(from, r.from)).Seconds()
	}
	return bits / (to - from).Seconds()
}

// carried is the rate of what a flow got through the bottleneck; flow < 0: of all.
func (l *simLink) carried(flow int, from, to time.Duration) float64 {
	bytes := 0
	for _, w := range l.waits {
		if w.at > from && w.at <= to && (flow < 0 || w.flow == flow) {
			bytes += w.size
		}
	}
	return float64(bytes) * 8 / (to - from).Seconds()
}

// wait returns the times that a flow's packets spent at the bottleneck.
func (l *simLink) wait(flow int, from, to time.Duration) simDist {
	var d simDist
	for _, w := range l.waits {
		if w.at > from && w.at <= to && w.flow == flow {
			d = append(d, w.wait)
		}
	}
	return d
}

// simDist is a sample of durations.
type simDist []time.Duration

func (d simDist) mean() time.Duration {
	sum := time.Duration(0)
	for _, x := range d {
		sum += x
	}
	return sum / time.Duration(max(len(d), 1))
}

// quantile sorts d.
func (d simDist) quantile(q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[max(int(math.Ceil(q*float64(len(d))))-1, 0)]
}

func setDefault[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}
