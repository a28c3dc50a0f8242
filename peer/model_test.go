package peer

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
)

// The model: three people with a line each, connections between them whose
// messages wait until the test delivers them, and calls that consult their lines as
// links do. No network, no goroutine, no clock.

type world struct {
	now    time.Time
	people []*modelPerson
	wires  []*wire
	dials  []*modelDial
}

type modelPerson struct {
	name    string
	id      certs.PeerID
	line    line
	admits  map[*modelPerson]Admission
	wants   map[*modelPerson]bool // whom it has ever called
	tickets bool                  // its Redeem finds tickets good
}

// wire is one connection. Its ends queue what the other has to read.
type wire struct {
	ends [2]*end // the dialler's, the listener's
	// dirty says that somebody forged what is on it.
	dirty bool
}

type end struct {
	who, peer *modelPerson
	wire      *wire
	other     *end
	call      *call
	party     *party
	inbox     []quicproto.Message
	woken     bool
	closed    bool // its side is done with the connection

	consented bool // the person, a ticket or an own call agreed
	heardYes  bool // an Accept has come
	solved    bool // the puzzle
	ended     bool
}

// modelDial is an attempt that has no connection yet.
type modelDial struct {
	from, to *modelPerson
	ticket   bool
	party    *party
}

func newWorld(t *rapid.T) *world {
	w := &world{now: time.Unix(1000, 0)}
	for i, name := range []string{"Ada", "Bob", "Eve"} {
		p := &modelPerson{name: name, id: certs.PeerID{byte(i + 1)}, admits: make(map[*modelPerson]Admission), wants: make(map[*modelPerson]bool)}
		p.line.own = p.id
		w.people = append(w.people, p)
	}
	for _, p := range w.people {
		p.tickets = rapid.Bool().Draw(t, p.name+" redeems")
		for _, q := range w.people {
			p.admits[q] = Admission(rapid.IntRange(int(AdmitKnock), int(AdmitRing)).Draw(t, p.name+" admits "+q.name))
		}
	}
	return w
}

func (w *world) dial(from, to *modelPerson, anonymous, ticket bool) {
	if from == to || w.admitsNot(from, to) {
		return
	}
	d := &modelDial{from: from, to: to, ticket: ticket, party: new(party)}
	if !anonymous {
		d.party.peer = to.id
	}
	from.wants[to] = true
	from.line.dial(d.party)
	if d.party.with != nil {
		from.line.end(d.party)
		return
	}
	w.dials = append(w.dials, d)
}

func (w *world) admitsNot(a, b *modelPerson) bool {
	return a.admits[b] == AdmitNever || b.admits[a] == AdmitNever
}

// reach completes a dial, or finds it to be needless.
func (w *world) reach(d *modelDial) {
	w.dials = slices.DeleteFunc(w.dials, func(o *modelDial) bool { return o == d })
	d.from.line.dialled(d.party, d.to.id)
	if d.party.with != nil || w.admitsNot(d.from, d.to) {
		d.from.line.end(d.party)
		return
	}
	ring := new(quicproto.Ring)
	if d.ticket {
		ring.Ticket = make(quicproto.Secret, quicproto.SecretSize)
	}
	price := 0
	if d.to.admits[d.from] == AdmitStranger {
		price = 10
	}
	x := &end{who: d.from, peer: d.to, call: newCall(w.now, hello, ring, 0), party: d.party, woken: true}
	y := &end{who: d.to, peer: d.from, call: newCall(w.now, hello, nil, price), woken: true}
	y.party = &party{peer: d.from.id, admission: d.to.admits[d.from]}
	c := &wire{ends: [2]*end{x, y}}
	for i, e := range c.ends {
		e.wire, e.other = c, c.ends[1-i]
		e.party.wake = func() { e.woken = true }
	}
	y.who.line.greet(y.party)
	w.wires = append(w.wires, c)
	w.turn(x)
	w.turn(y)
}

func (w *world) giveUp(d *modelDial) {
	w.dials = slices.DeleteFunc(w.dials, func(o *modelDial) bool { return o == d })
	d.from.line.end(d.party)
}

// turn is one turn of a link's loop.
func (w *world) turn(e *end) {
	if e.ended {
		return
	}
	e.woken = false
	answers := e.party.order == orderAnswer
	if e.party.consult(w.now, &e.who.line, e.call) {
		good := e.who.tickets
		e.consented = e.consented || good
		e.party.redeemed(w.now, &e.who.line, e.call, good, quicproto.DeclineTicketUsed)
	}
	if answers = answers || e.party.step == stepTalking && !e.consented; answers && e.call.media() && !e.call.outgoing {
		e.consented = e.who.wants[e.peer]
	}
	w.flush(e)
	if e.call.state == StateEnded && !e.ended {
		e.party.consult(w.now, &e.who.line, e.call)
		e.ended, e.closed = true, true
	}
}

