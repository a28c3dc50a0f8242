package peer

import (
	"errors"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
)

// Why a room was not entered, or left.
var (
	ErrNoRoom     = errors.New("that room is not there")
	ErrLocked     = errors.New("the room is locked")
	ErrFull       = errors.New("the room is full")
	ErrRemoved    = errors.New("removed from the room")
	ErrPassphrase = errors.New("the passphrases differ")
	errLinked     = errors.New("another connection leads to the same member")
)

const (
	// knockTimeout is for how long somebody may wait before a room.
	knockTimeout = 10 * time.Minute
	// goneTimeout ends a link in a room on which nothing is heard: others there
	// wait for no one.
	goneTimeout = 8 * time.Second
)

// entry is how two members of a room let each other in, without I/O: the dialler
// says Join; whoever knows a passphrase proves it, the callee first; each side says
// Admitted when it lets the other one in, and the link is open once both have.
// Whether to let somebody in is the conference's to say.
type entry struct {
	join     *quicproto.Join // of the caller; nil until it has come
	admitted *quicproto.Admitted
	here     bool // we let the other side in
	knocks   bool // the other side waits for a person here
	refused  bool // that person does not want it

	offer     *certs.PassphraseOffer     // ours, as the caller
	challenge *certs.PassphraseChallenge // ours, as the callee
	proven    bool                       // the other side has shown the passphrase
	failed    bool                       // or has shown another one
}

// newEntry begins a link to a member on a fresh connection, which we have dialled.
func newEntry(now time.Time, hello *quicproto.Hello, join *quicproto.Join, offer *certs.PassphraseOffer) *call {
	c := &call{outgoing: true, state: StateDialing, deadline: now.Add(greetTimeout), heard: now}
	c.entry = &entry{offer: offer}
	c.send(hello)
	c.send(join)
	return c
}

// handleJoin takes the first message of a caller who wants to enter a room; false if
// it does not fit.
func (c *call) handleJoin(now time.Time, m *quicproto.Join) bool {
	if c.rung || c.entry != nil {
		return false
	}
	c.entry = &entry{join: m}
	c.deadline = now.Add(greetTimeout)
	return true
}

// handleMember takes what members say to each other before their link is open; false
// if it does not fit.
func (c *call) handleMember(now time.Time, m quicproto.Message) bool {
	e := c.entry
	switch m := m.(type) {
	case *quicproto.Admitted:
		if e.admitted != nil {
			return false
		}
		e.admitted = m
		c.open(now)
	case *quicproto.Response:
		return c.handleResponse(m)
	default:
		return c.outgoing && c.handleHost(now, m)
	}
	return true
}

// handleHost takes what only the callee says, to the caller.
func (c *call) handleHost(now time.Time, m quicproto.Message) bool {
	switch m := m.(type) {
	case *quicproto.Ringing:
		if c.state != StateDialing {
			return false
		}
		c.state, c.deadline = StateRinging, now.Add(knockTimeout)
	case *quicproto.Challenge:
		return c.handleChallenge(m)
	case *quicproto.Decline:
		c.end(turnedAway(m.Code))
	case *quicproto.Busy:
		c.end(ErrBusy)
	default:
		return false
	}
	return true
}

// handleChallenge checks that the callee knows the passphrase, and shows that we do.
func (c *call) handleChallenge(m *quicproto.Challenge) bool {
	e := c.entry
	if e.offer == nil {
		return false
	}
	tag, err := e.offer.Answer(m.Share, m.Tag)
	e.offer = nil
	if err != nil {
		c.turnAway(quicproto.DeclinePassphrase)
		return true
	}
	e.proven = true
	c.send(&quicproto.Response{Tag: tag})
	return true
}

// handleResponse checks that the caller knows the passphrase.
func (c *call) handleResponse(m *quicproto.Response) bool {
	e := c.entry
	if e.challenge == nil {
		return false
	}
	e.proven = e.challenge.Check(m.Tag) == nil
	e.failed = !e.proven
	e.challenge = nil
	return true
}

// challenge has the caller prove the passphrase.
func (c *call) challenge(p *certs.PassphraseChallenge) {
	c.entry.challenge = p
	c.send(&quicproto.Challenge{Share: p.Share(), Tag: p.Tag()})
}

// admit lets the other side in.
func (c *call) admit(now time.Time, m *quicproto.Admitted) {
	if e := c.entry; !e.here {
		e.here, e.knocks = true, false
		c.send(m)
		c.open(now)
	}
}

// open opens the link once both sides have let each other in. Until the other side
// has, a person there may be asked.
func (c *call) open(now time.Time) {
	switch e := c.entry; {
	case c.state == StateEnded:
	case e.here && e.admitted != nil:
		c.connect(now)
	default:
		c.deadline = now.Add(knockTimeout)
	}
}

// knock has the other side wait for a person here.
func (c *call) knock(now time.Time) {
	c.entry.knocks = true
	c.deadline = now.Add(knockTimeout)
	if !c.outgoing {
		c.confirm()
	}
}

// turnAway refuses to let the other side in.
func (c *call) turnAway(code quicproto.DeclineCode) {
	if c.state == StateEnded {
		return
	}
	if c.outgoing || c.media() {
		c.send(&quicproto.Bye{Code: code})
	} else {
		c.send(&quicproto.Decline{Code: code})
	}
	c.end(nil)
	c.removes = code == quicproto.DeclineRemoved
	if code == quicproto.DeclinePassphrase {
		c.err = ErrPassphrase
	}
}

// turnedAway is what a Decline means for who wants to enter a room.
func turnedAway(code quicproto.DeclineCode) error {
	switch code {
	case quicproto.DeclineNoRoom:
		return ErrNoRoom
	case quicproto.DeclineLocked:
		return ErrLocked
	case quicproto.DeclineRemoved:
		return ErrRemoved
	case quicproto.DeclinePassphrase:
		return ErrPassphrase
	case quicproto.DeclineLinked:
		return errLinked
	case quicproto.DeclineFull:
		return ErrFull
	}
	return ErrDeclined
}
