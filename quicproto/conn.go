package quicproto

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/skulltech/prattle/media"
)

// Datagram is a received datagram and the time at which it was handed to us.
type Datagram struct {
	Received time.Time
	Data     []byte // owned by the receiver of the value
}

// Conn is a QUIC connection to one peer: a control stream with messages, and
// datagrams. It moves bytes and knows nothing of what they mean; the mechanisms
// (Sender, Receiver) decide what is sent and when.
//
// Two goroutines serve its control stream, and two more each of its lanes: QUIC
// connections over which the datagrams are spread (see lane). None of them waits
// for more than its own queue.
type Conn struct {
	quic   *quic.Conn // the first lane's
	route  *Route
	stream *quic.Stream
	reader *bufio.Reader // of stream
	pace   *messagePace

	outgoing  chan []byte
	datagrams chan Datagram
	messages  chan Message
	control   chan []byte

	maxDatagram atomic.Int64
	overflow    atomic.Uint64 // datagrams dropped because the owner was too slow
	tooLarge    atomic.Uint64 // datagrams that did not fit the path

	mu    sync.Mutex
	lanes []*lane

	done     chan struct{}
	err      error // why it ended; set before done is closed
	closing  atomic.Bool
	routines sync.WaitGroup
}

// Queue lengths. The owner of a connection drains them on every turn of its
// loop, so that they only fill when it is starved of CPU.
const (
	datagramQueue = 512
	messageQueue  = 64
	controlQueue  = 64
)

// CloseCode tells the other side why a connection was closed.
type CloseCode uint64

// The codes of CONNECTION_CLOSE.
const (
	CloseNormal   CloseCode = 0 // the call is over
	CloseProtocol CloseCode = 1 // malformed or unexpected messages
	CloseIdentity CloseCode = 2 // the peer is not who it should be
	CloseRefused  CloseCode = 3 // not wanted here
	CloseRevoked  CloseCode = 4 // wanted no more
	CloseBusy     CloseCode = 5 // too many others are here
)

// CloseError says that the other side closed the connection.
type CloseError struct {
	Code   CloseCode
	Reason string // from the peer: to be filtered before it is shown
}

func (e *CloseError) Error() string {
	return fmt.Sprintf("the other side closed the connection (code %d)", uint64(e.Code))
}

// ErrSilent says that nothing was heard from the other side for too long.
var ErrSilent = errors.New("the other side fell silent")

// ErrTooSlow says that the peer floods us or does not take what we send.
var ErrTooSlow = errors.New("control messages pile up")

// newConn makes a connection of its first lane. first is a message that has been
// read from the control stream already, or nil.
func newConn(l *lane, stream *quic.Stream, reader *bufio.Reader, pace *messagePace, first Message) *Conn {
	c := &Conn{
		quic:      l.quic,
		stream:    stream,
		reader:    reader,
		pace:      pace,
		outgoing:  make(chan []byte),
		datagrams: make(chan Datagram, datagramQueue),
		messages:  make(chan Message, messageQueue),
		control:   make(chan []byte, controlQueue),
		done:      make(chan struct{}),
	}
	if first != nil {
		c.messages <- first
	}
	c.maxDatagram.Store(l.datagramSize())
	c.route = l.quic.RemoteAddr().(*Route)
	c.route.join()
	c.join(l)
	c.routines.Add(2)
	go c.routineSendMessages()
	go c.routineReceiveMessages()
	return c
}

// MaxDatagram is the largest datagram in bytes that the path carries now.
func (c *Conn) MaxDatagram() int { return int(c.maxDatagram.Load()) }

// Outgoing takes datagrams to be sent. It is unbuffered: a send succeeds when a
// lane can put the datagram on the wire at once. The bytes may be reused when
// some dozens more have been sent.
func (c *Conn) Outgoing() chan<- []byte { return c.outgoing }

// Replay puts the latest packet of each lane on the wire again. While the path is
// dead that is how QUIC soon learns that it lives again.
func (c *Conn) Replay() { c.route.replay() }

// Route is what the connection runs over.
func (c *Conn) Route() *Route { return c.route }

// Datagrams yields what arrives.
func (c *Conn) Datagrams() <-chan Datagram { return c.datagrams }

// Messages yields the control messages that arrive, in order.
func (c *Conn) Messages() <-chan Message { return c.messages }

// Send queues a control message. It does not wait; a peer that takes none for
// so long that the queue fills loses the connection.
func (c *Conn) Send(m Message) error {
	b, err := appendMessage(nil, m)
	if err != nil {
		return err
	}
	select {
	case c.control <- b:
		return nil
	case <-c.done:
		return c.err
	default:
		c.fail(CloseProtocol, ErrTooSlow)
		return ErrTooSlow
	}
}

// Close says goodbye and waits until nothing of the connection runs any more.
// Messages sent just before are delivered if the path allows it.
func (c *Conn) Close(code CloseCode, reason string) error {
	if c.closing.CompareAndSwap(false, true) {
		c.flushControl()
		c.shut(code, reason, net.ErrClosed)
	}
	<-c.done
	c.routines.Wait()
	return nil
}

