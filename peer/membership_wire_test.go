package peer

import (
	"net/netip"
	"time"
)

// roomWire is a connection. Its dialler has the first end.
type roomWire struct {
	ends [2]*roomEnd
	held []func() // on their way when the network was cut
	late time.Time
}

// roomEnd is one side of a connection.
type roomEnd struct {
	run    *roomRun
	wire   *roomWire
	other  *roomEnd
	key    linkKey
	closed bool
	here   bool // we let the other side in
	there  bool // it lets us in
	open   bool
	knocks bool
	deaf   int  // how often it has fallen silent
	hears  bool // the other side
	silent bool // as the membership was told
}

// dial connects, which fails at once where no program listens, and after a while where
// there is no way.
func (w *roomWorld) dial(r *roomRun, o dialOrder) {
	w.dials++
	if o.peer == r.id || len(o.addrs) == 0 || o.addrs[0] == r.addr {
		w.t.Fatalf("%v dials itself: %+v", r.addr, o)
	}
	fail := func() { r.m.handleDialFailed(w.now, o.key); w.serve(r) }
	p := w.at(o.addrs[0])
	switch {
	case p == nil || p.group != r.group || w.chance(w.loss):
		w.after(memberDialTimeout, fail)
	case p.run == nil || !o.peer.IsZero() && p.id != o.peer:
		w.after(2*w.trip(), fail)
	default:
		to := p.run
		w.after(3*w.trip(), func() { w.connect(r, to, o, fail) })
	}
}

// at finds who has an address.
func (w *roomWorld) at(a netip.AddrPort) *roomPerson {
	for _, p := range w.people {
		if p.addr == a {
			return p
		}
	}
	return nil
}

// connect makes a connection of a dial that has reached somebody.
func (w *roomWorld) connect(r, to *roomRun, o dialOrder, fail func()) {
	if r.over || to.over || r.group != to.group {
		w.after(memberDialTimeout, fail)
		return
	}
	wire := new(roomWire)
	for i, run := range []*roomRun{r, to} {
		wire.ends[i] = &roomEnd{run: run, wire: wire, hears: true}
	}
	wire.ends[0].other, wire.ends[1].other = wire.ends[1], wire.ends[0]
	w.wires = append(w.wires, wire)
	w.serial++
	e := wire.ends[0]
	e.key = linkKey(w.serial)
	r.ends[e.key] = e
	if r.m.handleDialed(w.now, o.key, e.key, to.id) {
		w.send(e, func() { w.handleJoin(e.other) })
	} else {
		w.wasted++
		w.close(e, false)
	}
	w.serve(r)
}

// send has f happen on the other side of a connection.
func (w *roomWorld) send(e *roomEnd, f func()) {
	if e.closed {
		return
	}
	wire, at := e.wire, later(w.now.Add(w.trip()), e.wire.late)
	wire.late = at
	w.after(at.Sub(w.now), func() { w.deliver(e, f) })
}

func (w *roomWorld) deliver(e *roomEnd, f func()) {
	switch {
	case e.other.closed || e.other.run.over:
	case e.run.group != e.other.run.group:
		e.wire.held = append(e.wire.held, func() { w.deliver(e, f) })
	default:
		f()
		w.serve(e.other.run)
	}
}

// close ends a connection from one side; the other hears of it if there is a way.
func (w *roomWorld) close(e *roomEnd, goodbye bool) {
	if e.closed {
		return
	}
	cut := e.run.group != e.other.run.group
	if !cut {
		w.send(e, func() { w.ended(e.other, goodbye) })
	}
	e.closed = true
	delete(e.run.ends, e.key)
	w.listen(e.wire)
}

// ended tells one side that a connection has ended.
func (w *roomWorld) ended(e *roomEnd, goodbye bool) {
	if e.closed || e.run.over {
		return
	}
	e.closed = true
	delete(e.run.ends, e.key)
	e.run.m.handleEnded(w.now, e.key, goodbye)
	w.serve(e.run)
	w.listen(e.wire)
}

