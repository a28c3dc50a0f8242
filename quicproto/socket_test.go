package quicproto

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"
)

func listenUDP(t testing.TB, network, addr string) *net.UDPConn {
	t.Helper()
	a, err := net.ResolveUDPAddr(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.ListenUDP(network, a)
	if err != nil {
		t.Skipf("no socket at %s: %v", addr, err)
	}
	return c
}

// A packet leaves from the address that it is to leave from, and its address of
// arrival is told, on sockets for one family and for both.
func TestSocketsPinTheirAddress(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the whole of 127/8 is here on Linux alone")
	}
	for _, tc := range []struct{ network, listen, from, network2, to string }{
		{"udp4", "0.0.0.0:0", "127.0.0.9", "udp4", "127.0.0.1:0"},
		{"udp", "[::]:0", "127.0.0.9", "udp4", "127.0.0.1:0"},
		{"udp", "[::]:0", "::1", "udp6", "[::1]:0"},
	} {
		s := newUDPSocket(listenUDP(t, tc.network, tc.listen))
		other := listenUDP(t, tc.network2, tc.to)
		if !s.pins() {
			t.Errorf("%s at %s cannot choose its address", tc.network, tc.listen)
		}
		from := netip.MustParseAddr(tc.from)
		to := other.LocalAddr().(*net.UDPAddr).AddrPort()
		if err := s.write([]byte("hello"), local{ip: from, iface: 1}, to); err != nil {
			t.Fatalf("%+v: %v", tc, err)
		}
		b := make([]byte, 100)
		n, source, err := other.ReadFromUDPAddrPort(b)
		if err != nil || string(b[:n]) != "hello" || source.Addr().Unmap() != from {
			t.Errorf("%+v: %q came from %v (%v)", tc, b[:n], source, err)
		}
		if _, err := other.WriteToUDPAddrPort([]byte("back"), source); err != nil {
			t.Fatal(err)
		}
		n, peer, at, err := s.read(b)
		if err != nil || string(b[:n]) != "back" || peer != to || at.ip != from || at.iface == 0 {
			t.Errorf("%+v: %q came from %v at %v (%v)", tc, b[:n], peer, at, err)
		}
		s.close()
		other.Close()
	}
}

// A reply leaves from the address at which a stranger has called.
func TestAStrangerIsAnsweredFromWhereItCalled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the whole of 127/8 is here on Linux alone")
	}
	s := newSocket(newRawSocket(listenUDP(t, "udp", "[::]:0")))
	defer s.Close()
	stranger := listenUDP(t, "udp4", "127.0.0.1:0")
	defer stranger.Close()
	called := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.77"), addrPort(s.LocalAddr()).Port())
	if _, err := stranger.WriteToUDPAddrPort([]byte{0xc0, 1, 2, 3}, called); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	n, route, err := s.ReadFrom(b)
	if err != nil || !bytes.Equal(b[:n], []byte{0xc0, 1, 2, 3}) || route.String() != stranger.LocalAddr().String() {
		t.Fatalf("%x from %v: %v", b[:n], route, err)
	}
	if _, err := s.WriteTo([]byte("answer"), route); err != nil {
		t.Fatal(err)
	}
	if _, from, err := stranger.ReadFromUDPAddrPort(b); err != nil || from != called {
		t.Errorf("answered from %v, called at %v (%v)", from, called, err)
	}
}

func TestSTUNIsHandedOn(t *testing.T) {
	e := Open(listenUDP(t, "udp4", "127.0.0.1:0"))
	defer e.Close()
	came := make(chan []byte, 1)
	e.setSTUNHandler(func(_ netip.AddrPort, at netip.Addr, b []byte) {
		if at.IsLoopback() || !e.socket.raw.pins() {
			came <- bytes.Clone(b)
		}
	})
	server := listenUDP(t, "udp4", "127.0.0.1:0")
	defer server.Close()
	if err := e.sendRaw(local{ip: netip.MustParseAddr("127.0.0.1")}, []byte("ask"), addrPort(server.LocalAddr())); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	_, from, err := server.ReadFromUDPAddrPort(b)
	if err != nil {
		t.Fatal(err)
	}
	message := append([]byte{1, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, make([]byte, 12)...)
	for _, m := range [][]byte{{9, 9, 9}, message[:19], message} {
		if _, err := server.WriteToUDPAddrPort(m, from); err != nil {
			t.Fatal(err)
		}
	}
	if got := <-came; !bytes.Equal(got, message) {
		t.Errorf("%x was taken for STUN", got)
	}
}

func TestSocketDeadlines(t *testing.T) {
	s := newSocket(newRawSocket(listenUDP(t, "udp4", "127.0.0.1:0")))
	b := make([]byte, 10)
	for _, wait := range []time.Duration{-time.Second, 0, time.Millisecond} {
		s.SetReadDeadline(time.Now().Add(wait))
		if _, _, err := s.ReadFrom(b); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v: %v", wait, err)
		}
	}
	s.SetReadDeadline(time.Time{})
	closed := make(chan error)
	go func() {
		_, _, err := s.ReadFrom(b)
		closed <- err
	}()
	s.Close()
	if err := <-closed; !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed, and reading says %v", err)
	}
	if err := s.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
}

// Strangers cost no memory that stays.
func TestStrangersLeaveNoTrace(t *testing.T) {
	s := newSocket(newRawSocket(listenUDP(t, "udp4", "127.0.0.1:0")))
	defer s.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 100)
		for range 1000 {
			if _, route, err := s.ReadFrom(b); err == nil {
				s.WriteTo([]byte{0xc0, 0, 0, 0, 1, 4, 1, 2, 3, 4, 4, 5, 6, 7, 8}, route)
			}
		}
	}()
	for i := range 1000 {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 1, byte(i >> 8), byte(i)}), 9)
		s.handleStranger(from)
	}
	<-done
	t0 := &s.table
	if n := len(t0.plain) + len(t0.ids) + len(t0.origins) + len(t0.probes); n > 0 {
		t.Errorf("%d entries are left", n)
	}
}

// handleStranger takes a packet of QUIC from an address.
func (s *socket) handleStranger(from netip.AddrPort) {
	b := packetBuffers.Get().(*packetBuffer)
	n := copy(b[:], []byte{0xc0, 0, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8, 4, 5, 6, 7, 8})
	s.handle(time.Now(), local{}, from, b, n)
}
