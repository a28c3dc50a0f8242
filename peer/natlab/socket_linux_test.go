package natlab

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/skulltech/prattle/peer/prattletest"
)

// patience is how long a test waits for what must come.
const patience = 5 * time.Second

// openLab builds a topology, or skips the test where that cannot be done.
func openLab(t testing.TB, topology Topology) *Lab {
	t.Helper()
	prattletest.NeedsRoot(t, "ip", "nft", "conntrack")
	l, err := Open(topology)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, os.ErrNotExist) {
		t.Skipf("needs network namespaces and /dev/net/tun: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// site is a topology of one host, "client", behind a router "home", and two
// servers that have public addresses.
func site(home Router) Topology {
	home.Name = "home"
	return Topology{
		Routers: []Router{{Name: "centre"}, home},
		Hosts: []Host{
			{Name: "server", On: []string{"centre"}},
			{Name: "other", On: []string{"centre"}},
			{Name: "client", On: []string{"home"}},
		},
	}
}

// A socket is a UDP socket of a host in a test.
type socket struct {
	t testing.TB
	*net.UDPConn
}

// listen opens a socket at the IPv4 (0) or IPv6 (1) address of a host.
func listen(t testing.TB, l *Lab, host string, family int) socket {
	t.Helper()
	h := l.Host(host)
	return listenAt(t, h, h.Addrs(h.On[0])[family])
}

func listenAt(t testing.TB, h *HostNode, a netip.Addr) socket {
	t.Helper()
	c, err := h.ListenUDP(netip.AddrPortFrom(a, 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return socket{t, c}
}

func (s socket) addr() netip.AddrPort { return s.LocalAddr().(*net.UDPAddr).AddrPort() }

// send sends a message; whether it arrives is another matter.
func (s socket) send(to netip.AddrPort, message string) {
	s.t.Helper()
	if _, err := s.WriteToUDPAddrPort([]byte(message), to); err != nil {
		s.t.Fatalf("send %q to %v: %v", message, to, err)
	}
}

// receive is the next message, which must come.
func (s socket) receive() (from netip.AddrPort, message string) {
	s.t.Helper()
	s.SetReadDeadline(time.Now().Add(patience))
	var buf [1500]byte
	n, from, err := s.ReadFromUDPAddrPort(buf[:])
	if err != nil {
		s.t.Fatalf("receive at %v: %v", s.addr(), err)
	}
	return netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), string(buf[:n])
}

// outside is the address at which a server sees a socket.
func (s socket) outside(server socket) netip.AddrPort {
	s.t.Helper()
	s.send(server.addr(), "who am I?")
	from, _ := server.receive()
	return from
}

// hears tells whether a message from a stranger reaches s by the address at. One
// from a friend, sent afterwards over the same line, does so in any case.
func (s socket) hears(at netip.AddrPort, stranger, friend socket) bool {
	s.t.Helper()
	stranger.send(at, "stranger")
	first := s.receiveAfter(friend, at)
	if first != "friend" {
		s.receive()
	}
	return first != "friend"
}

// receiveAfter is the first message that has come when one from a friend has:
// "friend" if there is no other.
func (s socket) receiveAfter(friend socket, at netip.AddrPort) string {
	s.t.Helper()
	friend.send(at, "friend")
	_, first := s.receive()
	return first
}