// flush sends what a call has to say, unless the other side is gone.
func (w *world) flush(e *end) {
	if !e.other.closed {
		e.other.inbox = append(e.other.inbox, e.call.out...)
	}
	e.call.out = nil
}

// read has an end take its next message, or notice that the other side is gone.
func (w *world) read(e *end) {
	if e.ended {
		return
	}
	if len(e.inbox) == 0 {
		if e.other.closed {
			e.call.lose(ErrLost)
			w.turn(e)
		}
		return
	}
	m := e.inbox[0]
	e.inbox = e.inbox[1:]
	w.take(e, m)
}

func (w *world) take(e *end, m quicproto.Message) {
	if e.ended {
		return
	}
	switch m := m.(type) {
	case *quicproto.Accept:
		e.heardYes = true
		e.call.handleMessage(w.now, m)
	case *quicproto.Proof:
		e.call.handleProof(w.now, m.Nonce == 7)
	case *quicproto.Streams:
		e.call.handleHold(m.Held)
	default:
		e.call.handleMessage(w.now, m)
	}
	if e.call.puzzle != 0 && !e.solved {
		e.solved = true
		e.call.prove(7)
	}
	w.turn(e)
}

func (w *world) live() (ends []*end) {
	for _, c := range w.wires {
		for _, e := range c.ends {
			if !e.ended {
				ends = append(ends, e)
			}
		}
	}
	return ends
}

func (w *world) wait(d time.Duration) {
	w.now = w.now.Add(d)
	for _, e := range w.live() {
		e.call.handleHeard(w.now)
		e.call.advance(w.now)
		w.turn(e)
	}
}

// revoke is Reconsider after a peer was blocked.
func (w *world) revoke(p, q *modelPerson) {
	p.admits[q] = AdmitNever
	for _, e := range w.live() {
		if e.who == p && e.peer == q {
			e.party.give(orderRevoke, stepOver)
		}
	}
	p.line.settle()
}

// steps are what may happen next.
var modelSteps = []struct {
	name   string
	weight int
	do     func(*rapid.T, *world)
}{
	{"dial", 3, func(t *rapid.T, w *world) {
		from, to := drawPerson(t, w), drawPerson(t, w)
		w.dial(from, to, rapid.Bool().Draw(t, "anonymous"), rapid.IntRange(0, 4).Draw(t, "ticket") == 0)
	}},
	{"reach", 6, func(t *rapid.T, w *world) { onOne(t, w.dials, w.reach) }},
	{"give up", 1, func(t *rapid.T, w *world) { onOne(t, w.dials, w.giveUp) }},
	{"read", 20, func(t *rapid.T, w *world) { onOne(t, w.live(), w.read) }},
	{"turn", 8, func(t *rapid.T, w *world) {
		onOne(t, slices.DeleteFunc(w.live(), func(e *end) bool { return !e.woken }), w.turn)
	}},
	{"accept", 3, func(t *rapid.T, w *world) {
		onOne(t, w.live(), func(e *end) {
			if e.party.accept(w.now, &e.who.line, e.call) {
				e.consented = true
			}
			w.turn(e)
		})
	}},
	{"decline", 1, func(t *rapid.T, w *world) {
		onOne(t, w.live(), func(e *end) { e.call.refuse(new(quicproto.Decline)); w.turn(e) })
	}},
	{"hang up", 1, func(t *rapid.T, w *world) { onOne(t, w.live(), func(e *end) { e.call.hangUp(""); w.turn(e) }) }},
	{"hold", 2, func(t *rapid.T, w *world) {
		on := rapid.Bool().Draw(t, "on")
		onOne(t, w.live(), func(e *end) {
			if e.call.hold(on) {
				e.call.send(&quicproto.Streams{Held: on})
			}
			w.turn(e)
		})
	}},
	{"wait", 1, func(t *rapid.T, w *world) {
		w.wait(time.Duration(rapid.IntRange(1, 40).Draw(t, "seconds")) * time.Second)
	}},
	{"cut", 1, func(t *rapid.T, w *world) {
		onOne(t, w.live(), func(e *end) { e.call.lose(ErrLost); w.turn(e) })
	}},
	{"revoke", 1, func(t *rapid.T, w *world) {
		if p, q := drawPerson(t, w), drawPerson(t, w); p != q && rapid.IntRange(0, 9).Draw(t, "really") == 0 {
			w.revoke(p, q)
		}
	}},
	{"pardon", 1, func(t *rapid.T, w *world) {
		p, q := drawPerson(t, w), drawPerson(t, w)
		p.admits[q] = Admission(rapid.IntRange(int(AdmitKnock), int(AdmitRing)).Draw(t, "admission"))
	}},
	{"duplicate", 1, func(t *rapid.T, w *world) {
		onOne(t, w.live(), func(e *end) {
			if len(e.inbox) > 0 {
				e.wire.dirty = true
				e.inbox = append(e.inbox, e.inbox[rapid.IntRange(0, len(e.inbox)-1).Draw(t, "which")])
			}
		})
	}},
	{"reorder", 1, func(t *rapid.T, w *world) {
		onOne(t, w.live(), func(e *end) {
			if n := len(e.inbox); n > 1 {
				e.wire.dirty = true
				e.inbox[0], e.inbox[n-1] = e.inbox[n-1], e.inbox[0]
			}
		})
	}},
	{"forge", 1, func(t *rapid.T, w *world) {
		m := rapid.SampledFrom([]quicproto.Message{hello, new(quicproto.Ring), new(quicproto.Ringing), new(quicproto.Accept),
			new(quicproto.Decline), new(quicproto.Busy), new(quicproto.Bye), &quicproto.Puzzle{Bits: 9}, new(quicproto.Proof),
			&quicproto.Proof{Nonce: 7}, &quicproto.Streams{Held: true}}).Draw(t, "message")
		onOne(t, w.live(), func(e *end) { e.wire.dirty = true; w.take(e, m) })
	}},
	{"wrong peer", 1, func(t *rapid.T, w *world) {
		onOne(t, w.live(), func(e *end) {
			onOne(t, w.live(), func(from *end) {
				if len(from.inbox) > 0 {
					e.wire.dirty = true
					w.take(e, from.inbox[0])
				}
			})
		})
	}},
}

