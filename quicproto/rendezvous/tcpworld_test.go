package rendezvous

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// tcpDelay is how long TCP takes to connect: a round trip.
const tcpDelay = 100 * time.Millisecond

// tcpWorld is TCP in virtual time: bytes arrive as soon as they are written.
type tcpWorld struct {
	mu        sync.Mutex
	cut       bool // nothing comes through, nor anything that says so
	listeners map[netip.AddrPort]*tcpListener
}

// dial connects from an address.
func (w *tcpWorld) dial(ctx context.Context, from netip.Addr, to netip.AddrPort) (net.Conn, error) {
	select {
	case <-time.After(tcpDelay):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	w.mu.Lock()
	l, cut := w.listeners[to], w.cut
	w.mu.Unlock()
	switch {
	case cut:
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Err: ctx.Err()}
	case l == nil:
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	}
	client, server := newTCPLine(w, netip.AddrPortFrom(from, 4000), to)
	select {
	case l.conns <- server:
	case <-l.closed:
		return nil, syscall.ECONNREFUSED
	}
	return client, nil
}

// setCut cuts all lines, or mends them for connections to come.
func (w *tcpWorld) setCut(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
}

func (w *tcpWorld) isCut() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cut
}

func (w *tcpWorld) listen(addr netip.AddrPort) *tcpListener {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := &tcpListener{world: w, addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
	w.listeners[addr] = l
	return l
}

// tcpLine is what the two ends of a connection share.
type tcpLine struct {
	world   *tcpWorld
	mu      sync.Mutex
	changed chan struct{} // closed at each change
}

// tcpConn is one end of a connection.
type tcpConn struct {
	line     *tcpLine
	from, to netip.AddrPort
	peer     *tcpConn

	// Under the line's lock:
	arrived     []byte
	broken      error // of what reads
	closed      bool
	read, write time.Time // deadlines
}

// tcpWindow is how much may wait to be read, in bytes.
const tcpWindow = 16 << 10

// newTCPLine makes the two ends of a connection.
func newTCPLine(w *tcpWorld, client, server netip.AddrPort) (near, far *tcpConn) {
	line := &tcpLine{world: w, changed: make(chan struct{})}
	near, far = &tcpConn{line: line, from: client, to: server}, &tcpConn{line: line, from: server, to: client}
	near.peer, far.peer = far, near
	return near, far
}

// change does something under the lock.
func (l *tcpLine) change(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	close(l.changed)
	l.changed = make(chan struct{})
}

// await calls try, under the lock, at each change until it is done, or a deadline has
// passed, which may change too.
func (l *tcpLine) await(deadline *time.Time, try func() bool) error {
	for {
		l.mu.Lock()
		if !deadline.IsZero() && !time.Now().Before(*deadline) {
			l.mu.Unlock()
			return os.ErrDeadlineExceeded
		}
		if try() {
			l.mu.Unlock()
			return nil
		}
		changed, patience := l.changed, time.Hour
		if !deadline.IsZero() {
			patience = time.Until(*deadline)
		}
		l.mu.Unlock()
		select {
		case <-changed:
		case <-time.After(patience):
		}
	}
}

func (c *tcpConn) Read(b []byte) (n int, err error) {
	late := c.line.await(&c.read, func() bool {
		switch {
		case c.closed:
			err = net.ErrClosed
		case len(c.arrived) > 0:
			n = copy(b, c.arrived)
			c.arrived = c.arrived[n:]
		case c.broken != nil:
			err = c.broken
		default:
			return false
		}
		return true
	})
	c.line.change(func() {})
	if late != nil {
		return 0, late
	}
	return n, err
}

func (c *tcpConn) Write(b []byte) (n int, err error) {
	if c.line.world.isCut() {
		return len(b), nil // to be sent again and again
	}
	late := c.line.await(&c.write, func() bool {
		switch {
		case c.closed:
			err = net.ErrClosed
		case c.peer.closed: // and what has arrived is lost, as with most systems
			err = &net.OpError{Op: "write", Err: syscall.ECONNRESET}
			c.arrived, c.broken = nil, err
		case len(c.peer.arrived) < tcpWindow:
			c.peer.arrived = append(c.peer.arrived, b...)
			n = len(b)
		default:
			return false
		}
		return true
	})
	c.line.change(func() {})
	if late != nil {
		return 0, late
	}
	return n, err
}

// Close takes from the other end what it has not read yet, if something is left
// unread here. It is not noticed over a line that is cut.
func (c *tcpConn) Close() error {
	cut := c.line.world.isCut()
	c.line.change(func() {
		switch {
		case c.closed || cut:
		case len(c.arrived) > 0:
			c.peer.arrived, c.peer.broken = nil, &net.OpError{Op: "read", Err: syscall.ECONNRESET}
		default:
			c.peer.broken = io.EOF
		}
		c.closed = true
	})
	return nil
}

func (c *tcpConn) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(c.from) }
func (c *tcpConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.to) }
func (c *tcpConn) SetReadDeadline(t time.Time) error {
	c.line.change(func() { c.read = t })
	return nil
}
func (c *tcpConn) SetWriteDeadline(t time.Time) error {
	c.line.change(func() { c.write = t })
	return nil
}
func (c *tcpConn) SetDeadline(t time.Time) error {
	c.line.change(func() { c.read, c.write = t, t })
	return nil
}

type tcpListener struct {
	world  *tcpWorld
	addr   netip.AddrPort
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *tcpListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *tcpListener) Close() error {
	l.once.Do(func() {
		l.world.mu.Lock()
		defer l.world.mu.Unlock()
		delete(l.world.listeners, l.addr)
		close(l.closed)
	})
	return nil
}

func (l *tcpListener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.addr) }

// inEachWorld runs a test where there is UDP and no TLS, and where UDP is blocked and
// servers offer TLS.
func inEachWorld(t *testing.T, test func(*testing.T, *world)) {
	t.Run("QUIC", func(t *testing.T) { inWorld(t, func(w *world) { test(t, w) }) })
	t.Run("TLS", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.net.SetAll(lost)
			w.tls = true
			test(t, w)
		})
	})
}
