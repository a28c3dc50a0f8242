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
	// silenceTimeout is how long nothing may be heard before the person is told:
	// feedback and keep-alives come several times a second.
	silenceTimeout = 2 * time.Second
)

// call is the consent part of a link, without I/O: who rings, who accepts, and
// what may be said when. Media may flow only while media() is true.
type call struct {
	outgoing bool
	state    State
	greeted  bool // the other side's Hello has come
	deadline time.Time
	heard    time.Time // when anything last came from the other side
	err      error     // why it ended; nil after a polite end

	out []quicproto.Message // to be sent
}

// newCall begins on a fresh connection. The dialler speaks first.
func newCall(now time.Time, outgoing bool, hello *quicproto.Hello) *call {
	c := &call{outgoing: outgoing, state: StateDialing, deadline: now.Add(greetTimeout), heard: now}
	c.send(hello)
	if outgoing {
		c.send(new(quicproto.Ring))
	}
	return c
}

func (c *call) send(m quicproto.Message) { c.out = append(c.out, m) }

// media says whether the call has been accepted and not ended.
func (c *call) media() bool { return c.state == StateConnected || c.state == StateReconnecting }

// handleMessage takes a message that belongs to the call. Messages that do not
// fit the state are a fault of the other side, but for those that may cross
// each other on the way.
func (c *call) handleMessage(now time.Time, m quicproto.Message) {
	if c.state == StateEnded {
		return
	}
	if _, ok := m.(*quicproto.Hello); ok != !c.greeted {
		c.end(ErrProtocol) // Hello comes first and once
		return
	}
	switch m := m.(type) {
	case *quicproto.Hello:
		c.greeted = true
		if c.outgoing {
			c.ring(now)
		}
	case *quicproto.Ring:
		if c.outgoing || c.state != StateDialing {
			c.end(ErrProtocol)
			return
		}
		c.ring(now)
	case *quicproto.Accept:
		if !c.outgoing || c.state != StateRinging {
			c.end(ErrProtocol)
			return
		}
		c.connect(now)
	case *quicproto.Decline:
		c.end(ErrDeclined)
	case *quicproto.Busy:
		c.end(ErrBusy)
	case *quicproto.Bye:
		c.handleBye(m)
	}
}

// handleBye: a caller who gives up while it rings has not been answered.
func (c *call) handleBye(*quicproto.Bye) {
	if c.media() {
		c.end(nil)
		return
	}
	c.end(ErrNoAnswer)
}

func (c *call) ring(now time.Time) {
	c.state, c.deadline = StateRinging, now.Add(ringTimeout)
}

func (c *call) connect(now time.Time) {
	c.state, c.deadline = StateConnected, time.Time{}
	c.heard = now
}

// accept takes an incoming call that rings; false if it rings no more.
func (c *call) accept(now time.Time) bool {
	if c.outgoing || c.state != StateRinging {
		return false
	}
	c.send(new(quicproto.Accept))
	c.connect(now)
	return true
}

// refuse declines an incoming call, or says that the line is busy.
func (c *call) refuse(m quicproto.Message) {
	if c.state == StateEnded {
		return
	}
	c.send(m)
	c.end(nil)
}

// hangUp ends the call politely.
func (c *call) hangUp(reason string) {
	if c.state == StateEnded {
		return
	}
	c.send(&quicproto.Bye{Reason: reason})
	c.end(nil)
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
		ringing := c.state == StateRinging
		c.send(&quicproto.Bye{Reason: "timeout"})
		if ringing {
			c.end(ErrNoAnswer)
		} else {
			c.end(ErrProtocol)
		}
	}
	if c.state == StateConnected && now.Sub(c.heard) >= silenceTimeout {
		c.state = StateReconnecting
	}
}

// next says when advance has something to do; zero for never.
func (c *call) next() time.Time {
	if c.state == StateConnected {
		return c.heard.Add(silenceTimeout)
	}
	return c.deadline
}
