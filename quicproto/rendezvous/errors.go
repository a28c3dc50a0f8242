package rendezvous

import (
	"errors"
	"fmt"
	"time"
)

// Errors of a client, from Send, Reply and in State.
var (
	// ErrOffline says that no program of the peer is registered.
	ErrOffline = errors.New("the peer is not online")
	// ErrUnreachable says that no rendezvous server answered.
	ErrUnreachable = errors.New("the rendezvous server does not answer")
	// ErrNoTLS says that no server answered over UDP, and that there is none on TCP
	// where it would be for those whose network blocks UDP.
	ErrNoTLS = fmt.Errorf("%w over UDP, and offers no TLS on port %d", ErrUnreachable, TLSPort)
	// ErrNotAllowed says that the server does not serve this identity.
	ErrNotAllowed = errors.New("the rendezvous server does not serve this identity")
	// ErrBusy says that the server, or the peer's connection to it, has too much
	// to do: try again later.
	ErrBusy = errors.New("the rendezvous server is too busy")
	// ErrTooManyDevices says that as many programs of this identity are registered
	// as a server takes.
	ErrTooManyDevices = errors.New("too many programs with this identity are registered")
	// ErrForged says that the server showed keys that the peer has not signed, or
	// other than the ones asked for.
	ErrForged = errors.New("the rendezvous server showed a forged key")
	// ErrTooLong says that a body is longer than MaxBody.
	ErrTooLong = fmt.Errorf("mail is longer than %d bytes", MaxBody)
	// ErrKeyKind says that the identity's key is not Ed25519: only such a key is its
	// own proof to peers who do not share a CA.
	ErrKeyKind = errors.New("only an identity with an Ed25519 key can use a rendezvous server")
)

// ClockError says that the clock of this machine is so wrong that others take its
// keys for expired.
type ClockError struct {
	Ahead time.Duration // of the server's clock; negative: behind
}

func (e *ClockError) Error() string {
	if e.Ahead < 0 {
		return fmt.Sprintf("the clock of this machine is %v behind the server's", -e.Ahead.Round(time.Second))
	}
	return fmt.Sprintf("the clock of this machine is %v ahead of the server's", e.Ahead.Round(time.Second))
}
