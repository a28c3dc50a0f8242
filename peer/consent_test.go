package peer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/quicproto"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// admit is a Config.Admit that the test changes as it goes.
type admit struct {
	mu     sync.Mutex
	others peer.Admission
	peers  map[certs.PeerID]peer.Admission
}

func (a *admit) set(id certs.PeerID, to peer.Admission) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.peers == nil {
		a.peers = make(map[certs.PeerID]peer.Admission)
	}
	a.peers[id] = to
}

func (a *admit) decide(p certs.Peer) peer.Admission {
	a.mu.Lock()
	defer a.mu.Unlock()
	if to, ok := a.peers[p.ID]; ok {
		return to
	}
	return a.others
}

func (a *admit) config(c *peer.Config) { c.Admit = a.decide }

// ringOn lets the bell ring.
func ringOn(*peer.Link) {}

// listener makes a person who takes calls at the host'th address.
func listener(t *testing.T, n *quictest.Network, host int, change ...func(*peer.Config)) (*person, []net.Addr) {
	t.Helper()
	socket := n.Socket(host)
	p := caller(t, socket, change...)
	if err := p.Listen(); err != nil {
		t.Fatal(err)
	}
	return p, []net.Addr{socket.LocalAddr()}
}

// caller makes a person with a camera that costs little: pictures are not what
// these tests look at.
func caller(t *testing.T, socket net.PacketConn, change ...func(*peer.Config)) *person {
	t.Helper()
	p := newPerson(t, socket, change...)
	p.picture.Width, p.picture.Height = 160, 90
	return p
}

// frugal is meet with such cameras.
func frugal(t *testing.T, n *quictest.Network) (a, b *person, addr []net.Addr) {
	t.Helper()
	a = caller(t, n.Socket(1))
	b, addr = listener(t, n, 2)
	return a, b, addr
}

// count counts the events of a kind; the person must have left.
func (p *person) count(kind peer.EventKind) (n int) {
	for _, e := range p.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// ended waits for the end of a call and returns its error.
func ended(l *peer.Link) error {
	<-l.Done()
	return l.Err()
}

func missed(p *person) (all []string) {
	for _, m := range p.Missed() {
		all = append(all, fmt.Sprintf("%s %d", m.Why, m.Count))
	}
	return all
}

func TestTwoWhoCallEachOtherAtOnceGetOneCall(t *testing.T) {
	for _, late := range []time.Duration{0, 5, 15, 25, 35, 45, 55} {
		for _, named := range []bool{true, false} {
			t.Run(fmt.Sprintf("%dms named=%v", late, named), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { testGlare(t, late*time.Millisecond, named) })
			})
		}
	}
}

func testGlare(t *testing.T, late time.Duration, named bool) {
	n := quictest.NewNetwork(1, quictest.Link{Delay: 20 * time.Millisecond})
	strangers := &admit{others: peer.AdmitKnock}
	a, addrA := listener(t, n, 1, strangers.config)
	b, addrB := listener(t, n, 2, strangers.config)
	a.answer, b.answer = ringOn, ringOn
	links := make(chan *peer.Link, 2)
	dial := func(p, q *person, addr []net.Addr, wait time.Duration) {
		time.Sleep(wait)
		var want certs.PeerID
		if named {
			want = q.id
		}
		l, err := p.Call(context.Background(), addr, want, peer.CallOptions{})
		if err != nil {
			t.Error(err)
		}
		links <- l
	}
	go dial(a, b, addrB, 0)
	go dial(b, a, addrA, late)
	x, y := <-links, <-links
	time.Sleep(2 * time.Second)
	if x.State() != peer.StateConnected || y.State() != peer.StateConnected || len(a.Links()) != 1 || len(b.Links()) != 1 {
		t.Errorf("%s and %s, with %d and %d links", x.State(), y.State(), len(a.Links()), len(b.Links()))
	}
	a.leave()
	b.leave()
	if r, m := a.count(peer.EventRing)+b.count(peer.EventRing), len(a.Missed())+len(b.Missed()); r != 0 || m != 0 {
		t.Errorf("%d rang, %d were missed", r, m)
	}
}

func TestToCallWhoeverRingsIsToAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 20 * time.Millisecond})
		a, addrA := listener(t, n, 1)
		b, addrB := listener(t, n, 2)
		b.answer = ringOn
		x := call(t, a, addrB, b.id)
		time.Sleep(10 * time.Second)
		y := call(t, b, addrA, a.id)
		time.Sleep(time.Second)
		if x.State() != peer.StateConnected || y.State() != peer.StateConnected || y.Outgoing() {
			t.Errorf("%s and %s", x.State(), y.State())
		}
		if again := call(t, b, addrA, a.id); again != y {
			t.Error("calling whom one talks to makes another call")
		}
		a.leave()
		b.leave()
	})
}

func TestAThirdCallerIsBusyAndMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
		a, b, addr := frugal(t, n)
		third := caller(t, n.Socket(3))
		l := call(t, a, addr, b.id)
		time.Sleep(time.Second)
		for range 2 {
			if err := ended(call(t, third, addr, b.id)); !errors.Is(err, peer.ErrBusy) {
				t.Errorf("a third caller: %v", err)
			}
		}
		time.Sleep(time.Second)
		if got := missed(b); !slices.Equal(got, []string{"busy 2"}) {
			t.Errorf("missed %q", got)
		}
		if l.State() != peer.StateConnected {
			t.Errorf("the call itself is %s", l.State())
		}
		for _, p := range []*person{a, b, third} {
			p.leave()
		}
		if b.count(peer.EventMissed) != 2 || b.count(peer.EventRing) != 1 {
			t.Errorf("%d missed, %d rang", b.count(peer.EventMissed), b.count(peer.EventRing))
		}
	})
}

func TestWhoGivesUpIsMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
		a, b, addr := frugal(t, n)
		b.answer = ringOn
		l := call(t, a, addr, b.id)
		l.HangUp()
		<-l.Done()
		l = call(t, a, addr, b.id)
		start := time.Now()
		err := ended(l)
		if took := time.Since(start); !errors.Is(err, peer.ErrNoAnswer) || took < 59*time.Second || took > 62*time.Second {
			t.Errorf("nobody answers: %v after %v", err, took)
		}
		time.Sleep(time.Second)
		if got := missed(b); !slices.Equal(got, []string{"given up 1", "no answer 1"}) {
			t.Errorf("missed %q", got)
		}
		a.leave()
		b.leave()
	})
}

func TestStrangersKnockAndDoNotRing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
		policy := &admit{others: peer.AdmitKnock}
		b, addr := listener(t, n, 2, policy.config)
		a := caller(t, n.Socket(1))
		for range 3 {
			if err := ended(call(t, a, addr, b.id)); !errors.Is(err, peer.ErrNoAnswer) {
				t.Errorf("a stranger who may not ring: %v", err)
			}
		}
		time.Sleep(time.Second)
		if got := missed(b); !slices.Equal(got, []string{"knock 3"}) {
			t.Errorf("missed %q", got)
		}
		a.leave()
		b.leave()
		if b.count(peer.EventRing)+b.count(peer.EventState) != 0 || b.count(peer.EventMissed) != 1 {
			t.Errorf("events: %+v", b.events)
		}
	})
}

func TestAStrangerWhoMayRingPaysAndGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
		policy := &admit{others: peer.AdmitStranger}
		b, addr := listener(t, n, 2, policy.config)
		b.answer = ringOn
		stranger, second, friend := caller(t, n.Socket(1)), caller(t, n.Socket(3)), caller(t, n.Socket(4))
		policy.set(friend.id, peer.AdmitRing)
		first := call(t, stranger, addr, b.id)
		waits := call(t, second, addr, b.id)
		if first.State() != peer.StateRinging || waits.State() != peer.StateRinging {
			t.Errorf("strangers see %s and %s", first.State(), waits.State())
		}
		time.Sleep(time.Second)
		goesFirst := call(t, friend, addr, b.id)
		if err := ended(first); !errors.Is(err, peer.ErrBusy) {
			t.Errorf("the stranger whose place a friend took: %v", err)
		}
		goesFirst.HangUp()
		<-goesFirst.Done()
		time.Sleep(time.Second)
		if len(b.Links()) != 1 || b.Links()[0].Peer() != second.id {
			t.Errorf("then %d ring", len(b.Links()))
		}
		b.Links()[0].Accept()
		time.Sleep(time.Second)
		if waits.State() != peer.StateConnected {
			t.Errorf("the stranger who was answered is %s", waits.State())
		}
		for _, p := range []*person{stranger, second, friend, b} {
			p.leave()
		}
		if n := b.count(peer.EventRing); n != 3 {
			t.Errorf("%d rang", n)
		}
	})
}

func TestTheBlockedLeaveNoTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
		var log bytes.Buffer
		policy := &admit{others: peer.AdmitNever}
		b, addr := listener(t, n, 2, policy.config, logTo(&log))
		a := caller(t, n.Socket(1))
		for range 5 {
			l, err := a.Call(context.Background(), addr, b.id, peer.CallOptions{})
			if err == nil {
				err = ended(l)
			}
			if !errors.Is(err, quicproto.ErrRefused) {
				t.Errorf("a blocked caller learns %v", err)
			}
		}
		a.leave()
		b.leave()
		if log.Len() != 0 || len(b.events) != 0 || len(b.Missed()) != 0 {
			t.Errorf("it left %d bytes of log, %d events, %d missed calls", log.Len(), len(b.events), len(b.Missed()))
		}
	})
}

