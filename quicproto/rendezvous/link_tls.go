package rendezvous

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// tlsLink is a link over TLS on TCP. What QUIC does by itself it does here: it ends
// when nothing was heard for idleTimeout, and whoever closes it says why, in a last
// message.
type tlsLink struct {
	conn    *tls.Conn
	lingers bool // at its end it waits until the other end has read why
	ctx     context.Context
	end     context.CancelCauseFunc
	idle    *time.Timer
	reads   atomic.Uint64 // that have brought something
	writing chan struct{} // holds something during a write
	gone    chan struct{} // closed when nothing is left of the connection
}

const (
	// farewellPatience bounds how long a connection that is closed here takes to say
	// why, and then how long the other end may take to hear of it.
	farewellPatience = time.Second
	// farewellRead bounds what is read to no purpose meanwhile, in bytes: TCP would
	// destroy what was said if something were left unread (RFC 2525, section 2.17).
	farewellRead = 256 << 10
	// tlsBuffer is what the system may buffer for a connection, each way, in bytes:
	// the windows that QUIC has.
	tlsBuffer = 64 << 10
)

// ownEnd is the cause of the end of a connection that was closed at this end.
type ownEnd struct{ code closeCode }

func (*ownEnd) Error() string { return "the connection was closed" }

// newTLSLink makes a link of a connection whose handshake is complete. That of a
// server lingers.
func newTLSLink(conn *tls.Conn, lingers bool) *tlsLink {
	l := &tlsLink{conn: conn, lingers: lingers, writing: make(chan struct{}, 1), gone: make(chan struct{})}
	l.ctx, l.end = context.WithCancelCause(context.Background())
	l.idle = time.AfterFunc(idleTimeout, func() { l.end(ErrUnreachable) })
	context.AfterFunc(l.ctx, l.depart)
	return l
}

// limitBuffers sets tlsBuffer.
func limitBuffers(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetReadBuffer(tlsBuffer)
		tcp.SetWriteBuffer(tlsBuffer)
	}
}

func (l *tlsLink) Context() context.Context                     { return l.ctx }
func (l *tlsLink) RemoteAddr() net.Addr                         { return l.conn.RemoteAddr() }
func (l *tlsLink) identities() tls.ConnectionState              { return l.conn.ConnectionState() }
func (l *tlsLink) openStream(context.Context) (stream, error)   { return l, nil }
func (l *tlsLink) acceptStream(context.Context) (stream, error) { return l, nil }
func (l *tlsLink) heard() uint64                                { return l.reads.Load() }
func (l *tlsLink) acknowledges() bool                           { return false }
func (l *tlsLink) SetWriteDeadline(t time.Time) error           { return l.conn.SetWriteDeadline(t) }
func (l *tlsLink) close(code closeCode)                         { l.end(&ownEnd{code}) }
func (l *tlsLink) free()                                        { <-l.gone }

// Read reads what the other end has written. A whole TLS record counts as a sign of
// life, less does not.
func (l *tlsLink) Read(p []byte) (int, error) {
	n, err := l.conn.Read(p)
	if l.ctx.Err() != nil {
		return 0, context.Cause(l.ctx)
	}
	if n > 0 {
		l.reads.Add(1)
		l.idle.Reset(idleTimeout)
	}
	if err != nil {
		l.end(lossError(err))
	}
	return n, err
}

// lossError is why a connection has ended without a last message: the other end
// does not like our certificate, or is gone.
func lossError(err error) error {
	if alertOf(err) != "" {
		return err
	}
	return ErrUnreachable
}

// Write writes one message.
func (l *tlsLink) Write(p []byte) (int, error) {
	select {
	case l.writing <- struct{}{}:
	case <-l.ctx.Done():
		return 0, context.Cause(l.ctx)
	}
	defer func() { <-l.writing }()
	if l.ctx.Err() != nil { // the last message goes by depart
		return 0, context.Cause(l.ctx)
	}
	return l.conn.Write(p)
}

func (l *tlsLink) ended(code closeCode) error {
	l.end(closeError(code))
	return closeError(code)
}

// depart does what there is to do when the connection has ended.
func (l *tlsLink) depart() {
	defer close(l.gone)
	l.idle.Stop()
	raw := l.conn.NetConn()
	defer raw.Close()
	raw.SetReadDeadline(time.Unix(1, 0)) // Read returns
	var own *ownEnd
	if !errors.As(context.Cause(l.ctx), &own) || l.say(own.code) != nil || !l.lingers {
		return
	}
	raw.SetReadDeadline(time.Now().Add(farewellPatience))
	io.CopyN(io.Discard, raw, farewellRead)
}

// say writes the last message, after the one that is being written.
func (l *tlsLink) say(code closeCode) error {
	l.conn.SetWriteDeadline(time.Now().Add(farewellPatience))
	l.writing <- struct{}{}
	defer func() { <-l.writing }()
	l.conn.SetWriteDeadline(time.Now().Add(farewellPatience))
	b, err := frame(&farewell{Code: uint64(code)})
	if err == nil {
		_, err = l.conn.Write(b)
	}
	return err
}
