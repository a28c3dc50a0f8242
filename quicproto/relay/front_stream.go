package relay

import (
	"bufio"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// maxUnsent is how much may wait with us for a client behind a slow connection,
	// in bytes; what is more is dropped, as a router would.
	maxUnsent = 64 << 10
	// writeTimeout is how long a connection may take nothing.
	writeTimeout = 15 * time.Second
	// strangerTimeout is how long a connection may be silent that has no allocation,
	// and clientTimeout one that has: clients refresh permissions each 5 minutes.
	strangerTimeout = 30 * time.Second
	clientTimeout   = 11 * time.Minute
)

// streamFront is a TCP or TLS connection of one client.
type streamFront struct {
	*front
	net.Conn               // as accepted
	stream   io.ReadWriter // the same, or TLS on it
	remote   netip.AddrPort
	frames   *bufio.Reader // from stream
	closed   sync.Once
	done     chan struct{} // closed by Close
	wake     chan struct{} // unsent is not empty

	out    sync.Mutex // of unsent
	unsent []byte
}

func newStreamFront(s *Server, conn net.Conn) *streamFront {
	remote := addrPortOf(conn.RemoteAddr())
	f := &streamFront{
		front:  newFront(s, true),
		Conn:   conn,
		stream: conn,
		remote: netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port()),
		frames: bufio.NewReaderSize(conn, 8<<10),
		done:   make(chan struct{}),
		wake:   make(chan struct{}, 1),
	}
	f.link = f
	return f
}

// secure puts TLS between the connection and what reads and writes it.
func (f *streamFront) secure(conn net.Conn) {
	f.stream = conn
	f.frames.Reset(conn)
}

// ReadFrom returns the next message for pion. When it fails the connection is over.
func (f *streamFront) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, err := f.readFrame(p)
		if err != nil {
			f.Close()
			return 0, nil, err
		}
		a := f.allocationOf(f.remote)
		c, data, pass := f.intake(time.Now(), f.server.settings.Load(), a, f.remote, p[:n])
		if c != nil {
			b := batches.Get().(*batch)
			b.messages = append(b.messages[:0], data)
			a.toPeer(b, c, b.messages)
			b.release()
		}
		if pass {
			f.handOver(f.remote, p[:n])
			return n, net.UDPAddrFromAddrPort(f.remote), nil
		}
	}
}

// readFrame reads a frame into p.
func (f *streamFront) readFrame(p []byte) (int, error) {
	timeout := strangerTimeout
	if f.allocationOf(f.remote) != nil {
		timeout = clientTimeout
	}
	if f.frames.Buffered() < maxDatagram { // else the frame is here
		_ = f.SetReadDeadline(time.Now().Add(timeout))
	}
	return readFrame(f.frames, p)
}

// WriteTo sends what pion has to say.
func (f *streamFront) WriteTo(p []byte, _ net.Addr) (int, error) {
	f.push(p)
	return len(p), nil
}

// deliver sends ChannelData messages.
func (f *streamFront) deliver(_ *batch, _ netip.AddrPort, messages [][]byte) (sent int) {
	for _, m := range messages {
		if f.push(m) {
			sent++
		}
	}
	return sent
}

// push puts a message, padded, behind those that wait to be written. It returns
// false if there is no room.
func (f *streamFront) push(message []byte) bool {
	f.out.Lock()
	defer f.out.Unlock()
	if len(f.unsent)+paddedLength(len(message)) > maxUnsent {
		return false
	}
	f.unsent = appendPadded(f.unsent, message)
	select {
	case f.wake <- struct{}{}:
	default:
	}
	return true
}

// write writes what is pushed, as much as there is at a time, until Close.
func (f *streamFront) write() {
	var writing []byte
	for {
		select {
		case <-f.done:
			return
		case <-f.wake:
		}
		f.out.Lock()
		writing, f.unsent = f.unsent, writing[:0]
		f.out.Unlock()
		_ = f.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := f.stream.Write(writing); err != nil {
			f.Close()
			return
		}
	}
}

// Close ends the connection.
func (f *streamFront) Close() error {
	f.closed.Do(func() {
		close(f.done)
		f.Conn.Close()
		f.server.disconnected(f)
	})
	return nil
}

// part is Close without an end to the connection, which somebody else takes over;
// false if it has ended.
func (f *streamFront) part() (open bool) {
	f.closed.Do(func() {
		close(f.done)
		f.server.disconnected(f)
		open = true
	})
	return open
}