func drawPerson(t *rapid.T, w *world) *modelPerson {
	return w.people[rapid.IntRange(0, len(w.people)-1).Draw(t, "person")]
}

func onOne[T any](t *rapid.T, all []T, do func(T)) {
	if len(all) > 0 {
		do(all[rapid.IntRange(0, len(all)-1).Draw(t, "which")])
	}
}

// check holds the world against what must be so whatever happens.
func (w *world) check(t *rapid.T) {
	for _, p := range w.people {
		w.checkLine(t, p)
	}
	for _, c := range w.wires {
		for _, e := range c.ends {
			w.checkEnd(t, e)
		}
	}
}

func (w *world) checkLine(t *rapid.T, p *modelPerson) {
	var ringing, parties int
	for _, q := range p.line.parties {
		if q.step == stepRinging {
			ringing++
		}
	}
	if ringing > 1 {
		t.Fatalf("%s is rung by %d at once", p.name, ringing)
	}
	if n := p.line.waiting(); n > maxQueue {
		t.Fatalf("%d wait for %s", n, p.name)
	}
	for _, e := range w.live() {
		if e.who == p {
			parties++
		}
	}
	for _, d := range w.dials {
		if d.from == p {
			parties++
		}
	}
	if parties != len(p.line.parties) {
		t.Fatalf("%s's line knows %d parties of %d", p.name, len(p.line.parties), parties)
	}
	before := fmt.Sprint(p.line.steps())
	if p.line.settle(); fmt.Sprint(p.line.steps()) != before {
		t.Fatalf("%s's line had left something undecided", p.name)
	}
}

func (n *line) steps() (steps []step) {
	for _, p := range n.parties {
		steps = append(steps, p.step)
	}
	return steps
}

