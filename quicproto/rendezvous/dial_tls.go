package rendezvous

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"syscall"

	"github.com/skulltech/prattle/certs"
)

// openTLS connects over TLS. Who may answer is the same as over QUIC.
func (d *dialler) openTLS(ctx context.Context, w way) (link, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	conn, err := d.dial(ctx, w.addr())
	if err != nil {
		return nil, connectError(dialError(err))
	}
	limitBuffers(conn)
	config := d.tls.Clone()
	config.ServerName = w.name // for who passes connections on by it; it proves nothing
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, connectError(shakeError(err))
	}
	return newTLSLink(secure, false), nil
}

// dialError says in our words why there is no TCP connection.
func dialError(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return ErrNoTLS
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// alertInternal is the TLS alert (RFC 8446, section 6) of a server that cannot take
// a connection now.
const alertInternal tls.AlertError = 80

// shakeError says in our words why a TLS handshake has failed: the server has not
// the right key, or has no time, or is gone, or there is no rendezvous.
func shakeError(err error) error {
	var wrong *certs.KeyMismatchError
	var network net.Error
	switch alert := alertOf(err); {
	case errors.As(err, &wrong):
		return err
	case alert == alertInternal.Error():
		return ErrBusy
	case alert == "" && (errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) || errors.Is(err, syscall.ECONNRESET)):
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return fmt.Errorf("%w: %w", ErrNoTLS, err)
}

// alertOf is the text of the TLS alert by which the other end has ended a
// connection; empty if it has not: crypto/tls has no type for those it receives over
// TCP.
func alertOf(err error) string {
	var remote *net.OpError
	if errors.As(err, &remote) && remote.Op == "remote error" {
		return remote.Err.Error()
	}
	return ""
}

// dialTCP connects from any port.
func dialTCP(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", addr.String())
}
