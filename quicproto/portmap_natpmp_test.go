package quicproto

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// natPMPRouter answers as a router does that knows NAT-PMP, on an address of
// loopback that is no other's.
type natPMPRouter struct {
	addr netip.Addr

	mu      sync.Mutex
	answer  func(request []byte) []byte
	removed int
}

func startNATPMP(t *testing.T) *natPMPRouter {
	t.Helper()
	r := &natPMPRouter{addr: netip.MustParseAddr("127.0.53.51")}
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: r.addr.AsSlice(), Port: 5351})
	if err != nil {
		t.Skipf("cannot take the part of a router: %v", err)
	}
	r.answer = r.forward
	var serving sync.WaitGroup
	serving.Go(func() { r.serve(c) })
	t.Cleanup(func() {
		c.Close()
		serving.Wait()
	})
	return r
}

func (r *natPMPRouter) serve(c *net.UDPConn) {
	var b [64]byte
	for {
		n, from, err := c.ReadFromUDPAddrPort(b[:])
		if err != nil {
			return
		}
		r.mu.Lock()
		c.WriteToUDPAddrPort(r.answer(b[:n]), from)
		r.mu.Unlock()
	}
}

// forward does what is asked, with an external port one above that of the client.
func (r *natPMPRouter) forward(request []byte) []byte {
	if request[1] == 0 {
		return []byte{0, 128, 0, 0, 0, 0, 0, 1, 192, 0, 2, 7}
	}
	lifetime := binary.BigEndian.Uint32(request[8:])
	if lifetime == 0 {
		r.removed++
	}
	b := append([]byte{0, 128 + request[1], 0, 0, 0, 0, 0, 1}, request[4:6]...)
	b = binary.BigEndian.AppendUint16(b, binary.BigEndian.Uint16(request[4:])+1)
	return binary.BigEndian.AppendUint32(b, lifetime)
}

func TestNATPMP(t *testing.T) {
	router := startNATPMP(t)
	n := &natPMP{gateway: router.addr, from: loopback, port: 7000}
	m, err := n.add(t.Context())
	want := mapping{netip.MustParseAddrPort("192.0.2.7:7001"), time.Hour}
	if err != nil || m != want {
		t.Errorf("mapping %v, %v; want %v", m, err, want)
	}
	n.remove(t.Context())
	if router.mu.Lock(); router.removed != 1 {
		t.Errorf("removed %d times", router.removed)
	}
	router.mu.Unlock()
}

func TestNATPMPOfHostileRouters(t *testing.T) {
	router := startNATPMP(t)
	n := &natPMP{gateway: router.addr, from: loopback, port: 7000}
	for name, answer := range map[string]string{
		"nothing in it":   "\x00",
		"another version": "\x02\x80\x00\x00",
		"refusal":         "\x00\x80\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00",
		"too long":        "\x00\x80\x00\x00" + strings.Repeat("x", 500),
	} {
		router.mu.Lock()
		router.answer = func([]byte) []byte { return []byte(answer) }
		router.mu.Unlock()
		if m, err := n.add(t.Context()); err == nil {
			t.Errorf("%s: mapping %v", name, m)
		}
	}
}
