package quicproto

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// OpenLAN is Open for an endpoint that keeps to the subnets that this machine is on:
// nothing is sent beyond them, and what comes from there is not looked at.
func OpenLAN(socket net.PacketConn) *Endpoint {
	return open(&lanSocket{rawSocket: newRawSocket(socket), near: OnLink})
}

// lanSocket passes packets from and to neighbours only.
type lanSocket struct {
	rawSocket
	near func(netip.Addr) bool

	mu    sync.Mutex
	known map[netip.Addr]bool
	since time.Time // when known was begun
}

const (
	// nearMemory is how long an address counts for what it was: networks change.
	nearMemory = 2 * time.Second
	// maxNear bounds the addresses that are remembered meanwhile.
	maxNear = 256
)

var errBeyondLAN = errors.New("the address is not on the local network")

func (s *lanSocket) read(b []byte) (n int, from netip.AddrPort, at local, err error) {
	for {
		n, from, at, err = s.rawSocket.read(b)
		if err != nil || s.isNear(time.Now(), from.Addr()) {
			return n, from, at, err
		}
	}
}

func (s *lanSocket) write(b []byte, from local, to netip.AddrPort) error {
	if !s.isNear(time.Now(), to.Addr()) {
		return errBeyondLAN
	}
	return s.rawSocket.write(b, from, to)
}

// isNear asks the system about an address, now and then.
func (s *lanSocket) isNear(now time.Time, ip netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil || now.Sub(s.since) > nearMemory || len(s.known) >= maxNear {
		s.known, s.since = make(map[netip.Addr]bool), now
	}
	near, asked := s.known[ip]
	if !asked {
		near = s.near(ip)
		s.known[ip] = near
	}
	return near
}

// SetReadBuffer sets how many bytes the kernel keeps for us.
func (s *lanSocket) SetReadBuffer(n int) error {
	if w, ok := s.rawSocket.(interface{ SetReadBuffer(int) error }); ok {
		return w.SetReadBuffer(n)
	}
	return nil
}
