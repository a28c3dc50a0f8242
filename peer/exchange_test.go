package peer_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/quicproto"
	"github.com/skulltech/prattle/quicproto/quictest"
	"github.com/skulltech/prattle/quicproto/rendezvous"
)

// postOffice stands for a rendezvous: it delivers letters after a while.
type postOffice struct {
	delay time.Duration
	boxes []*mailbox

	mu    sync.Mutex // of what follows
	lose  int        // so many of the next letters
	slow  int        // the number of the letter that takes three times as long, from 1
	taken int        // letters so far
}

// take takes a letter, and says how long it will be on its way, if it arrives.
func (o *postOffice) take() (delay time.Duration, arrives bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.lose > 0 {
		o.lose--
		return 0, false
	}
	if o.taken++; o.taken == o.slow {
		return 3 * o.delay, true
	}
	return o.delay, true
}

// mailbox is one device's connection to it.
type mailbox struct {
	office *postOffice
	owner  certs.PeerID
	device rendezvous.Device
	room   *peer.Room
	read   atomic.Int32 // letters that have come
}

var errNobody = errors.New("nobody of that name here")

func (o *postOffice) open(p *person, socket net.PacketConn) *mailbox {
	p.ReachedAt(quicproto.Candidate{Kind: quicproto.CandidateHost, Addr: socket.LocalAddr().(*net.UDPAddr).AddrPort()})
	m := &mailbox{office: o, owner: p.id, room: p.Room, device: rendezvous.Device{byte(len(o.boxes) + 1)}}
	o.boxes = append(o.boxes, m)
	return m
}

func (m *mailbox) deliver(to *mailbox, body []byte) {
	delay, arrives := m.office.take()
	if !arrives {
		return
	}
	mail := rendezvous.Mail{From: m.owner, Device: m.device, Body: body}
	time.AfterFunc(delay, func() {
		to.read.Add(1)
		to.room.Receive(to, mail)
	})
}

func (m *mailbox) Send(_ context.Context, to certs.PeerID, body []byte) (devices int, err error) {
	for _, other := range m.office.boxes {
		if other.owner == to && other != m {
			m.deliver(other, body)
			devices++
		}
	}
	if devices == 0 {
		return 0, errNobody
	}
	return devices, nil
}

func (m *mailbox) Reply(_ context.Context, mail rendezvous.Mail, body []byte) error {
	for _, other := range m.office.boxes {
		if other.owner == mail.From && other.device == mail.Device {
			m.deliver(other, body)
			return nil
		}
	}
	return errNobody
}

// met are two people who can reach each other by a rendezvous alone.
type met struct {
	n      *quictest.Network
	office *postOffice
	a, b   *person
	box    *mailbox // of a
}

func meetByLetter(t *testing.T, change ...func(*peer.Config)) *met {
	t.Helper()
	m := &met{
		n:      quictest.NewNetwork(1, quictest.Link{Delay: 20 * time.Millisecond}),
		office: &postOffice{delay: 50 * time.Millisecond},
	}
	sa, sb := m.n.Socket(1), m.n.Socket(2)
	m.a, m.b = newPerson(t, sa), newPerson(t, sb, change...)
	for _, p := range []*person{m.a, m.b} {
		p.picture = media.PictureConfig{Width: 160, Height: 90, FPS: 15} // it is not about pictures
	}
	if err := m.b.Listen(); err != nil {
		t.Fatal(err)
	}
	m.box = m.office.open(m.a, sa)
	m.office.open(m.b, sb)
	return m
}

func (m *met) call(t *testing.T, opts peer.CallOptions) *peer.Link {
	t.Helper()
	opts.Via = []peer.Exchange{m.box}
	l, err := m.a.Call(t.Context(), nil, m.b.id, opts)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (m *met) leave() {
	m.a.leave()
	m.b.leave()
}

func TestACallByLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := meetByLetter(t)
		begun := time.Now()
		l := m.call(t, peer.CallOptions{})
		t.Logf("it rings after %v", time.Since(begun))
		time.Sleep(3 * time.Second)
		if l.State() != peer.StateConnected || len(m.b.view.Shown()) < 30 {
			t.Errorf("%s, %d pictures shown", l.State(), len(m.b.view.Shown()))
		}
		m.leave()
	})
}

// A letter may get lost on its way, and its answer too.
func TestLettersAreWrittenAgain(t *testing.T) {
	for lose := 1; lose <= 2; lose++ {
		synctest.Test(t, func(t *testing.T) {
			m := meetByLetter(t)
			m.office.lose = lose
			begun := time.Now()
			l := m.call(t, peer.CallOptions{})
			t.Logf("with %d letters lost it rings after %v", lose, time.Since(begun))
			time.Sleep(3 * time.Second)
			if l.State() != peer.StateConnected {
				t.Errorf("with %d letters lost: %s, %v", lose, l.State(), l.Err())
			}
			m.leave()
		})
	}
}

// Only one of the two can be reached, and knows that only when its first letter has
// been written. The one that tells of it is faster.
func TestALetterOvertakesAnother(t *testing.T) {
	for name, caller := range map[string]bool{"of the caller": true, "of the callee": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := meetByLetter(t)
				reached, other, found := m.a, m.b, 5*time.Millisecond
				m.office.slow = 1
				if !caller {
					reached, other, found = m.b, m.a, 60*time.Millisecond // by then the offer has come
					m.office.slow = 2
				}
				other.ReachedAt()
				reached.ReachedAfter(found, quicproto.Candidate{
					Kind: quicproto.CandidateHost, Addr: reached.Addr().(*net.UDPAddr).AddrPort(),
				})
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				l, err := m.a.Call(ctx, nil, m.b.id, peer.CallOptions{Via: []peer.Exchange{m.box}})
				if err != nil {
					m.leave()
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				if l.State() != peer.StateConnected {
					t.Errorf("the call is %s", l.State())
				}
				m.leave()
			})
		})
	}
}

func TestACallByLetterToNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := meetByLetter(t)
		_, err := m.a.Call(t.Context(), nil, certs.PeerID{1}, peer.CallOptions{Via: []peer.Exchange{m.box}})
		if !errors.Is(err, errNobody) {
			t.Errorf("got %v", err)
		}
		m.leave()
	})
}

// A stranger who does not ring must not learn where the callee is.
func TestStrangersLearnNoAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := meetByLetter(t, func(c *peer.Config) { c.Admit = func(certs.Peer) peer.Admission { return peer.AdmitKnock } })
		_, err := m.a.Call(t.Context(), nil, m.b.id, peer.CallOptions{Via: []peer.Exchange{m.box}})
		if !errors.Is(err, peer.ErrSilentDevices) {
			t.Errorf("got %v", err)
		}
		if n := m.box.read.Load(); n > 0 {
			t.Errorf("%d letters were written to a stranger", n)
		}
		m.leave()
		if missed := m.b.Missed(); len(missed) == 0 && !hasMissed(m.b.events) {
			t.Error("that a stranger has called is not told")
		}
	})
}

func hasMissed(events []peer.Event) bool {
	for _, e := range events {
		if e.Kind == peer.EventMissed && e.Missed.Why == peer.MissedKnock {
			return true
		}
	}
	return false
}

// A ticket lets a stranger in, by letter too.
func TestAGuestIsMetByLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		secret := certs.NewSecret()
		m := meetByLetter(t, func(c *peer.Config) {
			c.Admit = func(certs.Peer) peer.Admission { return peer.AdmitKnock }
			c.Expects = func(s *certs.Secret) bool { return s.Equal(secret) }
			c.Redeem = func(s *certs.Secret, _ certs.Peer) error { return nil }
		})
		l := m.call(t, peer.CallOptions{Ticket: &secret})
		time.Sleep(time.Second)
		if l.State() != peer.StateConnected {
			t.Errorf("the guest is %s", l.State())
		}
		m.leave()
	})
}

// All devices of a peer ring, and the first to accept has the call.
func TestTwoDevicesRing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var id *certs.Identity
		m := meetByLetter(t, func(c *peer.Config) { id = c.Identity })
		socket := m.n.Socket(3)
		phone := newPerson(t, socket, func(c *peer.Config) { c.Identity = id })
		phone.id = m.b.id
		if err := phone.Listen(); err != nil {
			t.Fatal(err)
		}
		m.office.open(phone, socket)
		m.b.answer = func(*peer.Link) {} // nobody is at the laptop
		phone.answer = func(l *peer.Link) { time.AfterFunc(2*time.Second, l.Accept) }
		l := m.call(t, peer.CallOptions{})
		time.Sleep(4 * time.Second)
		if s := l.Successor(); s != nil {
			l = s
		}
		if l.State() != peer.StateConnected || len(phone.view.Shown()) == 0 {
			t.Errorf("the call is %s, and the phone has shown %d pictures", l.State(), len(phone.view.Shown()))
		}
		if links := m.b.Links(); len(links) > 0 {
			t.Errorf("the laptop still has %d calls", len(links))
		}
		m.leave()
		phone.leave()
		if hasMissedCall(m.b.events) {
			t.Error("the laptop takes the call for missed")
		}
	})
}

func hasMissedCall(events []peer.Event) bool {
	for _, e := range events {
		if e.Kind == peer.EventMissed {
			return true
		}
	}
	return false
}

// A call outlives its connection: it goes on without ringing.
func TestALostCallIsResumed(t *testing.T) {
	for name, byLetter := range map[string]bool{"by address": false, "by letter": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := meetByLetter(t)
				var l *peer.Link
				if byLetter {
					l = m.call(t, peer.CallOptions{})
				} else {
					l = call(t, m.a, []net.Addr{m.b.Addr()}, m.b.id)
				}
				time.Sleep(5 * time.Second)
				m.n.SetAll(quictest.Link{Loss: 1})
				time.Sleep(40 * time.Second) // QUIC has given up
				if s := l.State(); s != peer.StateReconnecting {
					t.Errorf("in the outage: %s", s)
				}
				m.b.answer = func(*peer.Link) { t.Error("it rings again") }
				m.n.SetAll(quictest.Link{Delay: 20 * time.Millisecond})
				up := time.Now()
				time.Sleep(15 * time.Second)
				next := l.Successor()
				if next == nil || next.State() != peer.StateConnected {
					t.Fatalf("the call has ended: %v", l.Err())
				}
				var back time.Duration
				for _, s := range m.b.view.Shown() {
					if s.At.After(up) {
						back = s.At.Sub(up)
						break
					}
				}
				t.Logf("the picture is back after %v", back)
				if back == 0 {
					t.Error("no picture came after the outage")
				}
				m.leave()
			})
		})
	}
}

// A call whose other end does not come back is given up in the end.
func TestALostCallIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := meetByLetter(t)
		l := call(t, m.a, []net.Addr{m.b.Addr()}, m.b.id)
		for _, p := range []*person{m.a, m.b} {
			p.SetCameraOff(true)
			p.SetMuted(true)
		}
		time.Sleep(2 * time.Second)
		m.n.SetAll(quictest.Link{Loss: 1})
		time.Sleep(80 * time.Second)
		if n := len(m.a.Links()) + len(m.b.Links()); n > 0 || !errors.Is(l.Err(), peer.ErrLost) {
			t.Errorf("%d links are left of a call that was lost long ago, with %v", n, l.Err())
		}
		m.leave()
	})
}
