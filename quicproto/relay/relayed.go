package relay

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
)

const (
	// relayedBuffer is what relayed sockets ask the system for, in bytes: 100 ms of
	// 40 Mbit/s. Only what waits is really taken.
	relayedBuffer = 512 << 10
	// portAttempts is how many ports are tried: so many all taken, by others even,
	// means that the range is about full.
	portAttempts = 64
)

// relayed finds allocations by their addresses. Any goroutine may use it.
type relayed struct {
	mu       sync.RWMutex
	byPublic map[netip.AddrPort]*allocation
	byLocal  map[netip.AddrPort]*allocation
}

func newRelayed() *relayed {
	return &relayed{byPublic: map[netip.AddrPort]*allocation{}, byLocal: map[netip.AddrPort]*allocation{}}
}

func (r *relayed) add(a *allocation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byPublic[a.public], r.byLocal[a.socket.local] = a, a
}

func (r *relayed) remove(a *allocation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byLocal[a.socket.local] == a {
		delete(r.byPublic, a.public)
		delete(r.byLocal, a.socket.local)
	}
}

func (r *relayed) atPublic(addr netip.AddrPort) *allocation {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byPublic[addr]
}

func (r *relayed) atLocal(addr netip.AddrPort) *allocation {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byLocal[addr]
}

// each calls f for each allocation there is.
func (r *relayed) each(f func(*allocation)) {
	r.mu.RLock()
	list := make([]*allocation, 0, len(r.byLocal))
	for _, a := range r.byLocal {
		list = append(list, a)
	}
	r.mu.RUnlock()
	for _, a := range list {
		f(a)
	}
}

// openRelayed opens a socket of the family on a random port of the range, which
// nobody can guess (RFC 8656, section 7.2).
func openRelayed(addresses []Address, ports PortRange, v6 bool) (*socket, netip.AddrPort, error) {
	for _, a := range addresses {
		if a.Local.Is6() != v6 {
			continue
		}
		s, err := openInRange(a.Local, ports)
		if err != nil {
			return nil, netip.AddrPort{}, err
		}
		if a.Public.IsValid() {
			return s, netip.AddrPortFrom(a.Public, s.local.Port()), nil
		}
		return s, s.local, nil
	}
	return nil, netip.AddrPort{}, errNoFamily
}

func openInRange(ip netip.Addr, ports PortRange) (s *socket, err error) {
	for range portAttempts {
		port := ports.First + uint16(rand.UintN(uint(ports.Last-ports.First)+1))
		if s, err = openSocket(netip.AddrPortFrom(ip, port), relayedBuffer, false); err == nil {
			return s, nil
		}
	}
	return nil, fmt.Errorf("no free port: %w", err)
}
