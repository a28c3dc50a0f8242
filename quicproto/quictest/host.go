package quictest

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"
)

// Host is a machine on an [Internet] with one UDP socket for all its interfaces. It
// is a [net.PacketConn] that also tells at which address a packet came, and sends
// from the one that it is told.
type Host struct {
	port   uint16
	queue  chan arrived
	closed chan struct{}
	close  sync.Once

	mu         sync.Mutex
	interfaces []*Interface
	deadline   chan struct{} // closed when reading is to end
}

type arrived struct {
	parcelUDP
	at netip.Addr
}

// Interface is a host's place in a site.
type Interface struct {
	host *Host
	site *Site
	addr netip.Addr
	down bool
}

// hostQueue is how many packets wait to be read; more are dropped.
const hostQueue = 256

// NewHost makes a host without an interface whose socket has a port.
func NewHost(port uint16) *Host {
	return &Host{port: port, queue: make(chan arrived, hostQueue), closed: make(chan struct{}), deadline: make(chan struct{})}
}

// Join gives the host an address in a site.
func (h *Host) Join(s *Site, addr string) *Interface {
	i := &Interface{host: h, site: s, addr: netip.MustParseAddr(addr)}
	s.internet.mu.Lock()
	if s.hosts == nil {
		s.hosts = make(map[netip.Addr]*Interface)
	}
	s.hosts[i.addr] = i
	s.internet.mu.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.interfaces = append(h.interfaces, i)
	return i
}

// SetDown says whether the interface carries nothing, though its address is there
// still.
func (i *Interface) SetDown(down bool) {
	i.host.mu.Lock()
	defer i.host.mu.Unlock()
	i.down = down
}

// Leave takes the address away.
func (i *Interface) Leave() {
	i.site.internet.mu.Lock()
	if i.site.hosts[i.addr] == i {
		delete(i.site.hosts, i.addr)
	}
	i.site.internet.mu.Unlock()
	i.host.mu.Lock()
	defer i.host.mu.Unlock()
	i.host.interfaces = slices.DeleteFunc(i.host.interfaces, func(other *Interface) bool { return other == i })
}

// Addr is the interface's address.
func (i *Interface) Addr() netip.Addr { return i.addr }

func (i *Interface) receive(p parcelUDP) {
	i.host.mu.Lock()
	down := i.down
	i.host.mu.Unlock()
	if down || p.to.Port() != i.host.port {
		return
	}
	select {
	case i.host.queue <- arrived{p, i.addr}:
	default:
	}
}

// ReadAt waits for a packet and says from where it came, and at which address.
func (h *Host) ReadAt(b []byte) (n int, from netip.AddrPort, at netip.Addr, err error) {
	h.mu.Lock()
	deadline := h.deadline
	h.mu.Unlock()
	select {
	case p := <-h.queue:
		return copy(b, p.data), p.from, p.at, nil
	case <-deadline:
		return 0, from, at, os.ErrDeadlineExceeded
	case <-h.closed:
		return 0, from, at, net.ErrClosed
	}
}

var errNoSuchAddress = errors.New("quictest: the host has no such address")

// WriteFrom sends a packet from one of the host's addresses, or from the first if
// from is not valid.
func (h *Host) WriteFrom(b []byte, from netip.Addr, to netip.AddrPort) error {
	h.mu.Lock()
	k := slices.IndexFunc(h.interfaces, func(i *Interface) bool { return !from.IsValid() || i.addr == from })
	if k < 0 {
		h.mu.Unlock()
		return errNoSuchAddress
	}
	i := h.interfaces[k]
	down := i.down
	h.mu.Unlock()
	if down {
		return nil
	}
	n := i.site.internet
	n.mu.Lock()
	defer n.mu.Unlock()
	i.site.send(parcelUDP{netip.AddrPortFrom(i.addr, h.port), to, slices.Clone(b)})
	return nil
}

// ReadFrom implements [net.PacketConn].
func (h *Host) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, _, err := h.ReadAt(b)
	return n, net.UDPAddrFromAddrPort(from), err
}

// WriteTo implements [net.PacketConn].
func (h *Host) WriteTo(b []byte, to net.Addr) (int, error) {
	return len(b), h.WriteFrom(b, netip.Addr{}, addrPort(to))
}

// LocalAddr implements [net.PacketConn].
func (h *Host) LocalAddr() net.Addr { return &net.UDPAddr{IP: net.IPv4zero, Port: int(h.port)} }

// Close implements [net.PacketConn].
func (h *Host) Close() error {
	h.close.Do(func() { close(h.closed) })
	return nil
}

// SetReadDeadline implements [net.PacketConn]; a time to come counts as none.
func (h *Host) SetReadDeadline(t time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !t.IsZero() && !t.After(time.Now()) {
		close(h.deadline)
		return nil
	}
	h.deadline = make(chan struct{})
	return nil
}

// SetDeadline implements [net.PacketConn].
func (h *Host) SetDeadline(t time.Time) error { return h.SetReadDeadline(t) }

// SetWriteDeadline implements [net.PacketConn].
func (h *Host) SetWriteDeadline(time.Time) error { return nil }
