package relay

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
)

var testConfigLog = slog.New(slog.DiscardHandler)

func TestTwoClients(t *testing.T) {
	cert, key := writeCertificate(t)
	c := testConfig()
	c.TCP, c.TLS = []netip.AddrPort{anyPort}, []netip.AddrPort{anyPort}
	c.CertFile, c.KeyFile = cert, key
	s, metrics := listenTest(t, c)
	dial := map[string]func() (netip.AddrPort, net.PacketConn){
		"udp": func() (netip.AddrPort, net.PacketConn) { return s.UDP()[0], udpSocket(t) },
		"tcp": func() (netip.AddrPort, net.PacketConn) {
			conn, err := net.Dial("tcp", s.TCP()[0].String())
			if err != nil {
				t.Fatal(err)
			}
			return s.TCP()[0], turn.NewSTUNConn(conn)
		},
		"tls": func() (netip.AddrPort, net.PacketConn) {
			conn, err := tls.Dial("tcp", s.TLS()[0].String(), &tls.Config{InsecureSkipVerify: true})
			if err != nil {
				t.Fatal(err)
			}
			return s.TLS()[0], turn.NewSTUNConn(conn)
		},
	}
	for _, pair := range [][2]string{{"udp", "udp"}, {"udp", "tcp"}, {"tcp", "tls"}, {"tls", "udp"}} {
		t.Run(pair[0]+" "+pair[1], func(t *testing.T) {
			var relayed [2]net.PacketConn
			for i, transport := range pair {
				addr, conn := dial[transport]()
				defer conn.Close()
				client := pionClient(t, addr, conn, fmt.Sprint("user-", i))
				defer client.Close()
				r, err := client.Allocate()
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				relayed[i] = r
			}
			exchange(t, relayed[0], relayed[1])
		})
	}
	if packets, _ := metrics.relayed(ToPeer); packets == 0 {
		t.Error("no packet was counted")
	}
}

// exchange sends packets of several lengths to and fro until all have arrived; both
// ends bind a channel meanwhile.
func exchange(t *testing.T, a, b net.PacketConn) {
	t.Helper()
	// Both sides open their permissions.
	_, _ = a.WriteTo([]byte("hello"), b.LocalAddr())
	_, _ = b.WriteTo([]byte("hello"), a.LocalAddr())
	for i := range 40 {
		want := bytes.Repeat([]byte{byte(i)}, 1+i*37)
		for _, way := range [][2]net.PacketConn{{a, b}, {b, a}} {
			if err := passes(way[0], way[1], want); err != nil {
				t.Fatalf("packet %d of %d bytes: %v", i, len(want), err)
			}
		}
	}
}

// passes sends a packet from one to the other.
func passes(from, to net.PacketConn, want []byte) error {
	buf := make([]byte, 2048)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if _, err := from.WriteTo(want, to.LocalAddr()); err != nil {
			return err
		}
		for {
			_ = to.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
			n, addr, err := to.ReadFrom(buf)
			if err != nil {
				break
			}
			if bytes.Equal(buf[:n], want) {
				if addr.String() != from.LocalAddr().String() {
					return fmt.Errorf("came from %v instead of %v", addr, from.LocalAddr())
				}
				return nil
			}
		}
	}
	return errors.New("did not arrive")
}

func TestChannelPacketsPassBothWays(t *testing.T) {
	s, metrics := listenTest(t, allowLoopback(testConfig()))
	username, password := credentials("alice")
	alice, peer := newClient(t, s.UDP()[0], username, password), udpSocket(t)
	relayed := alice.mustAllocate()
	peerAddr := addrPortOf(peer.LocalAddr())
	if err := alice.bind(firstChannel, peerAddr); err != nil {
		t.Fatal(err)
	}
	sizes := []int{1200, 1200, 1200, 700, 1200, 1, 1200, 1200, 3, 1500}
	for i, size := range sizes {
		alice.sendChannel(firstChannel, bytes.Repeat([]byte{byte(i)}, size))
	}
	buf := make([]byte, 2048)
	for i, size := range sizes {
		_ = peer.SetReadDeadline(time.Now().Add(patience))
		n, from, err := peer.ReadFromUDPAddrPort(buf)
		if err != nil {
			t.Fatal(err)
		}
		if n != size || buf[0] != byte(i) || from != relayed {
			t.Fatalf("packet %d: %d bytes of %d from %v, want %d from %v", i, n, buf[0], from, size, relayed)
		}
	}
	for i, size := range sizes {
		if _, err := peer.WriteToUDPAddrPort(bytes.Repeat([]byte{byte(i)}, size), relayed); err != nil {
			t.Fatal(err)
		}
	}
	for i, size := range sizes {
		number, data, ok := parseChannelData(alice.receive(patience))
		if !ok || number != firstChannel || len(data) != size || data[0] != byte(i) {
			t.Fatalf("packet %d: channel %x, %d bytes, want %d", i, number, len(data), size)
		}
	}
	for _, d := range []Direction{ToPeer, ToClient} {
		packets, _ := metrics.relayed(d)
		for end := time.Now().Add(patience); packets < len(sizes) && time.Now().Before(end); packets, _ = metrics.relayed(d) {
			time.Sleep(time.Millisecond) // they are counted once they have been sent
		}
		if packets != len(sizes) {
			t.Errorf("%v: %d packets counted, want %d", d, packets, len(sizes))
		}
	}
}

