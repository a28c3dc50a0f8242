package quictest

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// Path is one direction of a link, without I/O: packets are sent into it, and
// come out later or never. P is what a packet carries. All times given to a Path
// must not run backwards.
type Path[P any] struct {
	// Watch, if set, is told of each packet as soon as its fate is decided.
	Watch func(Passage, P)

	link  Link
	rng   *rand.Rand
	chain lossChain
	stats PathStats

	waiting []parcel[P] // at the bottleneck, the one in transmission first
	backlog int         // bytes in waiting
	leaves  time.Time   // when the first of waiting has been sent

	flying flight[P]
	last   time.Time // when the latest packet arrives
	count  uint64    // packets that flew so far
}

// PathStats counts what one direction did with packets.
type PathStats struct {
	Packets, Bytes uint64 // offered
	Lost           uint64 // by Link.Loss
	Overflowed     uint64 // by Link.Queue
}

// parcel is a packet under way.
type parcel[P any] struct {
	payload P
	size    int
	sent    time.Time
	arrives time.Time
	order   uint64 // among those that arrive at the same time
}

// NewPath makes a path. The n-th packet that leaves the bottleneck meets the same
// fate in every run with the same seeds.
func NewPath[P any](l Link, seed1, seed2 uint64) *Path[P] {
	return &Path[P]{link: l, rng: rand.New(rand.NewPCG(seed1, seed2))}
}

// Link is what the path is like at present.
func (p *Path[P]) Link() Link { return p.link }

// Stats returns what the path did so far.
func (p *Path[P]) Stats() PathStats { return p.stats }

// Change makes the path another from now on. What waits at the bottleneck goes on
// at the new rate; what has left it arrives as it would have.
func (p *Path[P]) Change(now time.Time, l Link) {
	p.serve(now)
	before := p.link
	p.link = l
	if len(p.waiting) == 0 {
		return
	}
	left := p.leaves.Sub(now)
	switch {
	case l.Rate == 0:
		left = 0
	case before.Rate > 0:
		left = time.Duration(float64(left) * float64(before.Rate) / float64(l.Rate))
	}
	p.leaves = now.Add(left)
	p.serve(now)
}

// Send puts a packet of size bytes, all headers included, on its way.
func (p *Path[P]) Send(now time.Time, size int, payload P) {
	p.serve(now)
	p.stats.Packets++
	p.stats.Bytes += uint64(size)
	packet := parcel[P]{payload: payload, size: size, sent: now}
	if p.link.Rate == 0 {
		p.depart(packet, now)
		return
	}
	if p.link.Queue > 0 && p.wait(now) > p.link.Queue {
		p.stats.Overflowed++
		p.tell(packet, now, Overflowed)
		return
	}
	if len(p.waiting) == 0 {
		p.leaves = now.Add(p.link.Rate.Time(size))
	}
	p.waiting = append(p.waiting, packet)
	p.backlog += size
}

// wait is how long a packet sent now would wait before its own transmission.
func (p *Path[P]) wait(now time.Time) time.Duration {
	if len(p.waiting) == 0 {
		return 0
	}
	return p.leaves.Sub(now) + p.link.Rate.Time(p.backlog-p.waiting[0].size)
}

// serve lets go what the bottleneck has sent by now.
func (p *Path[P]) serve(now time.Time) {
	for len(p.waiting) > 0 && !p.leaves.After(now) {
		first := p.waiting[0]
		p.waiting = p.waiting[1:]
		p.backlog -= first.size
		left := p.leaves
		p.depart(first, left)
		if len(p.waiting) > 0 {
			p.leaves = left.Add(p.link.Rate.Time(p.waiting[0].size))
		}
	}
}

// depart decides the fate of a packet that left the bottleneck. Each draws two
// numbers, whatever becomes of it.
func (p *Path[P]) depart(packet parcel[P], left time.Time) {
	lost, late := p.chain.lose(p.link, p.rng.Float64()), p.rng.Float64()
	if lost {
		p.stats.Lost++
		p.tell(packet, left, Lost)
		return
	}
	packet.arrives = left.Add(p.link.Delay + time.Duration(late*float64(p.link.Jitter)))
	if packet.arrives.Before(p.last) && !p.link.Reorder {
		packet.arrives = p.last
	}
	if packet.arrives.After(p.last) {
		p.last = packet.arrives
	}
	packet.order = p.count
	p.count++
	heap.Push(&p.flying, packet)
	p.tell(packet, left, Delivered)
}

func (p *Path[P]) tell(packet parcel[P], left time.Time, fate Fate) {
	if p.Watch != nil {
		p.Watch(Passage{packet.size, packet.sent, left, packet.arrives, fate}, packet.payload)
	}
}

// Next is when Pop should be called; zero while nothing is under way.
func (p *Path[P]) Next() time.Time {
	var next time.Time
	if len(p.waiting) > 0 {
		next = p.leaves
	}
	if len(p.flying) > 0 && (next.IsZero() || p.flying[0].arrives.Before(next)) {
		next = p.flying[0].arrives
	}
	return next
}

// Pop returns a packet that has arrived by now.
func (p *Path[P]) Pop(now time.Time) (payload P, ok bool) {
	p.serve(now)
	if len(p.flying) == 0 || p.flying[0].arrives.After(now) {
		return payload, false
	}
	return heap.Pop(&p.flying).(parcel[P]).payload, true
}

// flight is a heap of packets in the order of their arrival.
type flight[P any] []parcel[P]

func (f flight[P]) Len() int { return len(f) }
func (f flight[P]) Less(i, j int) bool {
	if f[i].arrives.Equal(f[j].arrives) {
		return f[i].order < f[j].order
	}
	return f[i].arrives.Before(f[j].arrives)
}
func (f flight[P]) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *flight[P]) Push(x any)   { *f = append(*f, x.(parcel[P])) }
func (f *flight[P]) Pop() any {
	last := len(*f) - 1
	x := (*f)[last]
	(*f)[last] = parcel[P]{} // lets go of the payload
	*f = (*f)[:last]
	return x
}
