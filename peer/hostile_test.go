package peer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/peer/peertest"
	"github.com/skulltech/prattle/quicproto"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// mallory is a peer who does not use our Room.
type mallory struct {
	t        *testing.T
	endpoint *quicproto.Endpoint
	identity *certs.Identity
}

func newMallory(t *testing.T, socket net.PacketConn) *mallory {
	return &mallory{t: t, endpoint: quicproto.Open(socket), identity: newIdentity(t)}
}

// dial connects to a room and says first.
func (m *mallory) dial(addr net.Addr, first ...quicproto.Message) *quicproto.Conn {
	m.t.Helper()
	conf := m.identity.TLSConfig(quicproto.ALPN, nil, certs.AcceptAny)
	conn, err := m.endpoint.Dial(context.Background(), addr, conf)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, msg := range first {
		conn.Send(msg)
	}
	return conn
}

// expect returns the next message of conn that is not of a kind to be passed over,
// nil if it ends.
func expect[M quicproto.Message](conn *quicproto.Conn) (m M, ok bool) {
	for {
		select {
		case got := <-conn.Messages():
			if m, ok = got.(M); ok {
				return m, true
			}
		case <-conn.Done():
			return m, false
		}
	}
}

func hi() *quicproto.Hello { return &quicproto.Hello{Name: "mallory"} }

func TestBeforeAcceptNothingIsOpenedOrKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
		b, addr := listener(t, n, 2)
		b.answer = ringOn
		m := newMallory(t, n.Socket(1))
		decoders := peertest.Decoders()
		conn := m.dial(addr[0], hi(), new(quicproto.Ring), &quicproto.Chat{ID: 1, Text: "hi"}, &quicproto.Streams{Audio: true, Video: true})
		if _, ok := expect[*quicproto.Ringing](conn); !ok {
			t.Fatal("it does not ring")
		}
		const datagrams = 1000
		for i := range datagrams {
			conn.Outgoing() <- append([]byte{byte(i % 4)}, bytes.Repeat([]byte{0x80}, 500)...)
		}
		conf := m.identity.TLSConfig(quicproto.ALPN, nil, certs.AcceptAny)
		if err := m.endpoint.OpenLane(context.Background(), conn, conf); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if b.opened != 0 || peertest.Decoders() != decoders {
			t.Errorf("%d devices and %d decoders were opened", b.opened, peertest.Decoders()-decoders)
		}
		if l := conn.Stats().Lanes; l != 1 {
			t.Errorf("%d lanes are open", l)
		}
		l := b.Links()[0]
		l.Accept()
		expect[*quicproto.Accept](conn)
		time.Sleep(time.Second)
		l.HangUp()
		<-l.Done()
		s := l.Summary()
		if s.Malformed != 0 || s.Dropped < datagrams/2 || len(b.view.Shown()) != 0 {
			t.Errorf("of what came before Accept %d datagrams were looked at, %d dropped, %d pictures shown", s.Malformed, s.Dropped, len(b.view.Shown()))
		}
		m.endpoint.Close()
		b.leave()
		if b.count(peer.EventChat) != 0 {
			t.Error("chat before Accept was shown")
		}
	})
}

func TestWhoDoesNotFollowTheProtocolIsLeft(t *testing.T) {
	for name, say := range map[string][]quicproto.Message{
		"accepts its own call": {hi(), new(quicproto.Ring), new(quicproto.Accept)},
		"accepts unasked":      {hi(), new(quicproto.Accept)},
		"no greeting":          {new(quicproto.Ring)},
		"two greetings":        {hi(), hi()},
		"two rings":            {hi(), new(quicproto.Ring), new(quicproto.Ring)},
		"a proof of nothing":   {hi(), new(quicproto.Ring), &quicproto.Proof{Nonce: 1}},
		"digits before a call": {hi(), new(quicproto.Ring), &quicproto.SASCommit{Commitment: make([]byte, quicproto.SASSize)}},
		"silence":              {hi()},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
			b, addr := listener(t, n, 2)
			b.answer = ringOn
			m := newMallory(t, n.Socket(1))
			conn := m.dial(addr[0], say...)
			time.Sleep(7 * time.Second)
			if conn.Err() == nil || len(b.Links()) != 0 || b.opened != 0 {
				t.Errorf("%s: %v, %d links, %d devices", name, conn.Err(), len(b.Links()), b.opened)
			}
			m.endpoint.Close()
			b.leave()
		})
	}
}

