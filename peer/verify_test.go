package peer_test

import (
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/quicproto"
	"github.com/skulltech/prattle/quicproto/quictest"
)

func TestBothSeeTheSameDigits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, addr := frugal(t, quictest.NewNetwork(1, quictest.Link{Delay: 20 * time.Millisecond}))
		before := ""
		for range 2 {
			l := call(t, a, addr, b.id)
			time.Sleep(time.Second)
			x, ok := l.SAS()
			y, ok2 := b.Links()[0].SAS()
			if !ok || !ok2 || x != y || x == before {
				t.Errorf("%q and %q, after %q", x, y, before)
			}
			before = x
			l.HangUp()
			<-l.Done()
			time.Sleep(time.Second)
		}
		a.leave()
		b.leave()
		if a.count(peer.EventVerify) != 2 || b.count(peer.EventVerify) != 2 {
			t.Errorf("told %d and %d times", a.count(peer.EventVerify), b.count(peer.EventVerify))
		}
	})
}

// A machine in the middle takes the call with an identity of its own and makes
// another to the callee. Nobody knows anybody's key, so nothing fails; but the
// people see different digits, each time.
func TestAMachineInTheMiddleIsSeenInTheDigits(t *testing.T) {
	calls := 40
	if testing.Short() {
		calls = 5
	}
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 10 * time.Millisecond})
		b, addrB := listener(t, n, 2)
		middle, addrMiddle := listener(t, n, 3)
		outer := caller(t, n.Socket(4))
		a := caller(t, n.Socket(1))
		for i := range calls {
			x := call(t, a, addrMiddle, certs.PeerID{})
			y := call(t, outer, addrB, certs.PeerID{})
			time.Sleep(300 * time.Millisecond)
			mine, ok := x.SAS()
			theirs, ok2 := b.Links()[0].SAS()
			if !ok || !ok2 || mine == theirs {
				t.Fatalf("call %d: %q (%v) and %q (%v)", i, mine, ok, theirs, ok2)
			}
			x.HangUp()
			y.HangUp()
			<-x.Done()
			<-y.Done()
			time.Sleep(time.Second)
		}
		for _, p := range []*person{a, outer, middle, b} {
			p.leave()
		}
	})
}

func unchanged(m quicproto.Message) quicproto.Message { return m }

// A machine in the middle without an identity to lose passes the exchange of the
// digits on, as it is or in an order that might help it.
func TestAMachineThatRelaysTheExchangeIsCaught(t *testing.T) {
	for name, tc := range map[string]struct {
		forge func(quicproto.Message) quicproto.Message
		want  error
	}{
		"as it is": {unchanged, certs.ErrSASCommitment},
		"reveals first": {func(m quicproto.Message) quicproto.Message {
			if c, ok := m.(*quicproto.SASCommit); ok {
				return &quicproto.SASReveal{Nonce: c.Commitment}
			}
			return m
		}, certs.ErrSASOrder},
		"commits twice": {func(m quicproto.Message) quicproto.Message {
			if r, ok := m.(*quicproto.SASReveal); ok {
				return &quicproto.SASCommit{Commitment: r.Nonce}
			}
			return m
		}, certs.ErrSASOrder},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testRelay(t, tc.forge, tc.want) })
		})
	}
}

func testRelay(t *testing.T, forge func(quicproto.Message) quicproto.Message, want error) {
	n := quictest.NewNetwork(1, quictest.Link{Delay: 10 * time.Millisecond})
	b, addrB := listener(t, n, 2)
	a := caller(t, n.Socket(1))
	stop, addr := between(t, n, addrB[0], forge)
	l := call(t, a, []net.Addr{addr}, certs.PeerID{})
	here := ended(l)
	time.Sleep(time.Second)
	stop()
	a.leave()
	b.leave()
	var there error
	for _, e := range b.events {
		if e.Kind == peer.EventState && e.Err != nil {
			there = e.Err
		}
	}
	if !errors.Is(here, want) && !errors.Is(there, want) {
		t.Errorf("the caller's call ended with %v, the callee's with %v; want %v", here, there, want)
	}
	if a.count(peer.EventVerify)+b.count(peer.EventVerify) != 0 {
		t.Error("somebody was shown digits")
	}
}

func newIdentity(t *testing.T) *certs.Identity {
	t.Helper()
	id, err := certs.New()
	if err != nil {
		t.Fatal(err)
	}
	return id
}
