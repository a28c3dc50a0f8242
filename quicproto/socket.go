package quicproto

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// socket is the UDP socket as QUIC sees it: its packets come from routes and go by
// routes, whatever the addresses beneath. One goroutine reads the real socket,
// tells QUIC packets, probes and STUN apart by their first byte (RFC 9443), and
// leaves the QUIC packets to ReadFrom; those that come through relays join them
// there.
//
// QUIC gets no more of it than net.PacketConn: a packet is given to the kernel one
// by one, without ECN marks, and the kernel may fragment it.
type socket struct {
	raw    rawSocket
	table  routeTable
	stun   atomic.Pointer[stunHandler]
	locals atomic.Pointer[[]local] // nil: not known

	queue    chan queuedPacket
	deadline deadline // of ReadFrom
	closed   chan struct{}
	close    sync.Once
	ended    chan struct{} // no goroutine reads any more
}

// rawSocket is what packets really go through.
type rawSocket interface {
	// read waits for a packet, and says from where it comes and at which address of
	// ours it came, as far as the system tells.
	read(b []byte) (n int, from netip.AddrPort, at local, err error)
	// write sends a packet from an address of ours, of which it takes as much into
	// account as the system can.
	write(b []byte, from local, to netip.AddrPort) error
	// pins says whether write can choose the address that it sends from.
	pins() bool
	addr() net.Addr
	close() error
}

// queuedPacket is a QUIC packet that has come by a route.
type queuedPacket struct {
	b     *packetBuffer
	n     int
	route *Route
}

// packetBuffer has room for any packet of ours; longer ones are cut off and then
// fail to decrypt.
type packetBuffer [1500]byte

var packetBuffers = sync.Pool{New: func() any { return new(packetBuffer) }}

// socketQueue is how many packets wait for QUIC: what comes within some
// milliseconds at 100 Mbit/s. While it is full the kernel keeps the rest.
const socketQueue = 64

// stunHandler takes a STUN message that has come from an address to one of ours. It
// must neither block nor keep b.
type stunHandler func(from netip.AddrPort, at netip.Addr, b []byte)

func newSocket(raw rawSocket) *socket {
	s := &socket{
		raw:    raw,
		queue:  make(chan queuedPacket, socketQueue),
		closed: make(chan struct{}),
		ended:  make(chan struct{}),
	}
	go s.routineRead()
	return s
}

// readPause keeps a socket whose reads fail from taking a whole core.
const readPause = 10 * time.Millisecond

// routineRead reads the socket until it is closed. Other errors pass: they tell that
// a packet of ours did not arrive, or that a network has gone.
func (s *socket) routineRead() {
	defer close(s.ended)
	b := packetBuffers.Get().(*packetBuffer)
	for {
		n, from, at, err := s.raw.read(b[:])
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			time.Sleep(readPause)
		case s.handle(time.Now(), at, from, b, n):
			b = packetBuffers.Get().(*packetBuffer)
		}
	}
}

// receive takes a packet that has come through a relay, or by any other way but
// the socket. It copies b.
func (s *socket) receive(at local, from netip.AddrPort, packet []byte) {
	b := packetBuffers.Get().(*packetBuffer)
	if !s.handle(time.Now(), at, from, b, copy(b[:], packet)) {
		packetBuffers.Put(b)
	}
}

// handle gives a packet to whom it is for, and says whether that one keeps the
// buffer.
func (s *socket) handle(now time.Time, at local, from netip.AddrPort, b *packetBuffer, n int) (kept bool) {
	switch packet := b[:n]; kindOf(packet) {
	case packetQUIC:
		return s.handleQUIC(now, at, from, b, n)
	case packetProbe:
		if r := s.table.probed(packet); r != nil {
			r.handleProbe(now, at, from, packet)
		}
	case packetSTUN:
		if f := s.stun.Load(); f != nil && at.relay == nil {
			(*f)(from, at.ip, packet)
		}
	}
	return false
}

func (s *socket) handleQUIC(now time.Time, at local, from netip.AddrPort, b *packetBuffer, n int) (kept bool) {
	r, known := s.table.find(origin{at.relay, from}, b[:n])
	switch {
	case known:
		r.handlePacket(now, at, from, b[:n])
	case at.relay != nil:
		return false // nobody whom we have not met comes through a relay
	default:
		r = newStrangerRoute(s, from, at)
	}
	select {
	case s.queue <- queuedPacket{b, n, r}:
		return true
	case <-s.closed:
		return false
	}
}

// ReadFrom gives QUIC its next packet. The address is a *Route.
func (s *socket) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case p := <-s.queue:
		n := copy(b, p.b[:p.n])
		packetBuffers.Put(p.b)
		return n, p.route, nil
	case <-s.deadline.expired():
		return 0, nil, os.ErrDeadlineExceeded
	case <-s.closed:
		return 0, nil, net.ErrClosed
	}
}

// WriteTo sends a QUIC packet by a *Route.
func (s *socket) WriteTo(b []byte, addr net.Addr) (int, error) {
	var err error
	if r, ok := addr.(*Route); ok {
		err = r.send(b)
	} else {
		err = s.raw.write(b, local{}, addrPort(addr))
	}
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

// write sends a packet by one of our ways.
func (s *socket) write(b []byte, from local, to netip.AddrPort) error {
	if from.relay != nil {
		return from.relay.send(b, to)
	}
	return s.raw.write(b, from, to)
}

// LocalAddr is the address of the socket.
func (s *socket) LocalAddr() net.Addr { return s.raw.addr() }

// Close closes the socket and waits until nothing is read any more.
func (s *socket) Close() error {
	err := net.ErrClosed
	s.close.Do(func() {
		close(s.closed)
		err = s.raw.close()
		s.table.closeAll()
		s.deadline.set(time.Time{})
	})
	<-s.ended
	return err
}

// SetReadDeadline bounds the patience of ReadFrom.
func (s *socket) SetReadDeadline(t time.Time) error {
	s.deadline.set(t)
	return nil
}

// SetWriteDeadline does nothing: WriteTo does not wait.
func (s *socket) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline bounds the patience of ReadFrom.
func (s *socket) SetDeadline(t time.Time) error { return s.SetReadDeadline(t) }

// SetReadBuffer sets how many bytes the kernel keeps for us. QUIC asks for it.
func (s *socket) SetReadBuffer(n int) error {
	if w, ok := s.raw.(interface{ SetReadBuffer(int) error }); ok {
		return w.SetReadBuffer(n)
	}
	return nil
}

// SetWriteBuffer sets how many bytes of ours the kernel takes.
func (s *socket) SetWriteBuffer(n int) error {
	if w, ok := s.raw.(interface{ SetWriteBuffer(int) error }); ok {
		return w.SetWriteBuffer(n)
	}
	return nil
}

// addrPort is a key for an address; on a socket for both families, an IPv4 one may
// come in either form.
func addrPort(addr net.Addr) netip.AddrPort {
	switch a := addr.(type) {
	case *net.UDPAddr:
		return unmap(a.AddrPort())
	case *Route:
		return a.AddrPort()
	}
	a, _ := netip.ParseAddrPort(addr.String())
	return unmap(a)
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