// A stranger that does not do its work never rings, and one that guesses loses the
// connection.
func TestAStrangerCannotRingForNothing(t *testing.T) {
	for name, proof := range map[string]quicproto.Message{"silent": nil, "guessing": &quicproto.Proof{Nonce: 1}} {
		synctest.Test(t, func(t *testing.T) {
			n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
			b, addr := listener(t, n, 2, (&admit{others: peer.AdmitStranger}).config)
			m := newMallory(t, n.Socket(1))
			conn := m.dial(addr[0], hi(), new(quicproto.Ring))
			if _, ok := expect[*quicproto.Puzzle](conn); !ok {
				t.Fatal("there is no puzzle")
			}
			if proof != nil {
				conn.Send(proof)
			}
			<-conn.Done()
			m.endpoint.Close()
			b.leave()
			if len(b.events) != 0 || len(b.Missed()) != 0 {
				t.Errorf("%s: %+v", name, b.events)
			}
		})
	}
}

// A crowd of strangers fills its part of the lobby, and a friend still gets in.
func TestACrowdDoesNotKeepAFriendOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
		policy := &admit{others: peer.AdmitStranger}
		b, addr := listener(t, n, 2, policy.config)
		var crowd []*mallory
		var conns []*quicproto.Conn
		for host := range 40 {
			m := newMallory(t, n.Socket(10+host))
			crowd = append(crowd, m)
			conns = append(conns, m.dial(addr[0], hi())) // and never a Ring
		}
		time.Sleep(time.Second)
		in := 0
		for _, c := range conns {
			if c.Err() == nil {
				in++
			}
		}
		friend := caller(t, n.Socket(1))
		policy.set(friend.id, peer.AdmitRing)
		l := call(t, friend, addr, b.id)
		time.Sleep(time.Second)
		if l.State() != peer.StateConnected || in > 12 || len(b.Links()) > 13 {
			t.Errorf("with %d strangers inside the friend is %s", in, l.State())
		}
		for _, m := range crowd {
			m.endpoint.Close()
		}
		friend.leave()
		b.leave()
	})
}

// A flood of control messages waits in the network, not with us.
func TestAFloodOfMessagesIsHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
		b, addr := listener(t, n, 2)
		m := newMallory(t, n.Socket(1))
		conn := m.dial(addr[0], hi(), new(quicproto.Ring))
		expect[*quicproto.Accept](conn)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for id := uint64(1); conn.Err() == nil; id++ {
				if err := conn.Send(&quicproto.Chat{ID: id, Text: strings.Repeat("spam ", 100)}); err != nil {
					return
				}
				time.Sleep(time.Millisecond)
			}
		}()
		time.Sleep(10 * time.Second)
		conn.Abort(quicproto.CloseNormal)
		<-done
		time.Sleep(time.Second)
		m.endpoint.Close()
		b.leave()
		if got := b.count(peer.EventChat); got < 300 || got > 900 {
			t.Errorf("%d lines in 10 s", got)
		}
	})
}

// show sends pictures of a size on a connection whose call was accepted, for a
// second.
func show(t *testing.T, conn *quicproto.Conn, s *quicproto.Session, enc media.VideoEncoder, w, h int) {
	t.Helper()
	var picture media.Frame
	picture.Resize(w, h)
	next := time.Now()
	for end := next.Add(time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		now := time.Now()
		if !now.Before(next) {
			next = next.Add(time.Second / 10)
			picture.Captured = now
			f, err := enc.Encode(&picture, media.EncodeOrder{Keyframe: true, Bitrate: 200 * media.Kbps, FPS: 10})
			if err != nil {
				t.Fatal(err)
			}
			f.Codec, f.Timestamp = "vp9", uint32(now.UnixMilli()*90)
			if err := s.SendVideo(now, &f); err != nil {
				t.Fatal(err)
			}
		}
		for len(conn.Datagrams()) > 0 {
			d := <-conn.Datagrams()
			s.HandleDatagram(now, d.Data)
		}
		s.Advance(now)
		if b := s.Pop(now); b != nil {
			conn.Outgoing() <- b
		}
	}
}

