package quicproto_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
	"github.com/skulltech/prattle/quicproto/quictest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newIdentity(t *testing.T) *certs.Identity {
	t.Helper()
	id, err := certs.New()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// pair connects two endpoints over a simulated network.
func pair(t *testing.T, n *quictest.Network) (dialler, listener *quicproto.Conn, closeAll func()) {
	t.Helper()
	dialler, listener, _, closeAll = pairOn(t, n, newIdentity(t).TLSConfig(quicproto.ALPN, nil, certs.AcceptAny))
	return dialler, listener, closeAll
}

// pairOn is pair with the dialler's TLS configuration given and its endpoint
// returned. The listener keeps accepting.
func pairOn(t *testing.T, n *quictest.Network, conf *tls.Config) (dialler, listener *quicproto.Conn, x *quicproto.Endpoint, closeAll func()) {
	t.Helper()
	socketA, socketB := n.Socket(1), n.Socket(2)
	x, y := quicproto.Open(socketA), quicproto.Open(socketB)
	if err := y.Listen(newIdentity(t).TLSConfig(quicproto.ALPN, nil, certs.AcceptAny)); err != nil {
		t.Fatal(err)
	}
	accepted := make(chan *quicproto.Conn, 1)
	go accept(y, accepted)
	dialler, err := x.Dial(context.Background(), socketB.LocalAddr(), conf)
	if err != nil {
		t.Fatal(err)
	}
	if err := dialler.Send(&quicproto.Hello{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	listener = <-accepted
	return dialler, listener, x, func() {
		dialler.Close(quicproto.CloseNormal, "")
		listener.Close(quicproto.CloseNormal, "")
		x.Close()
		y.Close()
	}
}

func accept(e *quicproto.Endpoint, accepted chan<- *quicproto.Conn) {
	for {
		in, err := e.Accept(context.Background())
		if err != nil {
			return
		}
		if conn, err := in.Open(context.Background()); err == nil && conn != nil {
			e.ExpectLanes(conn)
			accepted <- conn
		}
	}
}

func TestMessagesAndDatagramsCross(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, closeAll := pair(t, quictest.NewNetwork(1, quictest.Link{Delay: 20 * time.Millisecond}))
		defer closeAll()
		if hello, ok := (<-b.Messages()).(*quicproto.Hello); !ok || hello.Name != "a" {
			t.Errorf("first came %+v", hello)
		}
		a.Send(&quicproto.Chat{ID: 1, Text: "hi"})
		if chat, ok := (<-b.Messages()).(*quicproto.Chat); !ok || chat.Text != "hi" {
			t.Errorf("then came %+v", chat)
		}
		start := time.Now()
		b.Outgoing() <- []byte{3, 1, 2}
		d := <-a.Datagrams()
		if !bytes.Equal(d.Data, []byte{3, 1, 2}) || d.Received.Sub(start).Round(time.Millisecond) != 20*time.Millisecond {
			t.Errorf("%x came after %v", d.Data, d.Received.Sub(start))
		}
		if n := a.MaxDatagram(); n < 1000 || n > 1150 {
			t.Errorf("datagrams of %d bytes", n)
		}
	})
}

func TestControlOvertakesFullDatagrams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, closeAll := pair(t, quictest.NewNetwork(1, quictest.Link{Delay: 20 * time.Millisecond, Rate: 4e6, Queue: 100 * time.Millisecond}))
		defer closeAll()
		<-b.Messages() // Hello
		stop := make(chan struct{})
		flooded := make(chan struct{})
		go func() {
			defer close(flooded)
			data := make([]byte, a.MaxDatagram())
			for {
				select {
				case a.Outgoing() <- data:
				case <-stop:
					return
				}
			}
		}()
		for id := range uint64(5) {
			time.Sleep(200 * time.Millisecond)
			start := time.Now()
			a.Send(&quicproto.Chat{ID: id, Text: "through"})
			<-b.Messages()
			if d := time.Since(start); d > time.Second {
				t.Errorf("a message took %v beside a flood of datagrams", d)
			}
		}
		close(stop)
		<-flooded
	})
}

func TestWrongPeerIsRefusedBeforeAnythingIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 20 * time.Millisecond})
		a, b, other := newIdentity(t), newIdentity(t), newIdentity(t)
		socketA, socketB := n.Socket(1), n.Socket(2)
		x, y := quicproto.Open(socketA), quicproto.Open(socketB)
		defer x.Close()
		defer y.Close()
		if err := y.Listen(b.TLSConfig(quicproto.ALPN, nil, certs.AcceptAny)); err != nil {
			t.Fatal(err)
		}
		_, err := x.Dial(context.Background(), socketB.LocalAddr(), a.TLSConfig(quicproto.ALPN, nil, certs.AcceptOnly(other.ID())))
		var mismatch *certs.KeyMismatchError
		if !errors.As(err, &mismatch) || mismatch.Got != b.ID() {
			t.Errorf("dialling the wrong peer gave %v", err)
		}
	})
}

func TestNobodyThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{})
		x := quicproto.Open(n.Socket(1))
		defer x.Close()
		nobody := &net.UDPAddr{IP: net.IPv4(10, 9, 0, 99), Port: 7728}
		_, err := x.Dial(context.Background(), nobody, newIdentity(t).TLSConfig(quicproto.ALPN, nil, certs.AcceptAny))
		if !errors.Is(err, quicproto.ErrUnreachable) {
			t.Errorf("dialling nobody gave %v", err)
		}
	})
}

func TestSilenceEndsAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 20 * time.Millisecond})
		a, _, closeAll := pair(t, n)
		defer closeAll()
		start := time.Now()
		n.SetAll(quictest.Link{Loss: 1})
		<-a.Done()
		if d := time.Since(start); !errors.Is(a.Err(), quicproto.ErrSilent) || d > quicproto.IdleTimeout+5*time.Second {
			t.Errorf("ended after %v with %v", d, a.Err())
		}
	})
}

func TestByeIsHeardBeforeTheClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, closeAll := pair(t, quictest.NewNetwork(1, quictest.Link{Delay: 50 * time.Millisecond}))
		defer closeAll()
		<-b.Messages() // Hello
		a.Send(&quicproto.Bye{Reason: "done"})
		go a.Close(quicproto.CloseNormal, "")
		if bye, ok := (<-b.Messages()).(*quicproto.Bye); !ok || bye.Reason != "done" {
			t.Errorf("last came %+v", bye)
		}
		<-b.Done()
	})
}

func TestMalformedControlClosesWithAReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, closeAll := pair(t, quictest.NewNetwork(1, quictest.Link{Delay: time.Millisecond}))
		defer closeAll()
		if err := quicproto.WriteRaw(a, []byte{3, 1, 2, 3}); err != nil {
			t.Fatal(err)
		}
		<-b.Done()
		<-a.Done()
		var closed *quicproto.CloseError
		if !errors.As(a.Err(), &closed) || closed.Code != quicproto.CloseProtocol {
			t.Errorf("the sender of nonsense learns %v", a.Err())
		}
		if b.Err() == nil {
			t.Error(fmt.Errorf("the receiver of nonsense learns nothing"))
		}
	})
}