func (w *world) checkEnd(t *rapid.T, e *end) {
	c := e.call
	switch {
	case e.ended && (c.state != StateEnded || c.media()):
		t.Fatalf("%s's ended call is %s", e.who.name, c.state)
	case c.flows() && (c.holding || c.held):
		t.Fatal("media on hold")
	case c.media() && c.outgoing && !e.heardYes:
		t.Fatalf("%s talks to %s, who has not accepted", e.who.name, e.peer.name)
	case c.media() && !c.outgoing && !e.consented:
		t.Fatalf("%s talks to %s and has not agreed to it", e.who.name, e.peer.name)
	case c.asked && c.owes:
		t.Fatalf("%s is asked about a stranger who has not paid", e.who.name)
	case c.asked && e.party.admission < AdmitStranger:
		t.Fatalf("%s is asked about somebody who may not ring", e.who.name)
	case !e.woken && !e.ended && (e.party.order != orderNone || e.party.step == stepOver):
		t.Fatalf("%s's call does not know of an order", e.who.name)
	case !e.woken && c.media() && e.party.step != stepTalking:
		t.Fatalf("%s talks, and the line does not know (%d)", e.who.name, e.party.step)
	}
	if next := c.next(); !e.ended && !c.media() && (next.IsZero() || next.Sub(w.now) > ringTimeout) {
		t.Fatalf("%s's call would stay %s for ever", e.who.name, c.state)
	}
	if c.media() && e.who.admits[e.peer] == AdmitNever && !e.woken {
		t.Fatalf("%s talks to %s, who is blocked", e.who.name, e.peer.name)
	}
}

// quiesce delivers everything, in random order, until nothing is left to happen.
func (w *world) quiesce(t *rapid.T) {
	for {
		var todo []func()
		for _, d := range w.dials {
			todo = append(todo, func() { w.reach(d) })
		}
		for _, e := range w.live() {
			if e.woken {
				todo = append(todo, func() { w.turn(e) })
			}
			if len(e.inbox) > 0 || e.other.closed {
				todo = append(todo, func() { w.read(e) })
			}
		}
		if len(todo) == 0 {
			return
		}
		onOne(t, todo, func(do func()) { do() })
		w.check(t)
	}
}

// Whatever people, networks and hostile peers do, nobody is seen or heard who has
// not agreed to it, nobody rings who may not, at most one rings at a time, and
// nothing lasts for ever.
func TestConsentModel(t *testing.T) {
	const stepsPerCheck = 1200
	var steps []string
	for _, s := range modelSteps {
		for range s.weight {
			steps = append(steps, s.name)
		}
	}
	do := make(map[string]func(*rapid.T, *world))
	for _, s := range modelSteps {
		do[s.name] = s.do
	}
	done, connected := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range stepsPerCheck {
			do[rapid.SampledFrom(steps).Draw(t, "step")](t, w)
			w.check(t)
			connected += w.tidy()
			done++
		}
		w.quiesce(t)
		w.checkAgreement(t)
	})
	t.Logf("%d steps, %d calls connected", done, connected)
	if want := 100_000; !testing.Short() && done < want {
		t.Errorf("only %d steps, want %d: see -rapid.checks", done, want)
	}
}

// tidy forgets wires both of whose ends have ended and returns how many of them
// had been talked on.
func (w *world) tidy() (talked int) {
	w.wires = slices.DeleteFunc(w.wires, func(c *wire) bool {
		over := c.ends[0].ended && c.ends[1].ended
		if over && c.ends[0].heardYes {
			talked++
		}
		return over
	})
	return talked
}

// checkAgreement: once all is said, both ends of a connection see it alike.
func (w *world) checkAgreement(t *rapid.T) {
	for _, c := range w.wires {
		x, y := c.ends[0], c.ends[1]
		if !c.dirty && x.call.media() != y.call.media() {
			t.Fatalf("%s is %s while %s is %s", x.who.name, x.call.state, y.who.name, y.call.state)
		}
	}
}

// Two people who call each other at once get exactly one call, and nobody is
// asked. If both rang it is the dial of the lower ID.
func TestGlareModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		ada, bob := w.people[0], w.people[1]
		w.dial(ada, bob, rapid.Bool().Draw(t, "anonymous"), false)
		w.dial(bob, ada, rapid.Bool().Draw(t, "anonymous"), false)
		if rapid.Bool().Draw(t, "both ring") {
			for len(w.dials) > 0 {
				w.reach(w.dials[0])
			}
		}
		both := len(w.wires) == 2
		w.quiesce(t)
		var talks []*wire
		for _, c := range w.wires {
			for _, e := range c.ends {
				if e.call.asked {
					t.Fatalf("%s was asked", e.who.name)
				}
			}
			if c.ends[0].call.media() && c.ends[1].call.media() {
				talks = append(talks, c)
			}
		}
		if len(talks) != 1 {
			t.Fatalf("%d calls", len(talks))
		}
		if both && talks[0].ends[0].who != ada {
			t.Fatal("the dial of the higher ID won")
		}
		if n := len(w.live()); n != 2 {
			t.Fatalf("%d ends are left", n)
		}
	})
}
