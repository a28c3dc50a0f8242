package quality

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// needNamespaces skips a test where network namespaces and TUN cannot be had.
func needNamespaces(t testing.TB) {
	t.Helper()
	n, err := openNamespace(nearAddr)
	if err != nil {
		t.Skipf("needs root and /dev/net/tun: %v", err)
	}
	n.close()
}

// socketIn opens a UDP socket in a namespace.
func socketIn(t testing.TB, n *namespace, port uint16) *net.UDPConn {
	t.Helper()
	var socket *net.UDPConn
	err := n.do(func() (err error) {
		socket, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(n.addr, port)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	return socket
}

func TestALineCarriesAsItsPathSays(t *testing.T) {
	needNamespaces(t)
	const packets = 50
	var mu sync.Mutex
	var passages []quictest.Passage
	link := quictest.Link{Rate: media.Mbps, Delay: 10 * time.Millisecond, Loss: 0.3}
	x, err := openLine(link, 1, func(p quictest.Passage, data []byte) {
		if protocol, port := destination(data); protocol != unix.IPPROTO_UDP || port != 9 {
			t.Errorf("a packet of protocol %d for port %d", protocol, port)
		}
		mu.Lock()
		defer mu.Unlock()
		passages = append(passages, p)
	})
	if err != nil {
		t.Fatal(err)
	}
	near, far := socketIn(t, x.near, 1), socketIn(t, x.far, 9)
	for i := range packets {
		if _, err := near.WriteTo(append(make([]byte, 99), byte(i)), far.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	x.change(quictest.Link{}) // and with no bottleneck, delay or loss all else arrives
	if _, err := near.WriteTo([]byte{255}, far.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	got := readAll(t, far)
	if err := x.close(); err != nil {
		t.Error(err)
	}
	delivered := slices.DeleteFunc(passages, func(p quictest.Passage) bool { return p.Fate != quictest.Delivered })
	if len(got) != len(delivered) || !slices.Contains(got, 255) {
		t.Errorf("%d packets arrived, %d should have; the last: %v", len(got), len(delivered), slices.Contains(got, 255))
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

func TestDestination(t *testing.T) {
	udp := make([]byte, 28)
	udp[0], udp[9], udp[22], udp[23] = 0x45, unix.IPPROTO_UDP, 0x1e, 0x30
	for _, c := range []struct {
		packet   []byte
		protocol byte
		port     uint16
	}{
		{udp, unix.IPPROTO_UDP, 7728},
		{udp[:22], 0, 0},
		{udp[:5], 0, 0},
		{nil, 0, 0},
	} {
		if protocol, port := destination(c.packet); protocol != c.protocol || port != c.port {
			t.Errorf("% x: protocol %d, port %d", c.packet, protocol, port)
		}
	}
}

// BenchmarkLine tells how much later than it should a packet comes out of a line,
// in microseconds, from socket to socket.
func BenchmarkLine(b *testing.B) {
	needNamespaces(b)
	const delay = 20 * time.Millisecond
	x, err := openLine(quictest.Link{Delay: delay}, 1, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer x.close()
	near, far := socketIn(b, x.near, 1), socketIn(b, x.far, 9)
	start := time.Now()
	go func() {
		for range b.N {
			time.Sleep(time.Millisecond)
			near.WriteTo(binary.BigEndian.AppendUint64(make([]byte, 0, 1000), uint64(time.Since(start))), far.LocalAddr())
		}
	}()
	late := make([]float64, b.N)
	var packet [1500]byte
	for i := range late {
		if _, err := far.Read(packet[:]); err != nil {
			b.Fatal(err)
		}
		sent := time.Duration(binary.BigEndian.Uint64(packet[:]))
		late[i] = ms(time.Since(start)-sent-delay) * 1000
	}
	slices.Sort(late)
	b.ReportMetric(percentile(late, 0.5), "p50-µs")
	b.ReportMetric(percentile(late, 0.99), "p99-µs")
}
