package peer

import (
	"container/heap"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
)

// roomWorld is a simulated network with people on it who are in a room. Time is
// virtual; everything that happens is an event in its queue, and the only chance is
// its seed's. A connection keeps the order of what is sent on it and loses nothing
// unless it ends, as a QUIC stream does.
type roomWorld struct {
	t      testing.TB
	rng    *rand.Rand
	now    time.Time
	queue  roomQueue
	serial uint64 // of events, keys and connections
	steps  int

	people []*roomPerson
	wires  []*roomWire

	delay     time.Duration // the longest one way
	sightings float64       // how likely one is heard; 0: multicast is swallowed
	loss      float64       // of dials
	toldBytes int
	told      int
	dials     int
	wasted    int // connections that did not become links
}

// roomPerson is an identity at an address. Its program may run, once at a time.
type roomPerson struct {
	id    certs.PeerID
	addr  netip.AddrPort
	group int  // who is in another group cannot be reached
	asks  bool // lets nobody in that others have not, but asks its person
	run   *roomRun
}

// roomRun is one run of a person's program.
type roomRun struct {
	*roomPerson
	instance instance
	m        *membership
	ends     map[linkKey]*roomEnd
	timer    uint64 // of the latest
	over     bool
}

type roomEvent struct {
	at     time.Time
	serial uint64
	do     func()
}

type roomQueue []roomEvent

func (q roomQueue) Len() int { return len(q) }
func (q roomQueue) Less(i, j int) bool {
	return q[i].at.Before(q[j].at) || q[i].at.Equal(q[j].at) && q[i].serial < q[j].serial
}
func (q roomQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *roomQueue) Push(x any)   { *q = append(*q, x.(roomEvent)) }
func (q *roomQueue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// newRoomWorld returns a network of people, none of whom is in the room yet.
func newRoomWorld(t testing.TB, seed uint64, people int) *roomWorld {
	w := &roomWorld{t: t, rng: rand.New(rand.NewPCG(seed, 0)), now: time.Unix(1000, 0), delay: 20 * time.Millisecond, sightings: 1}
	for i := range people {
		p := &roomPerson{addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}), 7728)}
		binary.BigEndian.PutUint64(p.id[:], w.rng.Uint64())
		w.people = append(w.people, p)
	}
	return w
}

// after has f happen in d.
func (w *roomWorld) after(d time.Duration, f func()) {
	w.serial++
	heap.Push(&w.queue, roomEvent{w.now.Add(d), w.serial, f})
}

// pass lets time pass, with whatever happens meanwhile.
func (w *roomWorld) pass(d time.Duration) {
	w.until(d, func() bool { return false })
}

// until lets time pass until done, which it returns, but no longer than d.
func (w *roomWorld) until(d time.Duration, done func() bool) bool {
	end := w.now.Add(d)
	for len(w.queue) > 0 && !w.queue[0].at.After(end) {
		if done() {
			return true
		}
		e := heap.Pop(&w.queue).(roomEvent)
		w.now = e.at
		w.steps++
		e.do()
	}
	if done() {
		return true
	}
	w.now = end
	return false
}

// between is a random time.
func (w *roomWorld) between(least, most time.Duration) time.Duration {
	return least + time.Duration(w.rng.Int64N(int64(most-least)+1))
}

func (w *roomWorld) chance(p float64) bool { return w.rng.Float64() < p }

// trip is how long a datagram goes.
func (w *roomWorld) trip() time.Duration { return w.between(w.delay/10, w.delay) }

// join starts a person's program.
func (w *roomWorld) join(p *roomPerson, known ...netip.AddrPort) *roomRun {
	r := &roomRun{roomPerson: p, ends: make(map[linkKey]*roomEnd)}
	binary.BigEndian.PutUint64(r.instance[:], w.rng.Uint64())
	r.m = newMembership(p.id, r.instance, rand.New(rand.NewPCG(w.rng.Uint64(), 0)))
	r.m.handleOwnAddrs([]netip.AddrPort{p.addr})
	p.run = r
	for _, a := range known {
		r.m.handleAddress(w.now, []netip.AddrPort{a})
	}
	w.announce(r)
	w.serve(r)
	return r
}

// announce has a run seen by the others, now and every few seconds.
func (w *roomWorld) announce(r *roomRun) {
	if r.over || w.sightings == 0 {
		return
	}
	for _, p := range w.people {
		if p != r.roomPerson && p.group == r.group && w.chance(w.sightings) {
			w.after(w.trip(), func() { w.sight(p, r) })
			w.after(w.trip(), func() { w.sight(r.roomPerson, p.run) })
		}
	}
	w.after(w.between(2*time.Second, 4*time.Second), func() { w.announce(r) })
}

// sight has p's program see a run.
func (w *roomWorld) sight(p *roomPerson, r *roomRun) {
	if p.run != nil && r != nil && !r.over {
		p.run.m.handleSighting(w.now, r.instance, []netip.AddrPort{r.addr})
		w.serve(p.run)
	}
}

// serve does for a run what its membership wants, as a Conference does.
func (w *roomWorld) serve(r *roomRun) {
	if r.over {
		return
	}
	r.m.advance(w.now)
	for r.m.popNews() {
		w.consider(r)
	}
	for o, ok := r.m.popDrop(); ok; o, ok = r.m.popDrop() {
		e := r.ends[o.key]
		if o.reason == dropRemoved {
			w.send(e, func() { w.tell(e.other, o.view) })
		}
		w.close(e, false)
	}
	for o, ok := r.m.popTell(); ok; o, ok = r.m.popTell() {
		w.told++
		w.toldBytes += viewBytes(o.view)
		e := r.ends[o.key]
		w.send(e, func() { w.tell(e.other, o.view) })
	}
	for o, ok := r.m.popDial(); ok; o, ok = r.m.popDial() {
		w.dial(r, o)
	}
	w.check(r)
	if r.m.removedSelf() {
		w.stop(r, true)
		return
	}
	if next := r.m.next(); !next.IsZero() {
		if !next.After(w.now) {
			w.t.Fatalf("%v after %d steps: nothing is ordered, but it wants to be asked again", r.addr, w.steps)
		}
		w.serial++
		timer := w.serial
		r.timer = timer
		w.after(next.Sub(w.now), func() {
			if r.timer == timer {
				w.serve(r)
			}
		})
	}
}

// stop ends a program, with a goodbye or by a crash.
func (w *roomWorld) stop(r *roomRun, goodbye bool) {
	if goodbye {
		for _, e := range sortedEnds(r) {
			w.close(e, true)
		}
	}
	r.over, r.run = true, nil
	w.listenAll()
}

// regroup cuts the network, or mends it.
func (w *roomWorld) regroup(group func(i int) int) {
	for i, p := range w.people {
		p.group = group(i)
	}
	w.listenAll()
}

// running are the programs that run.
func (w *roomWorld) running() []*roomRun {
	var runs []*roomRun
	for _, p := range w.people {
		if p.run != nil {
			runs = append(runs, p.run)
		}
	}
	return runs
}