// Abort is Close without goodbye: nothing more is sent or received.
func (c *Conn) Abort(code CloseCode) error {
	if c.closing.CompareAndSwap(false, true) {
		c.shut(code, "", net.ErrClosed)
	}
	<-c.done
	c.routines.Wait()
	return nil
}

// Export derives n secret bytes that only the two ends of the connection know, and
// that differ from connection to connection (RFC 8446, section 7.5).
func (c *Conn) Export(label string, n int) ([]byte, error) {
	state := c.TLS()
	b, err := state.ExportKeyingMaterial(label, nil, n)
	if err != nil {
		return nil, fmt.Errorf("export from TLS: %w", err)
	}
	return b, nil
}

// Done is closed when the connection has ended; Err then says why.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err says why the connection ended: net.ErrClosed after Close, a *CloseError
// if the other side closed it, ErrSilent, or a fault. Nil while it lives.
func (c *Conn) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

// TLS describes the handshake, with the peer's certificate.
func (c *Conn) TLS() tls.ConnectionState { return c.quic.ConnectionState().TLS }

// ThinPath is the rate at which the other side's handshake came, in bit/s, if the
// path is thin; 0 if it is not. The other side should know it before it sends.
func (c *Conn) ThinPath() media.Bitrate {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lanes[0].gauge.thinPath()
}

// RemoteAddr is the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return c.quic.RemoteAddr() }

// ConnStats is what QUIC knows of the path.
type ConnStats struct {
	RTT      time.Duration
	Lanes    int    // QUIC connections in use
	Window   int    // sum of their congestion windows, in bytes
	Overflow uint64 // received datagrams dropped for want of room
	TooLarge uint64 // datagrams not sent because they did not fit
}

// Carry is what the lanes carry at most: their windows in each round trip. 0 before
// there was one.
func (c *Conn) Carry() media.Bitrate {
	s := c.Stats()
	if s.RTT <= 0 {
		return 0
	}
	return media.Bitrate(float64(s.Window) * 8 / s.RTT.Seconds())
}

// Stats returns what QUIC knows of the path at present.
func (c *Conn) Stats() ConnStats {
	s := ConnStats{
		RTT:      c.quic.ConnectionStats().SmoothedRTT,
		Overflow: c.overflow.Load(),
		TooLarge: c.tooLarge.Load(),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s.Lanes = len(c.lanes)
	for _, l := range c.lanes {
		s.Window += int(l.quic.ConnectionStats().CongestionWindow)
	}
	return s
}

// Received counts the QUIC packets that came on the first lane, keep-alives among
// them: while it grows, the other side lives.
func (c *Conn) Received() uint64 { return c.quic.ConnectionStats().PacketsReceived }

func (c *Conn) routineSendMessages() {
	defer c.routines.Done()
	for {
		select {
		case b := <-c.control:
			if b == nil {
				c.stream.Close()
				continue
			}
			if _, err := c.stream.Write(b); err != nil {
				c.fail(CloseProtocol, err)
				return
			}
		case <-c.done:
			return
		}
	}
}

func (c *Conn) routineReceiveMessages() {
	defer c.routines.Done()
	for {
		m, err := readMessage(c.reader, func() error { return c.pace.wait(c.done) })
		switch {
		case err == io.EOF: // the other side has said all it wanted
			c.fail(CloseNormal, &CloseError{Code: CloseNormal})
			return
		case err != nil:
			c.fail(CloseProtocol, err)
			return
		}
		select {
		case c.messages <- m:
		case <-c.done:
			return
		}
	}
}

// fail ends the connection because of err, unless it has ended already.
func (c *Conn) fail(code CloseCode, err error) {
	if c.closing.CompareAndSwap(false, true) {
		c.shut(code, "", closeCause(c.quic, err))
	}
}

func (c *Conn) shut(code CloseCode, reason string, err error) {
	c.err = err
	close(c.done)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.lanes {
		l.quic.CloseWithError(quic.ApplicationErrorCode(code), reason)
	}
	c.route.leave()
}

// flushDelay is how long a closing connection waits for the other side to have its
// last control messages: a few tries on a bad link.
const flushDelay = time.Second

// flushControl lets the control stream end after what is queued (the Bye) and
// gives the peer a moment to close first: CONNECTION_CLOSE would overtake and
// discard it.
func (c *Conn) flushControl() {
	patience := time.NewTimer(flushDelay)
	defer patience.Stop()
	select {
	case c.control <- endOfControl:
	default:
		return // the peer takes nothing anyway
	}
	select {
	case <-c.quic.Context().Done():
	case <-patience.C:
	}
}

// endOfControl in the queue of control messages ends the stream.
var endOfControl []byte

// closeCause turns quic-go's errors into ours.
func closeCause(q *quic.Conn, err error) error {
	if cause := context.Cause(q.Context()); cause != nil {
		err = cause
	}
	var app *quic.ApplicationError
	if errors.As(err, &app) && app.Remote {
		return &CloseError{Code: CloseCode(app.ErrorCode), Reason: app.ErrorMessage}
	}
	var idle *quic.IdleTimeoutError
	if errors.As(err, &idle) {
		return ErrSilent
	}
	var fault *quic.TransportError
	if errors.As(err, &fault) && fault.ErrorCode.IsCryptoError() {
		return handshakeError(fault) // a listener looks at our certificate when we are connected
	}
	return err
}
