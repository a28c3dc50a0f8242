package main

import (
	"context"
	"fmt"
	"time"

	"github.com/skulltech/prattle/peer"
)

// conversation is one call as the person lives it.
type conversation struct {
	seat
	link      *peer.Link
	dialled   []string // HOST:PORT, to be kept with the contact
	state     peer.State
	connected bool
	compared  bool // the person has said that the numbers are the same
}

func (c *conversation) run(ctx context.Context) error {
	var hangUp <-chan time.Time
	var lines <-chan string
	stop := ctx.Done()
	contacts := time.NewTicker(bookInterval)
	defer contacts.Stop()
	c.stateChanged() // a call that was accepted at once tells of nothing else
	for {
		if c.connected && hangUp == nil && c.settings.duration > 0 {
			hangUp = time.After(c.settings.duration)
		}
		if c.connected && lines == nil && c.settings.view != "terminal" {
			lines = c.console.typing.begin()
		}
		select {
		case e := <-c.room.Events():
			c.handle(e)
		case line, ok := <-lines:
			if !ok {
				lines = make(chan string) // stdin has ended; the call goes on
				continue
			}
			c.line(line)
		case <-contacts.C:
			c.refreshBook()
			c.meet()
		case <-hangUp:
			c.link.HangUp()
		case <-stop:
			stop = nil
			c.link.HangUp()
		case <-c.link.Done():
			next := c.link.Successor()
			if next == nil {
				return c.outcome()
			}
			c.goOn(next)
		}
	}
}

// leave hangs up.
func (c *conversation) leave() { c.link.HangUp() }

func (c *conversation) outcome() error {
	err := c.link.Err()
	c.log.Info("call ended", "peer", c.link.Peer().Short(), "reason", err)
	if c.fault != nil {
		return c.fault
	}
	return c.stoppedOr(err)
}

func (c *conversation) handle(e peer.Event) {
	c.session.handle(e)
	switch e.Kind {
	case peer.EventRing:
		e.Link.Decline("busy")
	case peer.EventDevice:
		c.deviceFailed(e.Err, c.leave)
	case peer.EventView:
		c.viewed(e.View, c)
	case peer.EventDelivered:
		c.console.printf("  ✓ delivered")
		c.screen.delivered(e.ID)
	}
	if e.Link != c.link {
		return
	}
	switch e.Kind {
	case peer.EventState:
		c.stateChanged()
	case peer.EventPath:
		c.tell("the call goes %s now", pathWords(c.link.Path()))
	case peer.EventVerify:
		c.showNumber()
	case peer.EventHold:
		c.holdChanged()
	case peer.EventChat:
		line := c.screen.name() + ": " + e.Text
		c.screen.say(line)
		fmt.Fprintln(c.chatOutput(), line)
	}
}

func (c *conversation) stateChanged() {
	state := c.link.State()
	if state == c.state {
		return // something else about the link has changed
	}
	c.state = state
	switch state {
	case peer.StateRinging:
		c.meet()
		if c.link.Outgoing() {
			c.console.aloud("ringing %s …", c.screen.name())
		}
	case peer.StateConnected:
		if !c.connected {
			c.begin()
		} else {
			c.console.printf("connected again")
		}
	case peer.StateReconnecting:
		c.console.printf("nothing is heard from %s: reconnecting …", c.screen.name())
	}
}

// goOn follows the call to another link: another device has taken it, or the
// connection was lost and there is a new one.
func (c *conversation) goOn(next *peer.Link) {
	c.link = next
	c.screen.goOn(next)
	c.stateChanged()
}

// begin tells that the call has been accepted, and whom it is with.
func (c *conversation) begin() {
	c.connected = true
	who := c.meet()
	c.screen.begin(c.link)
	c.log.Info("connected", "peer", c.link.Peer().Short())
	c.console.printf("connected with %s (%s)", c.screen.name(), c.link.Peer())
	if s := who.introduction(); s != "" {
		c.console.printf("%s", s)
	}
}

// meet finds out what we know of the other side, which may have changed, and lets
// the screen say it.
func (c *conversation) meet() acquaintance {
	who := c.acquaintance(c.link)
	c.screen.meet(who.name(c.link.Name()), who.verified() || c.compared)
	return who
}

func (c *conversation) holdChanged() {
	here, there := c.link.Held()
	c.screen.hold(here, there)
	switch {
	case here:
		c.tell("on hold: nothing is sent and nothing is played; p or /hold goes on")
	case there:
		c.tell("%s has put you on hold: nothing is sent", c.screen.name())
	default:
		c.tell("the call goes on")
	}
}
