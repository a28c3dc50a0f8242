package netns

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// Two networks, each with one device, and the line between them.
var nearAddr, farAddr = netip.MustParsePrefix("10.77.29.1/24"), netip.MustParsePrefix("10.77.29.2/24")

// openLine joins two new namespaces by a link, or skips the test where they cannot
// be had.
func openLine(t testing.TB, l quictest.Link, watch func(quictest.Passage, []byte)) (x *Line, near, far *Namespace) {
	t.Helper()
	near, nearTUN := openEnd(t, nearAddr)
	far, farTUN := openEnd(t, farAddr)
	x, err := Join(nearTUN, farTUN, l, 1, watch)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x, near, far
}

func openEnd(t testing.TB, addr netip.Prefix) (*Namespace, *TUN) {
	t.Helper()
	n, err := Open()
	if err != nil {
		t.Skipf("needs root: %v", err)
	}
	t.Cleanup(n.Close)
	tun, err := n.OpenTUN("net0", addr)
	if err != nil {
		t.Skipf("needs root and /dev/net/tun: %v", err)
	}
	return n, tun
}

// socketIn opens a UDP socket in a namespace.
func socketIn(t testing.TB, n *Namespace, addr netip.Prefix, port uint16) *net.UDPConn {
	t.Helper()
	var socket *net.UDPConn
	err := n.Do(func() (err error) {
		socket, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr.Addr(), port)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	return socket
}

func TestALineCarriesAsItsPathSays(t *testing.T) {
	const packets = 50
	var mu sync.Mutex
	delivered := 0
	link := quictest.Link{Rate: media.Mbps, Delay: 10 * time.Millisecond, Loss: 0.3}
	x, nearEnd, farEnd := openLine(t, link, func(p quictest.Passage, _ []byte) {
		mu.Lock()
		defer mu.Unlock()
		if p.Fate == quictest.Delivered {
			delivered++
		}
	})
	near, far := socketIn(t, nearEnd, nearAddr, 1), socketIn(t, farEnd, farAddr, 9)
	for i := range packets {
		if _, err := near.WriteTo(append(make([]byte, 99), byte(i)), far.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	x.Change(quictest.Link{}) // and with no bottleneck, delay or loss all else arrives
	if _, err := near.WriteTo([]byte{255}, far.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	got := readAll(t, far)
	mu.Lock()
	defer mu.Unlock()
	if len(got) != delivered || !slices.Contains(got, 255) {
		t.Errorf("%d packets arrived, %d should have; the last: %v", len(got), delivered, slices.Contains(got, 255))
	}
	if there, back := x.Stats(); there.Packets != packets+1 || back.Packets != 0 {
		t.Errorf("%d packets there and %d back, want %d and none", there.Packets, back.Packets, packets+1)
	}
}

// readAll returns the last byte of each packet that comes until none does.
func readAll(t *testing.T, s *net.UDPConn) (got []byte) {
	t.Helper()
	var buf [1500]byte
	for {
		s.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		n, err := s.Read(buf[:])
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, buf[n-1])
	}
}

func TestChatter(t *testing.T) {
	solicitation, packet := make([]byte, 40), make([]byte, 40)
	solicitation[0], solicitation[24] = 0x60, 0xff
	packet[0], packet[24] = 0x60, 0x20
	for _, c := range []struct {
		packet []byte
		want   bool
	}{{solicitation, true}, {packet, false}, {solicitation[:20], false}, {nil, false}} {
		if got := chatter(c.packet); got != c.want {
			t.Errorf("% x: %v", c.packet, got)
		}
	}
}

// BenchmarkLine tells how much later than it should a packet comes out of a line,
// in microseconds, from socket to socket.
func BenchmarkLine(b *testing.B) {
	const delay = 20 * time.Millisecond
	_, nearEnd, farEnd := openLine(b, quictest.Link{Delay: delay}, nil)
	near, far := socketIn(b, nearEnd, nearAddr, 1), socketIn(b, farEnd, farAddr, 9)
	start := time.Now()
	go func() {
		for range b.N {
			time.Sleep(time.Millisecond)
			near.WriteTo(binary.BigEndian.AppendUint64(make([]byte, 0, 1000), uint64(time.Since(start))), far.LocalAddr())
		}
	}()
	late := make([]time.Duration, b.N)
	var packet [1500]byte
	for i := range late {
		if _, err := far.Read(packet[:]); err != nil {
			b.Fatal(err)
		}
		late[i] = time.Since(start) - time.Duration(binary.BigEndian.Uint64(packet[:])) - delay
	}
	slices.Sort(late)
	b.ReportMetric(float64(late[len(late)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(late[len(late)*99/100].Microseconds()), "p99-µs")
}
