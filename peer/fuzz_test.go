package peer

import (
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto"
)

// FuzzCall reads a script of what the other side, the person and time do to one
// call, two bytes a step. Whatever it is, nothing flows that was not agreed to.
func FuzzCall(f *testing.F) {
	f.Add(true, []byte{0, 0, 2, 0, 3, 0, 9, 1})                 // our call is accepted, and held
	f.Add(false, []byte{0, 0, 1, 0, 20, 0, 6, 0})               // a call comes, and its caller gives up
	f.Add(false, []byte{0, 0, 1, 1, 7, 1, 20, 0})               // a stranger pays
	f.Add(true, []byte{0, 0, 8, 12, 23, 9, 4, 1, 3, 0})         // we pay, and are declined
	f.Add(false, []byte{0, 0, 1, 2, 20, 0, 21, 0, 24, 0, 0, 0}) // a ticket
	f.Fuzz(func(t *testing.T, outgoing bool, script []byte) {
		n := line{own: certs.PeerID{2}}
		p := &party{peer: certs.PeerID{1}, admission: AdmitRing}
		now := time.Unix(1, 0)
		c := newCall(now, hello, nil, 0)
		if outgoing {
			c = newCall(now, hello, new(quicproto.Ring), 0)
			n.dial(p)
			n.dialled(p, p.peer)
		} else {
			n.greet(p)
		}
		agreed, heardYes := false, false
		for len(script) >= 2 {
			op, arg := script[0], script[1]
			script = script[2:]
			switch op % 25 {
			case 20:
				agreed = p.accept(now, &n, c) || agreed
			case 21:
				c.hold(arg%2 == 0)
			case 22:
				c.hangUp("")
			case 23:
				now = now.Add(time.Duration(arg) * time.Second)
				c.advance(now)
			case 24:
				c.handleHeard(now)
			default:
				m := fuzzMessage(op, arg)
				if _, ok := m.(*quicproto.Accept); ok {
					heardYes = true
				}
				if proof, ok := m.(*quicproto.Proof); ok {
					c.handleProof(now, proof.Nonce == 1)
				} else {
					c.handleMessage(now, m)
				}
			}
			if p.consult(now, &n, c) {
				agreed = agreed || arg%2 == 0
				p.redeemed(now, &n, c, arg%2 == 0, quicproto.DeclineTicketUsed)
			}
			if c.media() && (outgoing && !heardYes || !outgoing && !agreed) {
				t.Fatal("media flows, and nobody has agreed")
			}
			if c.state == StateEnded && len(n.parties) != 0 {
				t.Fatal("an ended call keeps the line")
			}
			c.out = c.out[:0]
		}
	})
}

func fuzzMessage(op, arg byte) quicproto.Message {
	messages := []quicproto.Message{
		hello, new(quicproto.Ring), new(quicproto.Ringing), new(quicproto.Accept),
		&quicproto.Decline{Code: quicproto.DeclineCode(arg)}, new(quicproto.Busy), new(quicproto.Bye),
		&quicproto.Proof{Nonce: uint64(arg)}, &quicproto.Puzzle{Bits: uint64(arg)}, &quicproto.Streams{Held: arg%2 == 0},
	}
	m := messages[int(op)%len(messages)]
	if r, ok := m.(*quicproto.Ring); ok && arg > 1 {
		r.Ticket = make(quicproto.Secret, quicproto.SecretSize)
	}
	return m
}

// FuzzReceive sends a link's receiving half whatever datagrams the input is cut
// into, as far as the decoder.
func FuzzReceive(f *testing.F) {
	s := quicproto.NewSession(quicproto.SessionConfig{})
	now := time.Unix(1, 0)
	for id := range uint16(3) {
		frame := media.EncodedFrame{Codec: "vp9", Data: make([]byte, 1500), ID: id, Keyframe: id == 0, Width: 64, Height: 64}
		if id > 0 {
			frame.Refs[0], frame.NumRefs = 1, 1
		}
		if err := s.SendVideo(now, &frame); err != nil {
			f.Fatal(err)
		}
	}
	s.SendAudio(now, "opus", 480, []byte{1, 2, 3})
	var all []byte
	for range 1000 {
		if b := s.Pop(now); b != nil {
			all = append(append(all, byte(len(b)>>8), byte(len(b))), b...)
		}
		now = now.Add(time.Millisecond)
	}
	f.Add(all)
	f.Add(all[:len(all)/2])
	f.Fuzz(func(t *testing.T, b []byte) {
		s := quicproto.NewSession(quicproto.SessionConfig{})
		jitter := media.NewJitterBuffer(jitterCeiling)
		now := time.Unix(1, 0)
		for len(b) > 2 {
			n := min(int(b[0])<<8|int(b[1]), len(b)-2)
			s.HandleDatagram(now, b[2:2+n])
			b = b[2+n:]
			s.Advance(now)
			for s.Pop(now) != nil {
			}
			for frame, ok := s.PopFrame(); ok; frame, ok = s.PopFrame() {
				jitter.Push(now, frame)
			}
			for _, ok := jitter.Pop(now); ok; _, ok = jitter.Pop(now) {
			}
			for _, ok := s.PopSound(); ok; _, ok = s.PopSound() {
			}
			for _, ok := s.PopLoss(); ok; _, ok = s.PopLoss() {
			}
			now = now.Add(5 * time.Millisecond)
		}
	})
}
