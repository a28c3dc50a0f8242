package peer

import (
	"bytes"
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
)

// door is one end of a link between two that want to be in one room.
type door struct {
	*call
	caller, callee certs.PeerID
	passphrase     *certs.RoomPassphrase
}

func (d *door) channel() certs.ProofChannel {
	return certs.ProofChannel{Exporter: make([]byte, certs.RoomExporterSize), Caller: d.caller, Callee: d.callee}
}

var admittedMessage = &quicproto.Admitted{Instance: make([]byte, quicproto.InstanceSize)}

// newDoor is the end of who dials, or of who is dialled.
func newDoor(t *testing.T, now time.Time, outgoing bool, p *certs.RoomPassphrase) *door {
	t.Helper()
	d := &door{caller: certs.PeerID{1}, callee: certs.PeerID{2}, passphrase: p}
	if !outgoing {
		d.call = newCall(now, hello, nil, 0)
		return d
	}
	join := &quicproto.Join{Room: make([]byte, quicproto.RoomMACSize), Instance: make([]byte, quicproto.InstanceSize)}
	var offer *certs.PassphraseOffer
	if p != nil {
		var err error
		if offer, err = p.Offer(d.channel()); err != nil {
			t.Fatal(err)
		}
		join.Share = offer.Share()
	}
	d.call = newEntry(now, hello, join, offer)
	return d
}

// tell delivers what from has to say.
func (d *door) tell(t *testing.T, now time.Time, from *door) {
	t.Helper()
	for _, m := range from.out {
		d.handleMessage(now, m)
		if j, ok := m.(*quicproto.Join); ok && d.passphrase != nil && j.Share != nil {
			c, err := d.passphrase.Challenge(d.channel(), j.Share)
			if err != nil {
				t.Fatal(err)
			}
			d.challenge(c)
		}
	}
	from.out = nil
}