// A peer sends larger pictures than was agreed. None is decoded, and those that
// keep to it are shown as before.
func TestAPictureBombIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
		b, addr := listener(t, n, 2)
		m := newMallory(t, n.Socket(1))
		conn := m.dial(addr[0], hi(), new(quicproto.Ring))
		if _, ok := expect[*quicproto.Accept](conn); !ok {
			t.Fatal("the call was not accepted")
		}
		codec, err := media.VideoCodecByName("vp9")
		if err != nil {
			t.Fatal(err)
		}
		enc, err := codec.NewEncoder(media.VideoEncoderConfig{Width: 64, Height: 36, FPS: 10, Bitrate: 200 * media.Kbps})
		if err != nil {
			t.Fatal(err)
		}
		s := quicproto.NewSession(quicproto.SessionConfig{})
		for _, size := range []struct {
			w, h  int
			shown bool
		}{{1280, 720, true}, {4096, 2304, false}, {64, 8000, false}, {2560, 1440, true}} {
			shown, refused := len(b.view.Shown()), peertest.Refused()
			show(t, conn, s, enc, size.w, size.h)
			time.Sleep(time.Second)
			shown, refused = len(b.view.Shown())-shown, peertest.Refused()-refused
			if size.shown && (shown == 0 || refused != 0) || !size.shown && (shown != 0 || refused == 0) {
				t.Errorf("%dx%d: %d shown, %d refused", size.w, size.h, shown, refused)
			}
		}
		m.endpoint.Close()
		b.leave()
	})
}

// between puts a machine on the path to a room that forges control messages (nil:
// drops) and passes datagrams on.
func between(t *testing.T, n *quictest.Network, to net.Addr, forge func(quicproto.Message) quicproto.Message) (stop func(), addr net.Addr) {
	socket := n.Socket(200)
	inner, outer := quicproto.Open(socket), quicproto.Open(n.Socket(201))
	conf := newIdentity(t).TLSConfig(quicproto.ALPN, nil, certs.AcceptAny)
	if err := inner.Listen(conf); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- relayFirst(inner, outer, to, newIdentity(t), forge) }()
	return func() {
		inner.Close()
		outer.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}, socket.LocalAddr()
}

func relayFirst(inner, outer *quicproto.Endpoint, to net.Addr, id *certs.Identity, forge func(quicproto.Message) quicproto.Message) error {
	in, err := inner.Accept(context.Background())
	if err != nil {
		return fmt.Errorf("accept: %w", err)
	}
	x, err := in.Open(context.Background())
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	y, err := outer.Dial(context.Background(), to, id.TLSConfig(quicproto.ALPN, nil, certs.AcceptAny))
	if err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	back := make(chan struct{})
	go func() { defer close(back); relay(y, x, forge) }()
	relay(x, y, forge)
	<-back
	return nil
}

// relay passes on what comes from one connection until it or the other ends.
func relay(from, to *quicproto.Conn, forge func(quicproto.Message) quicproto.Message) {
	defer to.Abort(quicproto.CloseNormal)
	for {
		select {
		case m := <-from.Messages():
			if m = forge(m); m != nil && to.Send(m) != nil {
				return
			}
		case d := <-from.Datagrams():
			select {
			case to.Outgoing() <- d.Data:
			case <-to.Done():
				return
			}
		case <-from.Done():
			return
		case <-to.Done():
			return
		}
	}
}

func TestCallingTheBlockedFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
		policy := &admit{others: peer.AdmitRing}
		a := caller(t, n.Socket(1), policy.config)
		b, addr := listener(t, n, 2)
		policy.set(b.id, peer.AdmitNever)
		if _, err := a.Call(context.Background(), addr, certs.PeerID{}, peer.CallOptions{}); !errors.Is(err, certs.ErrBlockedPeer) {
			t.Errorf("calling somebody who is blocked: %v", err)
		}
		a.leave()
		b.leave()
		if len(b.events) != 0 {
			t.Errorf("it rang there: %+v", b.events)
		}
	})
}
