package rendezvous

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/quic-go/quic-go"
)

// ALPN names the protocol in the TLS handshake.
const ALPN = "prattle-rendezvous/1"

const (
	// DefaultPort is the UDP port of a server where none is named.
	DefaultPort = 7729
	// TLSPort is the TCP port where clients look for a server whom they do not reach
	// over UDP: no other is open as often.
	TLSPort = 443
)

const (
	// idleTimeout ends a connection on which nothing was heard: a client that is
	// gone is no longer offered to callers.
	idleTimeout = 12 * time.Second
	// aliveInterval is how often a client says that it lives, which also keeps the
	// bindings of NATs (RFC 4787 asks for two minutes, some give 30 s). If nothing
	// was heard since it said so before, it looks for another server.
	aliveInterval = 3 * time.Second
	// handshakeTimeout is the patience for the other side's next answer.
	handshakeTimeout = 5 * time.Second
	// writeTimeout is how long a message may wait for a slow reader.
	writeTimeout = 10 * time.Second
)

// quicConfig is for either end. Messages are small: nobody can make the other
// buffer more than a few.
func quicConfig() *quic.Config {
	return &quic.Config{
		HandshakeIdleTimeout:           handshakeTimeout,
		MaxIdleTimeout:                 idleTimeout,
		MaxIncomingStreams:             -1,
		MaxIncomingUniStreams:          -1,
		InitialStreamReceiveWindow:     32 << 10,
		MaxStreamReceiveWindow:         64 << 10,
		InitialConnectionReceiveWindow: 32 << 10,
		MaxConnectionReceiveWindow:     64 << 10,
		// What fits through every tunnel; no message is worth a search for more.
		InitialPacketSize:       1200,
		DisablePathMTUDiscovery: true,
	}
}

// serverConfig is that of the end that is asked, on one stream.
func serverConfig() *quic.Config {
	c := quicConfig()
	c.MaxIncomingStreams = 1
	return c
}

// connectionIDLength is that of a server's connection IDs, in bytes, the longest of
// RFC 9000: what is sent to a server that was restarted, and so does not know the
// connection, must be longer than the stateless reset that it answers with, and alive
// is no long message.
const connectionIDLength = 20

// closeCode is why a connection ends.
type closeCode quic.ApplicationErrorCode

const (
	closeDone closeCode = iota
	closeProtocol
	closeNotAllowed
	closeTooMany
	closeGoingAway
	closeReplaced
	closeSlow
)

// connectionError says in our words why a connection could not be made or has
// ended.
func connectionError(err error) error {
	var app *quic.ApplicationError
	var fault *quic.TransportError
	var idle *quic.IdleTimeoutError
	var handshake *quic.HandshakeTimeoutError
	var reset *quic.StatelessResetError
	switch {
	case errors.As(err, &app) && app.Remote:
		return closeError(closeCode(app.ErrorCode))
	case errors.As(err, &idle), errors.As(err, &handshake), errors.As(err, &reset):
		return ErrUnreachable
	case errors.As(err, &fault) && fault.Remote && fault.ErrorCode == quic.ConnectionRefused:
		return ErrBusy
	case errors.As(err, &fault) && !fault.Remote && fault.ErrorCode == quic.InternalError:
		return fmt.Errorf("%w: %w", ErrUnreachable, fault) // the system does not send it
	case errors.As(err, &fault) && !fault.Remote:
		return ownFault(fault)
	}
	return err
}

// ownFault is what our own check of the server said, if that was it.
func ownFault(fault *quic.TransportError) error {
	for _, err := range fault.Unwrap() {
		if fault.ErrorCode.IsCryptoError() && err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
	}
	return fault
}

func closeError(code closeCode) error {
	switch code {
	case closeNotAllowed:
		return ErrNotAllowed
	case closeTooMany:
		return ErrBusy
	case closeGoingAway:
		return errGoingAway
	case closeReplaced:
		return errReplaced
	case closeSlow:
		return errSlow
	case closeProtocol:
		return errNotUnderstood
	}
	return errClosed
}

var (
	errGoingAway     = errors.New("the rendezvous server stops")
	errReplaced      = errors.New("another connection of this program took over")
	errSlow          = errors.New("the connection to the rendezvous server is too slow")
	errNotUnderstood = errors.New("the rendezvous server did not understand this program: one of the two may be too old")
	errClosed        = errors.New("the rendezvous server has closed the connection")
)
