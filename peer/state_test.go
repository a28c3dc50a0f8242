package peer

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

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

func TestACallIsMadeAndEnded(t *testing.T) {
	now := time.Unix(1, 0)
	caller, callee := newCall(now, true, hello), newCall(now, false, hello)
	deliver(now, callee, caller)
	deliver(now, caller, callee)
	if caller.state != StateRinging || callee.state != StateRinging {
		t.Fatalf("after the greeting: %s and %s", caller.state, callee.state)
	}
	if caller.media() || callee.media() {
		t.Fatal("media may flow before Accept")
	}
	if !callee.accept(now) {
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
		"declined": {func(_ time.Time, c *call) { c.refuse(new(quicproto.Decline)) }, ErrDeclined},
		"busy":     {func(_ time.Time, c *call) { c.refuse(new(quicproto.Busy)) }, ErrBusy},
		"timeout":  {func(now time.Time, c *call) { c.advance(now.Add(ringTimeout)) }, ErrNoAnswer},
		"nonsense": {func(_ time.Time, c *call) { c.send(new(quicproto.Ring)) }, ErrProtocol},
	} {
		now := time.Unix(1, 0)
		caller, callee := newCall(now, true, hello), newCall(now, false, hello)
		deliver(now, callee, caller)
		deliver(now, caller, callee)
		tc.callee(now, callee)
		deliver(now, callee, caller)
		if caller.state != StateEnded || !errors.Is(caller.err, tc.want) {
			t.Errorf("%s: %s, %v", name, caller.state, caller.err)
		}
	}
}

func TestACallerWhoGivesUpIsMissed(t *testing.T) {
	now := time.Unix(1, 0)
	caller, callee := newCall(now, true, hello), newCall(now, false, hello)
	deliver(now, caller, callee)
	caller.hangUp("")
	deliver(now, caller, callee)
	if callee.state != StateEnded || !errors.Is(callee.err, ErrNoAnswer) || callee.accept(now) {
		t.Errorf("%s, %v", callee.state, callee.err)
	}
}

func TestSilenceIsNoticedAndForgiven(t *testing.T) {
	now := time.Unix(1, 0)
	caller, callee := newCall(now, true, hello), newCall(now, false, hello)
	deliver(now, callee, caller)
	deliver(now, caller, callee)
	callee.accept(now)
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

// Whatever a peer sends, in whatever order, no media flows that was not
// accepted, and an ended call stays ended.
func TestCallInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1, 0)
		outgoing := rapid.Bool().Draw(t, "outgoing")
		c := newCall(now, outgoing, hello)
		accepted, heardAccept := false, false
		t.Repeat(map[string]func(*rapid.T){
			"message": func(t *rapid.T) {
				m := rapid.SampledFrom([]quicproto.Message{hello, new(quicproto.Ring), new(quicproto.Accept),
					new(quicproto.Decline), new(quicproto.Busy), new(quicproto.Bye)}).Draw(t, "m")
				if _, ok := m.(*quicproto.Accept); ok {
					heardAccept = true
				}
				before := c.state
				c.handleMessage(now, m)
				if before == StateEnded && c.state != StateEnded {
					t.Fatalf("%T woke an ended call", m)
				}
			},
			"accept":  func(*rapid.T) { accepted = c.accept(now) || accepted },
			"refuse":  func(*rapid.T) { c.refuse(new(quicproto.Decline)) },
			"hang up": func(*rapid.T) { c.hangUp("") },
			"heard":   func(*rapid.T) { c.handleHeard(now) },
			"wait": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "seconds")) * time.Second)
				c.advance(now)
			},
			"": func(t *rapid.T) {
				c.out = nil
				if c.media() && outgoing && !heardAccept {
					t.Fatal("media without the other side's Accept")
				}
				if c.media() && !outgoing && !accepted {
					t.Fatal("media without our own Accept")
				}
				if c.state == StateRinging && c.next().Sub(now) > ringTimeout {
					t.Fatal("it would ring for ever")
				}
			},
		})
	})
}
