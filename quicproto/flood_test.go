package quicproto_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
)

// appendInitial makes what looks like a client's first packet (RFC 9000, section
// 17.2.2), with a connection ID that was never seen. Its content cannot be
// decrypted, which a server finds out after it has made room for a connection.
func appendInitial(b []byte, rng *rand.Rand) []byte {
	const size, idSize = 1200, 8
	b = append(b, 0xc3, 0, 0, 0, 1, idSize)
	b = binary.BigEndian.AppendUint64(b, rng.Uint64())
	b = append(b, idSize)
	b = binary.BigEndian.AppendUint64(b, rng.Uint64())
	b = append(b, 0) // no token
	b = binary.BigEndian.AppendUint16(b, 0x4000|uint16(size-len(b)-2))
	for len(b) < size {
		b = binary.LittleEndian.AppendUint64(b, rng.Uint64())
	}
	return b[:size]
}

// spoofers are sockets with as many addresses, as far as the system gives them:
// Linux has all of 127.0.0.0/8.
func spoofers(t *testing.T, rng *rand.Rand, n int) (sockets []*net.UDPConn) {
	t.Helper()
	for range n {
		ip := net.IPv4(127, byte(rng.IntN(250)+1), byte(rng.IntN(256)), byte(rng.IntN(250)+1))
		s, err := net.ListenUDP("udp4", &net.UDPAddr{IP: ip})
		if err != nil {
			s, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		sockets = append(sockets, s)
	}
	return sockets
}

// memory is what Go has of the system's, in bytes.
func memory() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys - m.HeapReleased
}

// A flood of Initials from everywhere costs neither memory nor the call that is
// going on, and whoever is real gets through all the same.
func TestFloodOfInitials(t *testing.T) {
	const seed, perBurst, bursts, most = 5, 20, 1000, 64 << 20
	rng := rand.New(rand.NewPCG(seed, seed))
	y := listenOnLoopback(t)
	x, z := openOnLoopback(t), openOnLoopback(t)
	accepted := make(chan *quicproto.Conn, 4)
	go accept(y, accepted)
	conf := newIdentity(t).TLSConfig(quicproto.ALPN, nil, certs.AcceptAny)
	call := dialAs(t, x, y.Addr(), newIdentity(t).TLSConfig(quicproto.ALPN, nil, certs.AcceptAny))
	callee := <-accepted
	sockets := spoofers(t, rng, 400)
	before := memory()
	var packet []byte
	sent, heard := 0, 0
	for i := range bursts { // 20 packets each 2 ms: 10,000 a second
		for range perBurst {
			packet = appendInitial(packet[:0], rng)
			sockets[rng.IntN(len(sockets))].WriteTo(packet, y.Addr())
		}
		select {
		case call.Outgoing() <- []byte{3, byte(i)}:
			sent++
		default:
		}
		for len(callee.Datagrams()) > 0 {
			<-callee.Datagrams()
			heard++
		}
		time.Sleep(2 * time.Millisecond)
	}
	stranger := dialAs(t, z, y.Addr(), conf)
	(<-accepted).Abort(quicproto.CloseNormal)
	stranger.Abort(quicproto.CloseNormal)
	grown := int64(memory()) - int64(before)
	t.Logf("seed %d: %d Initials, memory %+d KiB, %d of %d datagrams of the call arrived", seed, perBurst*bursts, grown>>10, heard, sent)
	if grown > most {
		t.Errorf("memory grew by %d MiB", grown>>20)
	}
	if n := y.Handshakes(); n > 128 {
		t.Errorf("%d handshakes are under way", n)
	}
	if call.Err() != nil || callee.Err() != nil {
		t.Errorf("the call has ended: %v, %v", call.Err(), callee.Err())
	}
	call.Abort(quicproto.CloseNormal)
	callee.Abort(quicproto.CloseNormal)
	x.Close()
	z.Close()
	y.Close()
}

// dialAs connects and says hello. A machine that is busy elsewhere may take longer than
// a handshake has, or have a flood's handshakes under way for some seconds more.
func dialAs(t *testing.T, e *quicproto.Endpoint, addr net.Addr, conf *tls.Config) *quicproto.Conn {
	t.Helper()
	conn, err := e.Dial(context.Background(), addr, conf)
	for tries := 1; tries < 10 && (errors.Is(err, quicproto.ErrUnreachable) || errors.Is(err, quicproto.ErrCrowded)); tries++ {
		time.Sleep(time.Second)
		conn, err = e.Dial(context.Background(), addr, conf)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Send(&quicproto.Hello{Name: "x"}); err != nil {
		t.Fatal(err)
	}
	return conn
}

func openOnLoopback(t *testing.T) *quicproto.Endpoint {
	t.Helper()
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	return quicproto.Open(socket)
}

func listenOnLoopback(t *testing.T) *quicproto.Endpoint {
	t.Helper()
	e := openOnLoopback(t)
	if err := e.Listen(newIdentity(t).TLSConfig(quicproto.ALPN, nil, certs.AcceptAny)); err != nil {
		t.Fatal(err)
	}
	return e
}
