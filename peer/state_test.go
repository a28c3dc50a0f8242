package peer

import (
	"errors"
	"testing"
	"time"

	"github.com/skulltech/prattle/quicproto"
)

var hello = &quicproto.Hello{Name: "x"}

// deliver carries what one side has to say to the other.
func deliver(now time.Time, from, to *call) {
	for _, m := range from.out {
		to.handleMessage(now, m)
	}
	from.out = nil
}

// callAndAsk makes a call that rings: the callee is being asked.
func callAndAsk(now time.Time) (caller, callee *call) {
	caller, callee = newCall(now, hello, new(quicproto.Ring), 0), newCall(now, hello, nil, 0)
	deliver(now, caller, callee)
	callee.ask()
	deliver(now, callee, caller)
	return caller, callee
}

func TestACallIsMadeAndEnded(t *testing.T) {
	now := time.Unix(1, 0)
	caller, callee := callAndAsk(now)
	if caller.state != StateRinging || callee.state != StateRinging {
		t.Fatalf("after the greeting: %s and %s", caller.state, callee.state)
	}
	if caller.media() || callee.media() {
		t.Fatal("media may flow before Accept")
	}
	if !callee.answer(now) {
		t.Fatal("the callee cannot accept")
	}
	deliver(now, callee, caller)
	if !caller.media() || !callee.media() {
		t.Fatal("media may not flow after Accept")
	}
	caller.hangUp("")
	deliver(now, caller, callee)
	if callee.state != StateEnded || callee.err != nil || caller.err != nil {
		t.Errorf("after the end: %s, %v and %v", callee.state, callee.err, caller.err)
	}
}

func TestHowCallsFail(t *testing.T) {
	for name, tc := range map[string]struct {
		callee func(now time.Time, c *call)
		want   error
	}{
		"declined":       {func(_ time.Time, c *call) { c.refuse(new(quicproto.Decline)) }, ErrDeclined},
		"ticket used":    {func(_ time.Time, c *call) { c.refuse(&quicproto.Decline{Code: quicproto.DeclineTicketUsed}) }, ErrTicketUsed},
		"ticket expired": {func(_ time.Time, c *call) { c.refuse(&quicproto.Decline{Code: quicproto.DeclineTicketExpired}) }, ErrTicketExpired},
		"ticket unknown": {func(_ time.Time, c *call) { c.refuse(&quicproto.Decline{Code: quicproto.DeclineTicketUnknown}) }, ErrTicketUnknown},
		"code of later":  {func(_ time.Time, c *call) { c.refuse(&quicproto.Decline{Code: 99}) }, ErrDeclined},
		"busy":           {func(now time.Time, c *call) { c.obey(now, orderBusy) }, ErrBusy},
		"knock":          {func(now time.Time, c *call) { c.obey(now, orderKnock) }, ErrNoAnswer},
		"timeout":        {func(now time.Time, c *call) { c.advance(now.Add(ringTimeout)) }, ErrNoAnswer},
		"rings back":     {func(_ time.Time, c *call) { c.send(new(quicproto.Ring)) }, ErrProtocol},
		"greets twice":   {func(_ time.Time, c *call) { c.send(hello) }, ErrProtocol},
		"rings twice":    {func(_ time.Time, c *call) { c.send(new(quicproto.Ringing)) }, ErrProtocol},
		"hard puzzle":    {func(_ time.Time, c *call) { c.send(&quicproto.Puzzle{Bits: maxPuzzleBits + 1}) }, ErrProtocol},
		"takes it back": {func(now time.Time, c *call) {
			c.answer(now)
			c.send(new(quicproto.Busy))
		}, ErrProtocol},
	} {
		now := time.Unix(1, 0)
		caller, callee := callAndAsk(now)
		tc.callee(now, callee)
		deliver(now, callee, caller)
		if caller.state != StateEnded || !errors.Is(caller.err, tc.want) {
			t.Errorf("%s: %s, %v", name, caller.state, caller.err)
		}
	}
}

