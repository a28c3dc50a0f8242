package quicproto

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
)

// loopback is the host of tests.
var loopback = host{ip: netip.AddrFrom4([4]byte{127, 0, 0, 1}), iface: 1, name: "lo"}

// openTestRelay opens a relay by one way, and closes it at the end.
func openTestRelay(t *testing.T, server *turnServer, transport turnTransport) (*relay, <-chan relayPacket) {
	t.Helper()
	received := make(chan relayPacket, 100)
	o := &relayOpener{log: testLogger(t), deliver: func(_ local, from netip.AddrPort, b []byte) {
		received <- relayPacket{from, bytes.Clone(b)}
	}}
	s, a := server.by(transport)
	r, err := o.open(t.Context(), loopback, s, a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	return r, received
}

// by is a way to the server.
func (s *turnServer) by(transport turnTransport) (relayServer, relayAttempt) {
	addr := s.addr
	if transport == turnTLS {
		addr = s.secure
	}
	server := relayServer{host: "127.0.0.1", turnAccount: turnAccount{"alice", "secret", s.clientTLS()}}
	return server, relayAttempt{turnWay{transport, addr.Port()}, addr, new(atomic.Int64)}
}

// listenPeer opens a socket that takes the part of a peer.
func listenPeer(t *testing.T) (*net.UDPConn, netip.AddrPort) {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, c.LocalAddr().(*net.UDPAddr).AddrPort()
}

func TestRelayCarriesPackets(t *testing.T) {
	for _, transport := range []turnTransport{turnUDP, turnTCP, turnTLS} {
		t.Run(transport.String(), func(t *testing.T) {
			r, received := openTestRelay(t, startTURN(t), transport)
			peer, addr := listenPeer(t)
			peer.SetReadDeadline(time.Now().Add(patience))
			b := make([]byte, 2000)
			// The first waits for the permission, the next go with their address,
			// until there is a channel.
			for i := 0; !r.hasChannel(addr); i++ {
				want := bytes.Repeat([]byte{byte(i)}, 1200)
				if err := r.send(want, addr); err != nil {
					t.Fatal(err)
				}
				n, from, err := peer.ReadFromUDPAddrPort(b)
				if err != nil || from != r.addr || !bytes.Equal(b[:n], want) {
					t.Fatalf("packet %d: %d bytes from %v, %v", i, n, from, err)
				}
			}
			for size := range 9 { // any padding
				want := bytes.Repeat([]byte{7}, 1000+size)
				r.send(want, addr)
				if n, _, err := peer.ReadFromUDPAddrPort(b); err != nil || !bytes.Equal(b[:n], want) {
					t.Fatalf("%d of %d bytes by the channel, %v", n, len(want), err)
				}
				peer.WriteToUDPAddrPort(want, r.addr)
				if got := <-received; got.to != addr || !bytes.Equal(got.data, want) {
					t.Fatalf("%d of %d bytes came from %v", len(got.data), len(want), got.to)
				}
			}
		})
	}
}

func (r *relay) hasChannel(to netip.AddrPort) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.peers.channels {
		if c.to == to {
			return c.bound
		}
	}
	return false
}

// permitted waits until the relay lets a peer in.
func (r *relay) permitted(ip netip.Addr) bool {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		r.mu.Lock()
		p := r.peers.peers[ip]
		ok := p != nil && p.permitted
		r.mu.Unlock()
		if ok {
			return true
		}
	}
	return false
}

func TestRelayLetsPermittedPeersIn(t *testing.T) {
	r, received := openTestRelay(t, startTURN(t), turnUDP)
	peer, addr := listenPeer(t)
	r.permit([]netip.Addr{addr.Addr(), netip.MustParseAddr("2001:db8::1")})
	if !r.permitted(addr.Addr()) {
		t.Fatal("no permission")
	}
	peer.WriteToUDPAddrPort([]byte("hello"), r.addr)
	if got := <-received; got.to != addr || string(got.data) != "hello" {
		t.Errorf("%q came from %v", got.data, got.to)
	}
	if err := r.send([]byte("x"), netip.MustParseAddrPort("[2001:db8::1]:1")); !errors.Is(err, errRelayFamily) {
		t.Errorf("to another family: %v", err)
	}
}