func roomPassphrase(t *testing.T, text string) *certs.RoomPassphrase {
	t.Helper()
	p, err := certs.NewRoomPassphrase([]byte(text), "room")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBothSidesProveThePassphrase(t *testing.T) {
	now := time.Unix(1, 0)
	p := roomPassphrase(t, "the same")
	a, b := newDoor(t, now, true, p), newDoor(t, now, false, p)
	b.tell(t, now, a)
	a.tell(t, now, b)
	if !a.entry.proven || b.entry.proven {
		t.Fatal("the callee has to prove it first")
	}
	b.tell(t, now, a)
	if !b.entry.proven || a.media() || b.media() {
		t.Fatal("the caller has proved it too, and nobody was let in yet")
	}
	a.admit(now, admittedMessage)
	b.tell(t, now, a)
	if a.media() || b.media() {
		t.Fatal("one side alone opens the link")
	}
	b.admit(now, admittedMessage)
	a.tell(t, now, b)
	if !a.media() || !b.media() {
		t.Fatalf("the link is %v and %v", a.state, b.state)
	}
}

func TestAnotherPassphraseIsSeenByTheCallerFirst(t *testing.T) {
	now := time.Unix(1, 0)
	a, b := newDoor(t, now, true, roomPassphrase(t, "one")), newDoor(t, now, false, roomPassphrase(t, "other"))
	b.tell(t, now, a)
	a.tell(t, now, b)
	if a.err != ErrPassphrase || a.entry.proven {
		t.Errorf("the caller ends with %v", a.err)
	}
	b.tell(t, now, a)
	if b.state != StateEnded || b.entry.proven {
		t.Errorf("the callee is %v", b.state)
	}
}

func TestAFalseResponseProvesNothing(t *testing.T) {
	now := time.Unix(1, 0)
	p := roomPassphrase(t, "secret")
	a, b := newDoor(t, now, true, p), newDoor(t, now, false, p)
	b.tell(t, now, a)
	b.handleMessage(now, &quicproto.Response{Tag: bytes.Repeat([]byte{1}, quicproto.TagSize)})
	if b.entry.proven || !b.entry.failed {
		t.Error("a false response was taken")
	}
	b.handleMessage(now, &quicproto.Response{Tag: make([]byte, quicproto.TagSize)})
	if b.err != ErrProtocol {
		t.Errorf("a second guess ends with %v", b.err)
	}
}

func TestASilentMemberIsGone(t *testing.T) {
	now := time.Unix(1, 0)
	a, b := newDoor(t, now, true, nil), newDoor(t, now, false, nil)
	b.tell(t, now, a)
	a.tell(t, now, b)
	a.admit(now, admittedMessage)
	b.admit(now, admittedMessage)
	b.tell(t, now, a)
	a.tell(t, now, b)
	if a.state != StateConnected || b.state != StateConnected {
		t.Fatalf("the link is %v and %v", a.state, b.state)
	}
	for at, want := range map[time.Duration]State{silenceTimeout: StateReconnecting, goneTimeout: StateEnded} {
		x := *a.call
		x.advance(now.Add(at))
		if x.state != want {
			t.Errorf("after a silence of %v the link is %v, want %v", at, x.state, want)
		}
	}
	for next := a.next(); ; next = a.next() {
		if a.advance(next); a.state == StateEnded {
			if next.Sub(now) != goneTimeout || a.err != ErrLost {
				t.Errorf("gone after %v: %v", next.Sub(now), a.err)
			}
			return
		}
	}
}

// FuzzEntry reads a script of what the other side, the person and time do to a link
// in a room, two bytes a step. Whatever it is, nothing flows before both sides have
// agreed to it.
func FuzzEntry(f *testing.F) {
	f.Add(true, []byte{0, 0, 3, 0, 20, 0})
	f.Add(false, []byte{0, 0, 1, 0, 3, 0, 20, 0, 23, 3})
	f.Add(true, []byte{0, 0, 2, 0, 5, 1, 20, 0, 3, 0})
	f.Add(false, []byte{0, 0, 1, 1, 6, 0, 21, 0, 7, 0, 22, 4})
	p, err := certs.NewRoomPassphrase([]byte("secret"), "room")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, outgoing bool, script []byte) {
		now := time.Unix(1, 0)
		d := newDoor(t, now, outgoing, p)
		agreed, heardYes := false, false
		for len(script) >= 2 {
			op, arg := script[0], script[1]
			script = script[2:]
			switch op % 24 {
			case 20:
				if d.entry != nil && d.state != StateEnded {
					d.admit(now, admittedMessage)
					agreed = true
				}
			case 21:
				if d.entry != nil && d.state != StateEnded {
					d.knock(now)
				}
			case 22:
				d.turnAway(quicproto.DeclineCode(arg % 10))
			case 23:
				now = now.Add(time.Duration(arg) * time.Second)
				d.advance(now)
			default:
				m := fuzzEntryMessage(op, arg)
				_, yes := m.(*quicproto.Admitted)
				heardYes = heardYes || yes && d.entry != nil
				d.handleMessage(now, m)
			}
			if d.media() && (d.entry == nil || !agreed || !heardYes) {
				t.Fatal("media flows, and one side has not agreed")
			}
			if d.entry != nil && d.entry.proven {
				t.Fatal("a passphrase was proved that nobody knows")
			}
			d.out = d.out[:0]
		}
	})
}

func fuzzEntryMessage(op, arg byte) quicproto.Message {
	fill := func(n int) []byte { return bytes.Repeat([]byte{arg}, n) }
	messages := []quicproto.Message{
		hello,
		&quicproto.Join{Room: fill(quicproto.RoomMACSize), Instance: fill(quicproto.InstanceSize), Share: fill(quicproto.ShareSize)},
		new(quicproto.Ringing), admittedMessage, &quicproto.Decline{Code: quicproto.DeclineCode(arg)},
		&quicproto.Challenge{Share: fill(quicproto.ShareSize), Tag: fill(quicproto.TagSize)},
		&quicproto.Response{Tag: fill(quicproto.TagSize)}, &quicproto.Bye{Code: quicproto.DeclineCode(arg), Elsewhere: arg%3 == 0},
		new(quicproto.Busy), new(quicproto.Accept), new(quicproto.AskRoom), new(quicproto.Ring),
	}
	return messages[int(op)%len(messages)]
}