func TestOnlyPermittedPeersReachClient(t *testing.T) {
	s, metrics := listenTest(t, allowLoopback(testConfig()))
	username, password := credentials("alice")
	alice, stranger := newClient(t, s.UDP()[0], username, password), udpSocket(t)
	relayed := alice.mustAllocate()
	if _, err := stranger.WriteToUDPAddrPort([]byte("boo"), relayed); err != nil {
		t.Fatal(err)
	}
	if b := alice.receive(300 * time.Millisecond); b != nil {
		t.Fatalf("got %q from a peer without permission", b)
	}
	if metrics.refused(RefusedSender) != 1 {
		t.Error("refusal was not counted")
	}
	if err := alice.permit(addrPortOf(stranger.LocalAddr())); err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.WriteToUDPAddrPort([]byte("hello"), relayed); err != nil {
		t.Fatal(err)
	}
	m := &stun.Message{Raw: alice.receive(patience)}
	if err := m.Decode(); err != nil || m.Type.Method != stun.MethodData {
		t.Fatalf("no Data indication: %v %v", m, err)
	}
}

func TestReloadKeepsAllocations(t *testing.T) {
	c := allowLoopback(testConfig())
	s, metrics := listenTest(t, c)
	username, password := credentials("alice")
	alice, peer := newClient(t, s.UDP()[0], username, password), udpSocket(t)
	alice.mustAllocate()
	peerAddr := addrPortOf(peer.LocalAddr())
	if err := alice.bind(firstChannel, peerAddr); err != nil {
		t.Fatal(err)
	}
	arrives := func() bool {
		alice.sendChannel(firstChannel, []byte("media"))
		alice.indicate(peerAddr, []byte("media"))
		_ = peer.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		_, _, err := peer.ReadFromUDPAddrPort(make([]byte, 100))
		return err == nil
	}
	if !arrives() {
		t.Fatal("nothing passes")
	}

	const newSecret = "the secret that comes after it"
	c.Secrets = []string{newSecret, testSecret}
	if err := s.Reload(c); err != nil {
		t.Fatal(err)
	}
	if !arrives() {
		t.Error("nothing passes after a reload")
	}
	for _, secret := range c.Secrets {
		username, password := Credentials(secret, "bob", time.Hour, time.Now())
		if _, err := newClient(t, s.UDP()[0], username, password).allocate(); err != nil {
			t.Errorf("with secret %q: %v", secret, err)
		}
	}
	c.Secrets = []string{"too short"}
	if err := s.Reload(c); err == nil {
		t.Error("a bad secret was accepted")
	}

	c.Secrets, c.Allow = []string{newSecret}, nil
	if err := s.Reload(c); err != nil {
		t.Fatal(err)
	}
	for range 3 { // what was on its way
		_ = peer.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		_, _, _ = peer.ReadFromUDPAddrPort(make([]byte, 100))
	}
	if arrives() {
		t.Error("a network that is not allowed any more is still reached")
	}
	if metrics.refused(RefusedPeer) == 0 {
		t.Error("refusal was not counted")
	}
	if _, err := newClient(t, s.UDP()[0], username, password).allocate(); err == nil {
		t.Error("the old secret is still valid")
	}
}

func TestDrain(t *testing.T) {
	s, metrics := listenTest(t, testConfig())
	username, password := credentials("alice")
	alice := newClient(t, s.UDP()[0], username, password)
	alice.mustAllocate()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Drain(ended); !errors.Is(err, context.Canceled) {
		t.Fatalf("drain with an allocation: %v", err)
	}
	if _, err := newClient(t, s.UDP()[0], username, password).allocate(); err == nil {
		t.Error("a new allocation while draining")
	}
	if metrics.refused(RefusedDraining) == 0 {
		t.Error("refusal was not counted")
	}
	if _, err := alice.request(stun.MethodRefresh); err != nil {
		t.Error("an old allocation cannot be refreshed while draining:", err)
	}
	if _, err := alice.request(stun.MethodRefresh, attribute{stun.AttrLifetime, make([]byte, 4)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Drain(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestLifetimeEndsAllocation(t *testing.T) {
	c := testConfig()
	c.Limits.Lifetime = time.Second
	s, _ := listenTest(t, c)
	username, password := credentials("alice")
	newClient(t, s.UDP()[0], username, password).mustAllocate()
	for deadline := time.Now().Add(patience); s.Allocations() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the allocation lives on")
		}
	}
}

// Behind a NAT that maps addresses one to one, two allocations know each other by
// addresses that the machine does not have.
func TestRelayToRelayBehindNAT(t *testing.T) {
	c := testConfig()
	c.Relay[0].Public = netip.MustParseAddr("9.8.7.6")
	s, _ := listenTest(t, c)
	var clients [2]*client
	var relayed [2]netip.AddrPort
	for i := range clients {
		username, password := credentials(fmt.Sprint("user-", i))
		clients[i] = newClient(t, s.UDP()[0], username, password)
		relayed[i] = clients[i].mustAllocate()
		if relayed[i].Addr() != c.Relay[0].Public {
			t.Fatalf("relayed address %v, want one of %v", relayed[i], c.Relay[0].Public)
		}
	}
	if err := clients[0].bind(firstChannel, relayed[1]); err != nil {
		t.Fatal(err)
	}
	if err := clients[1].permit(relayed[0]); err != nil {
		t.Fatal(err)
	}
	clients[0].sendChannel(firstChannel, []byte("hello"))
	m := &stun.Message{Raw: clients[1].receive(patience)}
	if err := m.Decode(); err != nil {
		t.Fatal(err)
	}
	var from stun.XORMappedAddress
	if err := from.GetFromAs(m, stun.AttrXORPeerAddress); err != nil || from.String() != relayed[0].String() {
		t.Errorf("from %v %v, want %v", from, err, relayed[0])
	}
	clients[1].indicate(relayed[0], []byte("hello"))
	if _, data, ok := parseChannelData(clients[0].receive(patience)); !ok || string(data) != "hello" {
		t.Errorf("got %q by channel", data)
	}
}
