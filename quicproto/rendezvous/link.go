package rendezvous

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"time"

	"github.com/quic-go/quic-go"
)

// link is a connection between a client and a server whose handshake is complete,
// over QUIC or over TLS on TCP. It carries one stream of messages.
type link interface {
	Context() context.Context // ends with the connection; its cause, by connectionError, is why
	RemoteAddr() net.Addr
	identities() tls.ConnectionState

	// openStream is for the client, acceptStream, which waits for it, for the server.
	openStream(ctx context.Context) (stream, error)
	acceptStream(ctx context.Context) (stream, error)

	// heard changes whenever something has come from the other end.
	heard() uint64
	// acknowledges says that the other end hears of what has arrived here without a
	// word of ours.
	acknowledges() bool
	// ended is called when the other end has said in a message that it closes the
	// connection, and returns what that means.
	ended(closeCode) error

	close(closeCode) // does not block
	free()           // gives back what the connection, which has ended, took of the system
}

// stream is what messages are read from and written to.
type stream interface {
	io.ReadWriter
	SetWriteDeadline(time.Time) error
}

// quicLink is a link over QUIC.
type quicLink struct {
	*quic.Conn
	transport *quic.Transport // of this connection alone, on socket; nil: the server's, of all
	socket    net.PacketConn
}

func (l *quicLink) identities() tls.ConnectionState { return l.ConnectionState().TLS }

func (l *quicLink) openStream(ctx context.Context) (stream, error) { return l.OpenStreamSync(ctx) }

func (l *quicLink) acceptStream(ctx context.Context) (stream, error) { return l.AcceptStream(ctx) }

func (l *quicLink) heard() uint64 { return l.ConnectionStats().PacketsReceived }

func (l *quicLink) acknowledges() bool { return true }

// ended is not how QUIC connections are closed.
func (l *quicLink) ended(closeCode) error { return errUnexpected }

func (l *quicLink) close(code closeCode) {
	l.CloseWithError(quic.ApplicationErrorCode(code), "")
}

func (l *quicLink) free() {
	if l.transport != nil {
		l.transport.Close()
		l.socket.Close()
	}
}
