package peer

import (
	"errors"
	"time"

	"github.com/skulltech/prattle/quicproto"
)

// State is where a link stands, as traces and events name it.
type State string

// The states of a link, in the order in which a call passes through them.
const (
	StateDialing      State = "dialing"   // connecting, nobody's bell rings yet
	StateRinging      State = "ringing"   // the callee decides
	StateConnected    State = "connected" // media flows
	StateReconnecting State = "reconnecting"
	StateEnded        State = "ended"
)

// Why a call did not come about, or ended badly.
var (
	ErrDeclined = errors.New("declined")
	ErrBusy     = errors.New("busy")
	ErrNoAnswer = errors.New("no answer")
	ErrLost     = errors.New("the connection was lost")
	ErrProtocol = errors.New("the other side does not follow the protocol")
)

// Patience with the other side.
const (
	// ringTimeout ends a call that nobody answers.
	ringTimeout = 60 * time.Second
	// greetTimeout bounds the exchange of Hello and Ring once connected.
	greetTimeout = 5 * time.Second
	// puzzleTimeout is for a slow computer to solve a puzzle.
	puzzleTimeout = 20 * time.Second
	// silenceTimeout is how long nothing may be heard before the person is told:
	// feedback and keep-alives come several times a second.
	silenceTimeout = 2 * time.Second
)

// call is the consent part of a link, without I/O: who rings, who accepts, and
// what may be said when. Media may flow only while flows() is true. What other
// calls there are, and so who rings and who hears that we are busy, is the line's
// to say (see party.consult).
type call struct {
	outgoing bool
	state    State
	greeted  bool // the other side's Hello has come
	deadline time.Time
	heard    time.Time // when anything last came from the other side
	err      error     // why it ended; nil after a polite end

	price int // bits of the puzzle that a caller has to solve for its Ring

	// Of an incoming call:
	rung   bool             // its Ring has come
	owes   bool             // and the puzzle is not solved yet
	asked  bool             // the person is asked
	ticket quicproto.Secret // that the Ring brought
	resume quicproto.Secret // likewise, of the call that is to go on
	missed MissedReason     // why it was missed, once it has ended; or empty

	asksRoom bool // it is no call, but asks who is in our room

	puzzle int // bits of the puzzle that we are to solve as the caller; 0 for none

	holding, held bool // by this side, by the other

	entry     *entry // if it is a link in a room; nil if a call between two
	elsewhere bool   // the other side has ended it in favour of another connection
	removes   bool   // we have ended it because the other side was removed from the room

	out []quicproto.Message // to be sent
}

// newCall begins on a fresh connection. The dialler speaks first, and rings. price
// is what the listener asks of it for that.
func newCall(now time.Time, hello *quicproto.Hello, ring *quicproto.Ring, price int) *call {
	c := &call{outgoing: ring != nil, state: StateDialing, deadline: now.Add(greetTimeout), heard: now, price: price}
	c.send(hello)
	if c.outgoing {
		c.send(ring)
	}
	return c
}

func (c *call) send(m quicproto.Message) { c.out = append(c.out, m) }

// media says whether the call has been accepted and not ended.
func (c *call) media() bool { return c.state == StateConnected || c.state == StateReconnecting }

// flows says whether sound and pictures are sent and played.
func (c *call) flows() bool { return c.media() && !c.holding && !c.held }

// ready says whether an incoming call is to be put to the line.
func (c *call) ready() bool {
	return c.rung && !c.owes && (c.state == StateDialing || c.state == StateRinging)
}

// handleMessage takes a message that belongs to the call. One that does not fit
// the state is a fault of the other side.
func (c *call) handleMessage(now time.Time, m quicproto.Message) {
	if c.state == StateEnded {
		return
	}
	if _, ok := m.(*quicproto.Hello); ok != !c.greeted {
		c.end(ErrProtocol) // Hello comes first and once
		return
	}
	fits := true
	switch m := m.(type) {
	case *quicproto.Hello:
		c.handleHello(now)
	case *quicproto.Bye:
		c.handleBye(m)
	default:
		fits = c.handleOther(now, m)
	}
	if !fits {
		c.end(ErrProtocol)
	}
}

// handleOther takes what depends on who called, and what for; false if it does not
// fit.
func (c *call) handleOther(now time.Time, m quicproto.Message) bool {
	switch {
	case c.entry != nil:
		// Who was let in for another member's word may still be proving the passphrase.
		_, late := m.(*quicproto.Response)
		return (late || !c.media()) && c.handleMember(now, m)
	case c.outgoing:
		return c.handleCallee(now, m)
	}
	return c.handleCaller(now, m)
}

func (c *call) handleHello(now time.Time) {
	c.greeted = true
	if c.outgoing {
		c.deadline = now.Add(ringTimeout)
	}
}

// handleBye: a caller who gives up while it rings has not been answered, and
// neither has a caller who is told goodbye.
func (c *call) handleBye(m *quicproto.Bye) {
	c.elsewhere = m.Elsewhere
	switch {
	case c.entry != nil && m.Code != 0:
		c.end(turnedAway(m.Code))
		return
	case c.media() || c.entry != nil:
		c.end(nil)
		return
	}
	if !m.Elsewhere {
		c.miss(MissedGivenUp)
	}
	c.end(ErrNoAnswer)
}

