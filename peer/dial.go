package peer

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
)

// dialStagger is the head start of each address over the next, as in RFC 8305:
// a name often has an address that leads nowhere.
const dialStagger = 150 * time.Millisecond

// Call connects to the first of addrs where somebody answers, and rings. If want
// is not zero, only that peer will do, and another gives a
// *certs.KeyMismatchError. The link tells in Events how it goes on.
func (r *Room) Call(ctx context.Context, addrs []net.Addr, want certs.PeerID) (*Link, error) {
	conn, err := r.dialFirst(ctx, addrs, want)
	if err != nil {
		return nil, err
	}
	them, err := certs.VerifyPeer(conn.TLS(), nil, time.Now())
	if err != nil {
		conn.Close(quicproto.CloseIdentity, "")
		return nil, err
	}
	return r.newLink(conn, them.ID, true), nil
}

type dialled struct {
	conn *quicproto.Conn
	err  error
}

// dialFirst dials all addresses, each a little later than the one before, and
// returns the first connection. The others are closed.
func (r *Room) dialFirst(ctx context.Context, addrs []net.Addr, want certs.PeerID) (*quicproto.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	results := make(chan dialled, len(addrs))
	for i, addr := range addrs {
		go func() { results <- r.dialAfter(ctx, time.Duration(i)*dialStagger, addr, want) }()
	}
	var failures []error
	for n := range addrs {
		d := <-results
		if d.err == nil {
			cancel()
			discard(results, len(addrs)-n-1)
			return d.conn, nil
		}
		failures = append(failures, d.err)
	}
	cancel()
	return nil, worst(failures)
}

// worst chooses which of the failures to tell: one that says more than that
// nobody answered, if there is one.
func worst(failures []error) error {
	for _, err := range failures {
		if !errors.Is(err, quicproto.ErrUnreachable) && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
	return failures[0]
}

func (r *Room) dialAfter(ctx context.Context, wait time.Duration, addr net.Addr, want certs.PeerID) dialled {
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		return dialled{err: ctx.Err()}
	}
	accept := certs.AcceptAny
	if !want.IsZero() {
		accept = certs.AcceptOnly(want)
	}
	conn, err := r.endpoint.Dial(ctx, addr, r.cfg.Identity.TLSConfig(quicproto.ALPN, nil, accept))
	return dialled{conn, err}
}

// discard closes the connections that came too late.
func discard(results <-chan dialled, n int) {
	for range n {
		if d := <-results; d.err == nil {
			d.conn.Close(quicproto.CloseNormal, "")
		}
	}
}