func logTo(w *bytes.Buffer) func(*peer.Config) {
	return func(c *peer.Config) {
		c.Log = slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
}

func TestWhoIsBlockedInACallLosesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 20 * time.Millisecond})
		policy := &admit{others: peer.AdmitRing}
		b, addr := listener(t, n, 2, policy.config)
		a := caller(t, n.Socket(1))
		l := call(t, a, addr, b.id)
		time.Sleep(2 * time.Second)
		b.Reconsider()
		time.Sleep(time.Second)
		if l.State() != peer.StateConnected {
			t.Errorf("with nothing changed: %s", l.State())
		}
		there := b.Links()[0]
		policy.set(a.id, peer.AdmitNever)
		start := time.Now()
		b.Reconsider()
		here := ended(l)
		if took := time.Since(start); took > time.Second || !errors.Is(here, peer.ErrRevoked) || !errors.Is(ended(there), peer.ErrRevoked) {
			t.Errorf("after %v: %v and %v", took, here, there.Err())
		}
		shown := len(b.view.Shown())
		time.Sleep(2 * time.Second)
		if n := len(b.view.Shown()); n != shown {
			t.Errorf("%d pictures were shown after it", n-shown)
		}
		a.leave()
		b.leave()
	})
}

// desk is a Config.Redeem with one ticket.
type desk struct {
	good  certs.Secret
	used  bool
	err   error // if not nil, of every ticket
	asked int
}

func (d *desk) redeem(s *certs.Secret, _ certs.Peer) error {
	d.asked++
	switch {
	case d.err != nil:
		return d.err
	case !s.Equal(d.good):
		return fmt.Errorf("redeem: %w", peer.ErrTicketUnknown)
	case d.used:
		return fmt.Errorf("redeem: %w", peer.ErrTicketUsed)
	}
	d.used = true
	return nil
}

func TestATicketIsAnsweredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
		d := &desk{good: certs.NewSecret()}
		policy := &admit{others: peer.AdmitKnock}
		b, addr := listener(t, n, 2, policy.config, func(c *peer.Config) { c.Redeem = d.redeem })
		a, third := caller(t, n.Socket(1)), caller(t, n.Socket(3))
		present := func(p *person, s certs.Secret) *peer.Link {
			l, err := p.Call(context.Background(), addr, b.id, peer.CallOptions{Ticket: &s})
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		l := present(a, d.good)
		time.Sleep(100 * time.Millisecond)
		if l.State() != peer.StateConnected {
			t.Errorf("with a good ticket: %s, %v", l.State(), l.Err())
		}
		if err := ended(present(third, certs.NewSecret())); !errors.Is(err, peer.ErrBusy) || d.asked != 1 {
			t.Errorf("during the call: %v, and %d tickets were looked at", err, d.asked)
		}
		l.HangUp()
		<-l.Done()
		time.Sleep(time.Second)
		for _, tc := range []struct {
			secret    certs.Secret
			err, want error
		}{
			{d.good, nil, peer.ErrTicketUsed},
			{certs.NewSecret(), nil, peer.ErrTicketUnknown},
			{d.good, peer.ErrTicketExpired, peer.ErrTicketExpired},
			{d.good, errors.New("disk on fire"), peer.ErrTicketUnknown},
		} {
			d.err = tc.err
			if err := ended(present(a, tc.secret)); !errors.Is(err, tc.want) {
				t.Errorf("%v, want %v", err, tc.want)
			}
		}
		for _, p := range []*person{a, third, b} {
			p.leave()
		}
		if b.count(peer.EventRing) != 0 {
			t.Error("a ticket rang")
		}
	})
}

func TestHoldStopsBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 20 * time.Millisecond})
		a, b, addr := frugal(t, n)
		l := call(t, a, addr, b.id)
		time.Sleep(2 * time.Second)
		there := b.Links()[0]
		there.Hold(true)
		time.Sleep(time.Second)
		if here, they := l.Held(); here || !they {
			t.Errorf("the caller sees %v, %v", here, they)
		}
		_, loudA := a.speaker.Heard()
		shownA, shownB, before := len(a.view.Shown()), len(b.view.Shown()), l.Summary()
		time.Sleep(10 * time.Second)
		_, loudNow := a.speaker.Heard()
		if x, y := len(a.view.Shown())-shownA, len(b.view.Shown())-shownB; x+y != 0 || loudNow != loudA {
			t.Errorf("on hold %d and %d pictures and %d blocks of sound came", x, y, loudNow-loudA)
		}
		if l.State() != peer.StateConnected || there.State() != peer.StateConnected || before != nil {
			t.Errorf("on hold: %s and %s", l.State(), there.State())
		}
		if st := l.Stats(); st.SendKbps > 1 {
			t.Errorf("on hold %.0f kbit/s are sent", st.SendKbps)
		}
		there.Hold(false)
		time.Sleep(2 * time.Second)
		if x, y := len(a.view.Shown())-shownA, len(b.view.Shown())-shownB; x < 45 || y < 45 {
			t.Errorf("in 2 s after it %d and %d pictures came", x, y)
		}
		l.HangUp()
		<-l.Done()
		a.leave()
		b.leave()
		if a.count(peer.EventHold) != 2 || b.count(peer.EventHold) != 2 {
			t.Errorf("%d and %d events", a.count(peer.EventHold), b.count(peer.EventHold))
		}
	})
}