// tell delivers a view.
func (w *roomWorld) tell(to *roomEnd, v view) { to.run.m.handleView(w.now, to.key, v) }

// listen finds out whether the two sides of a connection hear each other still.
func (w *roomWorld) listen(wire *roomWire) {
	for _, e := range wire.ends {
		hears := !e.other.closed && !e.other.run.over && e.run.group == e.other.run.group
		if e.closed || e.run.over || hears == e.hears {
			continue
		}
		e.hears = hears
		e.deaf++
		deaf := e.deaf
		still := func(f func()) func() {
			return func() {
				if e.deaf == deaf && !e.closed && !e.run.over {
					f()
				}
			}
		}
		if hears {
			w.after(w.trip(), still(func() { w.silent(e, false) }))
		} else {
			w.after(w.between(2*time.Second, 2200*time.Millisecond), still(func() { w.silent(e, true) }))
			w.after(w.between(8*time.Second, 8200*time.Millisecond), still(func() { w.ended(e, false) }))
		}
	}
	if a, b := wire.ends[0], wire.ends[1]; a.run.group == b.run.group {
		held := wire.held
		wire.held = nil
		for _, f := range held {
			f()
		}
	}
}

// silent tells a membership that a link is silent, or heard again.
func (w *roomWorld) silent(e *roomEnd, silent bool) {
	if e.silent != silent {
		e.silent = silent
		e.run.m.handleSilent(w.now, e.key, silent)
		w.serve(e.run)
	}
}

// handleJoin has the called side decide about a Join.
func (w *roomWorld) handleJoin(e *roomEnd) {
	w.serial++
	e.key = linkKey(w.serial)
	if v := e.run.m.handleJoin(w.now, e.key, e.other.run.id, e.other.run.instance); v != joinProceed {
		w.wasted++
		w.close(e, false)
		return
	}
	e.run.ends[e.key] = e
	w.decide(e)
}

// decide lets the other side in, or has a person asked.
func (w *roomWorld) decide(e *roomEnd) {
	peer := e.other.run.id
	dialler := e == e.wire.ends[0]
	switch {
	case e.closed || e.here || dialler && !e.there:
	case e.run.m.admitted(peer) || !e.run.asks:
		e.here, e.knocks = true, false
		w.send(e, func() { e.other.there = true; w.decide(e.other); w.open(e.other) })
		w.open(e)
	case !e.knocks:
		e.knocks = true
		w.after(w.between(100*time.Millisecond, 400*time.Millisecond), func() {
			if !e.closed && !e.run.over && e.knocks {
				e.run.m.admit(peer)
				w.serve(e.run)
			}
		})
	}
}

// consider looks again at all who wait to be let in.
func (w *roomWorld) consider(r *roomRun) {
	for _, e := range sortedEnds(r) {
		w.decide(e)
	}
}

// open opens a link once both sides want it.
func (w *roomWorld) open(e *roomEnd) {
	if e.here && e.there && !e.open && !e.closed {
		e.open = true
		e.run.m.handleOpen(w.now, e.key, e.other.run.id, e.other.run.instance, []netip.AddrPort{e.other.run.addr})
	}
}

// listenAll is listen for all connections. Those that are over are forgotten.
func (w *roomWorld) listenAll() {
	wires := w.wires
	w.wires = nil
	for _, wire := range wires {
		w.listen(wire)
		if a, b := wire.ends[0], wire.ends[1]; !a.gone() || !b.gone() {
			w.wires = append(w.wires, wire)
		}
	}
}

func (e *roomEnd) gone() bool { return e.closed || e.run.over }

// sortedEnds are a run's connections in a fixed order: a map's would not be the
// seed's.
func sortedEnds(r *roomRun) []*roomEnd {
	var ends []*roomEnd
	for _, l := range r.m.links {
		if e := r.ends[l.key]; e != nil {
			ends = append(ends, e)
		}
	}
	return ends
}
