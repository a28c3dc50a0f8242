package peer

import (
	"time"

	"github.com/skulltech/prattle/quicproto"
)

// A call and the room's line meet here, without I/O: whatever has happened to the
// call, the line hears of it, and what the line decides, about this call or because
// of another, the call does. The line is under the room's lock meanwhile.

// consult tells the line what has become of the call and does what it has ordered.
// If it says redeem, the caller's ticket has to be looked at, and redeemed called
// with what came of it.
func (p *party) consult(now time.Time, n *line, c *call) (redeem bool) {
	p.silent = c.state == StateReconnecting
	switch {
	case c.state == StateEnded:
		n.leave(p, c.err)
	case c.media():
		n.connect(p)
	case c.ready():
		p.ticket = c.ticket != nil
		n.ring(p)
	}
	o := p.order
	p.order = orderNone
	if o == orderRing && p.ticket {
		return true
	}
	c.obey(now, o)
	if c.state == StateEnded {
		n.leave(p, c.err)
	}
	return false
}

// redeemed accepts the call if its ticket is good, and declines it if not.
func (p *party) redeemed(now time.Time, n *line, c *call, good bool, code quicproto.DeclineCode) {
	c.ticket = nil
	if p.step != stepRinging {
		return // its caller gave up
	}
	if !good {
		c.refuse(&quicproto.Decline{Code: code})
		n.end(p)
		return
	}
	if c.answer(now) {
		n.connect(p)
	}
}

// accept takes the call for the person who was asked; false if it rings no more.
func (p *party) accept(now time.Time, n *line, c *call) bool {
	if p.step != stepRinging || !c.asked || !c.answer(now) {
		return false
	}
	n.connect(p)
	return true
}

// obey does what the line orders.
func (c *call) obey(now time.Time, o order) {
	switch o {
	case orderQueue:
		c.confirm()
	case orderRing:
		c.ask()
	case orderAnswer:
		c.answer(now)
	case orderBusy:
		c.miss(MissedBusy)
		c.refuse(new(quicproto.Busy))
	case orderKnock:
		c.miss(MissedKnock)
		c.hangUp("")
	case orderQuiet:
		c.goElsewhere()
	case orderRevoke:
		c.end(ErrRevoked)
	}
}