// handleCallee takes what only a callee says, to a caller; false if it does not
// fit.
func (c *call) handleCallee(now time.Time, m quicproto.Message) bool {
	if c.media() {
		return false
	}
	switch m := m.(type) {
	case *quicproto.Ringing:
		if c.state != StateDialing {
			return false
		}
		c.state, c.deadline = StateRinging, now.Add(ringTimeout)
	case *quicproto.Puzzle:
		if c.puzzle != 0 || m.Bits == 0 || m.Bits > maxPuzzleBits {
			return false
		}
		c.puzzle = int(m.Bits)
	case *quicproto.Accept:
		c.connect(now)
	case *quicproto.Decline:
		c.end(declined(m.Code))
	case *quicproto.Busy:
		c.end(ErrBusy)
	default:
		return false
	}
	return true
}

func declined(code quicproto.DeclineCode) error {
	switch code {
	case quicproto.DeclineTicketUsed:
		return ErrTicketUsed
	case quicproto.DeclineTicketExpired:
		return ErrTicketExpired
	case quicproto.DeclineTicketUnknown:
		return ErrTicketUnknown
	}
	return ErrDeclined
}

// handleCaller takes what only a caller says, to a callee; false if it does not
// fit.
func (c *call) handleCaller(now time.Time, m quicproto.Message) bool {
	switch m := m.(type) {
	case *quicproto.Join:
		return c.handleJoin(now, m)
	case *quicproto.AskRoom:
		c.asksRoom = true
		return !c.rung
	case *quicproto.Ring:
		if c.rung {
			return false
		}
		c.rung, c.ticket, c.resume = true, m.Ticket, m.Resume
		c.deadline = now.Add(ringTimeout)
		if c.price > 0 && c.ticket == nil && c.resume == nil {
			c.owes, c.deadline = true, now.Add(puzzleTimeout)
			c.send(&quicproto.Puzzle{Bits: uint64(c.price)})
		}
		return true
	}
	return false
}

// handleProof takes the answer to our puzzle.
func (c *call) handleProof(now time.Time, right bool) {
	if c.state == StateEnded {
		return
	}
	if !c.owes || !right {
		c.end(ErrProtocol)
		return
	}
	c.owes, c.deadline = false, now.Add(ringTimeout)
}

// prove answers the other side's puzzle.
func (c *call) prove(nonce uint64) {
	if c.state != StateEnded {
		c.send(&quicproto.Proof{Nonce: nonce})
	}
}

// confirm lets the caller know that it waits for a person.
func (c *call) confirm() {
	if c.state == StateDialing {
		c.state = StateRinging
		c.send(new(quicproto.Ringing))
	}
}

// ask has the person asked.
func (c *call) ask() {
	c.confirm()
	c.asked = true
}

func (c *call) connect(now time.Time) {
	c.state, c.deadline = StateConnected, time.Time{}
	c.heard = now
}

// answer accepts an incoming call; false if it does not ring any more.
func (c *call) answer(now time.Time) bool {
	if !c.ready() {
		return false
	}
	c.send(new(quicproto.Accept))
	c.connect(now)
	return true
}

// refuse declines an incoming call, or says that the line is busy. One that was
// accepted it ends.
func (c *call) refuse(m quicproto.Message) {
	if c.media() || c.outgoing {
		c.hangUp("")
		return
	}
	if c.state != StateEnded {
		c.send(m)
		c.end(nil)
	}
}

// hangUp ends the call politely.
func (c *call) hangUp(reason string) {
	if c.state == StateEnded {
		return
	}
	c.send(&quicproto.Bye{Reason: reason})
	c.end(nil)
}

// goElsewhere ends the call because it takes place on another connection.
func (c *call) goElsewhere() {
	if c.state == StateEnded {
		return
	}
	c.send(&quicproto.Bye{Elsewhere: true})
	c.end(nil)
}

// miss notes why an incoming call that had come through was missed.
func (c *call) miss(why MissedReason) {
	if c.ready() {
		c.missed = why
	}
}

// lose ends the call because its connection ended.
func (c *call) lose(err error) {
	c.miss(MissedGivenUp)
	c.end(err)
}

// end ends the call because of err.
func (c *call) end(err error) {
	if c.state == StateEnded {
		return
	}
	c.state, c.err, c.deadline = StateEnded, err, time.Time{}
}

// handleHeard records that something came from the other side.
func (c *call) handleHeard(now time.Time) {
	c.heard = now
	if c.state == StateReconnecting {
		c.state = StateConnected
	}
}

// advance does what is due at now.
func (c *call) advance(now time.Time) {
	if !c.deadline.IsZero() && !now.Before(c.deadline) {
		c.timeOut()
	}
	silent := now.Sub(c.heard)
	if c.state == StateConnected && silent >= silenceTimeout {
		c.state = StateReconnecting
	}
	if c.state == StateReconnecting && c.entry != nil && silent >= goneTimeout {
		c.end(ErrLost)
	}
}

// timeOut ends a call on which nothing has happened for too long.
func (c *call) timeOut() {
	c.send(&quicproto.Bye{Reason: "timeout"})
	if c.outgoing && c.greeted || c.ready() {
		c.miss(MissedNoAnswer)
		c.end(ErrNoAnswer)
	} else {
		c.end(ErrProtocol)
	}
}

// next says when advance has something to do; zero for never.
func (c *call) next() time.Time {
	switch {
	case c.state == StateConnected:
		return c.heard.Add(silenceTimeout)
	case c.state == StateReconnecting && c.entry != nil:
		return c.heard.Add(goneTimeout)
	}
	return c.deadline
}