func TestHowCallsAreMissed(t *testing.T) {
	for name, tc := range map[string]struct {
		end  func(now time.Time, caller, callee *call)
		want MissedReason
	}{
		"given up":   {func(_ time.Time, caller, _ *call) { caller.hangUp("") }, MissedGivenUp},
		"cut":        {func(_ time.Time, _, callee *call) { callee.lose(ErrLost) }, MissedGivenUp},
		"timeout":    {func(now time.Time, _, callee *call) { callee.advance(now.Add(ringTimeout)) }, MissedNoAnswer},
		"busy":       {func(now time.Time, _, callee *call) { callee.obey(now, orderBusy) }, MissedBusy},
		"knock":      {func(now time.Time, _, callee *call) { callee.obey(now, orderKnock) }, MissedKnock},
		"glare":      {func(now time.Time, _, callee *call) { callee.obey(now, orderQuiet) }, ""},
		"declined":   {func(_ time.Time, _, callee *call) { callee.refuse(new(quicproto.Decline)) }, ""},
		"nonsense":   {func(_ time.Time, caller, _ *call) { caller.send(hello) }, ""},
		"talked":     {func(now time.Time, caller, callee *call) { callee.answer(now); caller.hangUp("") }, ""},
		"we gave up": {func(_ time.Time, _, callee *call) { callee.hangUp("") }, ""},
	} {
		now := time.Unix(1, 0)
		caller, callee := callAndAsk(now)
		tc.end(now, caller, callee)
		deliver(now, caller, callee)
		if callee.state != StateEnded || callee.missed != tc.want {
			t.Errorf("%s: %s, missed %q, want %q", name, callee.state, callee.missed, tc.want)
		}
	}
}

func TestACallerWhoGivesUpCannotBeAnswered(t *testing.T) {
	now := time.Unix(1, 0)
	caller, callee := callAndAsk(now)
	caller.hangUp("")
	deliver(now, caller, callee)
	if callee.state != StateEnded || !errors.Is(callee.err, ErrNoAnswer) || callee.answer(now) {
		t.Errorf("%s, %v", callee.state, callee.err)
	}
}

func TestAStrangerPays(t *testing.T) {
	now := time.Unix(1, 0)
	for name, tc := range map[string]struct {
		right bool
		want  State
	}{"right": {true, StateDialing}, "wrong": {false, StateEnded}} {
		caller, callee := newCall(now, hello, new(quicproto.Ring), 0), newCall(now, hello, nil, 10)
		deliver(now, caller, callee)
		deliver(now, callee, caller)
		if callee.ready() || caller.puzzle != 10 {
			t.Fatalf("before it has paid: ready %v, a puzzle of %d", callee.ready(), caller.puzzle)
		}
		callee.handleProof(now, tc.right)
		if callee.state != tc.want || callee.ready() != tc.right {
			t.Errorf("%s: %s", name, callee.state)
		}
	}
	callee := newCall(now, hello, nil, 10)
	deliver(now, newCall(now, hello, new(quicproto.Ring), 0), callee)
	if callee.advance(callee.next()); callee.state != StateEnded || callee.missed != "" {
		t.Errorf("who does not pay: %s, missed %q", callee.state, callee.missed)
	}
}

func TestHoldingIsSeenByBothSides(t *testing.T) {
	now := time.Unix(1, 0)
	caller, callee := callAndAsk(now)
	if caller.hold(true) {
		t.Error("a call that rings was put on hold")
	}
	callee.answer(now)
	deliver(now, callee, caller)
	if !caller.hold(true) || caller.hold(true) || !callee.handleHold(true) {
		t.Fatal("the call cannot be put on hold, or twice")
	}
	if caller.flows() || callee.flows() || !caller.media() || !callee.media() {
		t.Error("on hold media flows, or the call has ended")
	}
	callee.hold(true)
	if caller.handleHold(true); !caller.hold(false) || !callee.handleHold(false) || caller.flows() || callee.flows() {
		t.Error("media flows while one side still holds the call")
	}
}

func TestSilenceIsNoticedAndForgiven(t *testing.T) {
	now := time.Unix(1, 0)
	caller, callee := callAndAsk(now)
	callee.answer(now)
	deliver(now, callee, caller)
	caller.advance(caller.next())
	if caller.state != StateReconnecting || !caller.media() {
		t.Fatalf("after silence: %s", caller.state)
	}
	caller.handleHeard(now.Add(5 * time.Second))
	if caller.state != StateConnected {
		t.Errorf("after a word: %s", caller.state)
	}
}