// Two who are muted and have their cameras off are not taken for gone.
func TestSilenceByChoiceIsNoLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 20 * time.Millisecond})
		a, b, addr := frugal(t, n)
		l := call(t, a, addr, b.id)
		time.Sleep(2 * time.Second)
		for _, p := range []*person{a, b} {
			p.SetMuted(true)
			p.SetCameraOff(true)
		}
		for range 40 {
			time.Sleep(time.Second)
			if x, y := l.State(), b.Links()[0].State(); x != peer.StateConnected || y != peer.StateConnected {
				t.Fatalf("%s and %s", x, y)
			}
		}
		a.leave()
		b.leave()
	})
}

func TestClosingARoomEndsItsCalls(t *testing.T) {
	for name, tc := range map[string]struct {
		answer func(*peer.Link)
		host   byte
	}{"dialling": {ringOn, 99}, "ringing": {ringOn, 2}, "connected": {func(l *peer.Link) { l.Accept() }, 2}} {
		synctest.Test(t, func(t *testing.T) {
			n := quictest.NewNetwork(1, quictest.Link{Delay: 20 * time.Millisecond})
			a, b, _ := frugal(t, n)
			b.answer = tc.answer
			over := make(chan struct{})
			go func() {
				defer close(over)
				addr := &net.UDPAddr{IP: net.IPv4(10, 9, 0, tc.host), Port: 7728}
				if l, err := a.Call(context.Background(), []net.Addr{addr}, b.id, peer.CallOptions{}); err == nil {
					<-l.Done()
				} else if tc.host == 2 {
					t.Errorf("%s: %v", name, err)
				}
			}()
			time.Sleep(time.Second)
			a.leave()
			<-over
			time.Sleep(time.Second)
			if n := len(b.Links()); n != 0 {
				t.Errorf("%s: %d links are left on the other side", name, n)
			}
			b.leave()
		})
	}
}

// What a person types and what a configuration says cannot break the protocol.
func TestOurOwnTextsFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
		endless := strings.Repeat("漢", 5000)
		a := caller(t, n.Socket(1), func(c *peer.Config) { c.Name, c.Agent = endless, endless })
		b, addr := listener(t, n, 2)
		l := call(t, a, addr, b.id)
		time.Sleep(time.Second)
		l.SendChat(endless)
		time.Sleep(time.Second)
		if l.State() != peer.StateConnected || len(b.Links()[0].Name()) > 200 {
			t.Errorf("%s: %v, with somebody of %d bytes", l.State(), l.Err(), len(b.Links()[0].Name()))
		}
		l.HangUp()
		<-l.Done()
		b.answer = func(l *peer.Link) { l.Decline(endless) }
		if err := ended(call(t, a, addr, b.id)); !errors.Is(err, peer.ErrDeclined) {
			t.Errorf("declined at length: %v", err)
		}
		a.leave()
		b.leave()
		if b.count(peer.EventChat) != 1 || a.count(peer.EventDelivered) != 1 {
			t.Error("the line did not arrive")
		}
	})
}

func TestACallToOneselfFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
		a, addr := listener(t, n, 1)
		for _, want := range []certs.PeerID{a.id, {}} {
			if _, err := a.Call(context.Background(), addr, want, peer.CallOptions{}); !errors.Is(err, peer.ErrSelf) {
				t.Errorf("calling oneself: %v", err)
			}
		}
		time.Sleep(time.Second)
		a.leave()
		if len(a.events) != 0 {
			t.Errorf("%+v", a.events)
		}
	})
}

func TestGivingACallUpBeforeItRings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 200 * time.Millisecond})
		a, b, addr := frugal(t, n)
		b.answer = ringOn
		for _, after := range []time.Duration{100, 450, 650} {
			ctx, cancel := context.WithTimeout(context.Background(), after*time.Millisecond)
			if _, err := a.Call(ctx, addr, b.id, peer.CallOptions{}); err == nil {
				t.Errorf("a call of %v rang", after)
			}
			cancel()
		}
		time.Sleep(2 * time.Second)
		if n := len(a.Links()) + len(b.Links()); n != 0 {
			t.Errorf("%d links are left", n)
		}
		a.leave()
		b.leave()
	})
}