func TestRelayForbidsAddresses(t *testing.T) {
	r, _ := openTestRelay(t, startTURN(t), turnUDP)
	forbidden := netip.MustParseAddrPort("127.0.0.99:9")
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		err := r.send([]byte("x"), forbidden)
		if errors.Is(err, errRelayForbids) {
			return
		}
		if err != nil || time.Now().After(end) {
			t.Fatalf("to a forbidden address: %v", err)
		}
	}
}

func TestRelayRefused(t *testing.T) {
	server := startTURN(t)
	server.password.Store("another")
	o := &relayOpener{log: testLogger(t)}
	s, a := server.by(turnUDP)
	if _, err := o.open(t.Context(), loopback, s, a); !errors.Is(err, ErrRelayRefused) {
		t.Errorf("with a wrong password: %v", err)
	}
	if a.heard.Load() == 0 {
		t.Error("the server was not heard")
	}
}

func TestRelayNoticesARestart(t *testing.T) {
	server := startTURN(t)
	r, _ := openTestRelay(t, server, turnUDP)
	if err := r.check(t.Context()); err != nil {
		t.Fatalf("check: %v", err)
	}
	server.stop()
	server.start(server.addr)
	if err := r.check(t.Context()); err == nil || unwelcome(err) {
		t.Errorf("after a restart: %v", err)
	}
}

func TestRelayIsGivenBack(t *testing.T) {
	server := startTURN(t)
	r, _ := openTestRelay(t, server, turnUDP)
	if n := server.server.AllocationCount(); n != 1 {
		t.Fatalf("%d allocations", n)
	}
	r.close()
	if n := server.server.AllocationCount(); n != 0 {
		t.Errorf("%d allocations left", n)
	}
}

// FuzzRelayHandle has a relay take whatever a hostile server sends.
func FuzzRelayHandle(f *testing.F) {
	id := stunID{1}
	f.Add([]byte{0x40, 0, 0, 1, 'x'})
	f.Add([]byte{0x40, 0, 0xff, 0xff})
	f.Add(stunAnswerOf(id, netip.MustParseAddrPort("192.0.2.1:1")))
	f.Add(dataIndication(netip.MustParseAddrPort("192.0.2.1:9"), []byte("x")))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := newIdleRelay(t, func(_ local, from netip.AddrPort, data []byte) {
			if !reachable(from) || len(data) > len(b) {
				t.Fatalf("%d bytes from %v", len(data), from)
			}
		})
		r.peers.channel(time.Now(), netip.MustParseAddrPort("192.0.2.1:9"))
		r.handle(b)
	})
}

// newIdleRelay is one whose server says only what the test does.
func newIdleRelay(t *testing.T, deliver func(local, netip.AddrPort, []byte)) *relay {
	near, far := net.Pipe()
	t.Cleanup(func() { far.Close() })
	conn := newTURNStream(near)
	t.Cleanup(func() { conn.Close() })
	client, err := turn.NewClient(&turn.ClientConfig{Conn: conn, TURNServerAddr: "127.0.0.1:1", LoggerFactory: pionLog{testLogger(t)}})
	if err != nil {
		t.Fatal(err)
	}
	return &relay{conn: conn, client: client, deliver: deliver, heard: new(atomic.Int64)}
}

// dataIndication is how a server passes on a packet before there is a channel.
func dataIndication(from netip.AddrPort, data []byte) []byte {
	return stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodData, stun.ClassIndication),
		peerAddress(from), stun.RawAttribute{Type: stun.AttrData, Value: data}).Raw
}
