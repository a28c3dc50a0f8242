package roomlab

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

// A socket is a UDP socket of a host in a test.
type socket struct {
	t *testing.T
	*net.UDPConn
}

func listen(t *testing.T, h *Host) socket {
	t.Helper()
	var c *net.UDPConn
	err := h.Do(func() (err error) {
		c, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(h.Addr, 0)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return socket{t, c}
}

// group is where multicast DNS is heard.
var group = &net.UDPAddr{IP: net.IPv4(224, 0, 0, 251), Port: 5353}

// joinGroup opens a socket that hears multicast DNS.
func joinGroup(t *testing.T, h *Host) socket {
	t.Helper()
	var c *net.UDPConn
	err := h.Do(func() error {
		device, err := net.InterfaceByName(cable)
		if err == nil {
			c, err = net.ListenMulticastUDP("udp4", device, group)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return socket{t, c}
}

// gets tells whether s receives what from sends to an address.
func (s socket) gets(from socket, to net.Addr) bool {
	s.t.Helper()
	from.sendTo(to, make([]byte, 100))
	s.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	_, err := s.Read(make([]byte, 1500))
	return err == nil
}

// reached is gets for what should come: where the machine is busy the first packets
// take longer, or get lost before the switch is ready. Nothing of it is left behind.
func (s socket) reached(from socket, to net.Addr) bool {
	s.t.Helper()
	for range 10 {
		if s.gets(from, to) {
			s.count(50 * time.Millisecond)
			return true
		}
	}
	return false
}

func (s socket) sendTo(to net.Addr, packet []byte) {
	s.t.Helper()
	if _, err := s.WriteTo(packet, to); err != nil {
		s.t.Fatal(err)
	}
}

// count is how many packets come until none has for a while.
func (s socket) count(patience time.Duration) (n int) {
	s.t.Helper()
	for buf := make([]byte, 1500); ; n++ {
		s.SetReadDeadline(time.Now().Add(patience))
		if _, err := s.Read(buf); err != nil {
			return n
		}
	}
}

func TestPartAndHeal(t *testing.T) {
	l := openLAN(t, 4)
	var at []socket
	for _, h := range l.Hosts {
		at = append(at, listen(t, h))
	}
	check := func(when string, across bool) {
		t.Helper()
		for i, from := range at {
			for j, to := range at {
				want, got := across || i/2 == j/2, to.gets
				if want {
					got = to.reached
				}
				if i != j && got(from, to.LocalAddr()) != want {
					t.Errorf("%s, from %d to %d: %v, want %v", when, i+1, j+1, !want, want)
				}
			}
		}
	}
	check("before", true)
	if err := l.Part(l.Hosts[:2]...); err != nil {
		t.Fatal(err)
	}
	check("parted", false)
	if err := l.Heal(); err != nil {
		t.Fatal(err)
	}
	check("healed", true)
}

func TestSwallowMulticast(t *testing.T) {
	l := openLAN(t, 2)
	from, to, heard := listen(t, l.Hosts[0]), listen(t, l.Hosts[1]), joinGroup(t, l.Hosts[1])
	// There is no route by which the kernel could choose the device.
	if err := l.Hosts[0].Configure("route add 224.0.0.0/4 dev " + cable); err != nil {
		t.Fatal(err)
	}
	if !heard.reached(from, group) {
		t.Error("multicast does not come through a good switch")
	}
	if err := l.SwallowMulticast(); err != nil {
		t.Fatal(err)
	}
	if heard.gets(from, group) || !to.reached(from, to.LocalAddr()) {
		t.Error("multicast comes through, or nothing does")
	}
}

// Thin lines lose about as many packets as they are to, each way, and hold back the
// rest.
func TestThin(t *testing.T) {
	const packets, size, loss = 200, 1000, 0.2
	l := openLAN(t, 2)
	thin, other := listen(t, l.Hosts[0]), listen(t, l.Hosts[1])
	if err := l.Hosts[0].Thin(4*media.Mbps, loss); err != nil {
		t.Fatal(err)
	}
	for _, way := range [][2]socket{{thin, other}, {other, thin}} {
		came := make(chan int)
		go func() { came <- way[1].count(time.Second) }()
		for range packets {
			way[0].sendTo(way[1].LocalAddr(), make([]byte, size))
			time.Sleep(2 * time.Millisecond) // the rate of the line, and some of its queue
		}
		if n := <-came; n < packets*6/10 || n > packets*9/10 {
			t.Errorf("of %d packets %d came, at a loss of %v", packets, n, loss)
		}
	}
	const burst = 300 // of which the queue holds a third
	for range burst {
		thin.sendTo(other.LocalAddr(), make([]byte, size))
	}
	if n := other.count(time.Second); n > burst/2 || n < burst/8 {
		t.Errorf("of %d packets at once %d came", burst, n)
	}
}
