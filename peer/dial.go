package peer

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
)

// dialStagger is the head start of each address over the next, as in RFC 8305:
// a name often has an address that leads nowhere.
const dialStagger = 150 * time.Millisecond

// ErrSelf says that a call would lead back to the room that makes it.
var ErrSelf = errors.New("that is yourself")

// Call connects to the first of addrs where somebody answers, rings, and returns
// when it rings there, or is decided. If want is not zero, only that peer will do,
// and another gives a *certs.KeyMismatchError. The link tells in Events how it
// goes on; it may be one that the other side has dialled, if it called at the same
// time. Ending ctx before Call returns gives the call up.
func (r *Room) Call(ctx context.Context, addrs []net.Addr, want certs.PeerID, opts CallOptions) (*Link, error) {
	if want == r.cfg.Identity.ID() && slices.ContainsFunc(addrs, r.isOurs) {
		return nil, ErrSelf
	}
	dialling, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &party{peer: want, wake: cancel}
	r.mu.Lock()
	r.line.dial(p)
	r.mu.Unlock()
	conn, err := r.dialFirst(dialling, addrs, want)
	var l *Link
	if err == nil {
		l, err = r.ring(conn, p, opts)
	}
	if l != nil {
		return l.awaitRinging(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line.end(p)
	if p.with != nil {
		return p.with.link, nil
	}
	return nil, err
}

// isOurs reports whether an address is that of the room's own socket. The same
// identity at another address is another device, or another terminal.
func (r *Room) isOurs(addr net.Addr) bool {
	to, ok1 := addr.(*net.UDPAddr)
	own, ok2 := r.endpoint.Addr().(*net.UDPAddr)
	if !ok1 || !ok2 || to.Port != own.Port {
		return false
	}
	return to.IP.Equal(own.IP) || own.IP.IsUnspecified() && isLocal(to.IP)
}

// isLocal reports whether an address is one of this machine's.
func isLocal(ip net.IP) bool {
	addrs, _ := net.InterfaceAddrs()
	return ip.IsLoopback() || slices.ContainsFunc(addrs, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && n.IP.Equal(ip)
	})
}

// ring makes a link of a connection that p has got. It returns nil, and no error,
// if the other side's call was faster.
func (r *Room) ring(conn *quicproto.Conn, p *party, opts CallOptions) (*Link, error) {
	them, err := certs.VerifyPeer(conn.TLS(), r.cfg.Authorities, time.Now())
	if err == nil && them.ID == r.cfg.Identity.ID() && r.isOurs(conn.RemoteAddr()) {
		err = ErrSelf
	}
	if err != nil {
		conn.Close(quicproto.CloseIdentity, "")
		return nil, err
	}
	ring := new(quicproto.Ring)
	if opts.Ticket != nil {
		ring.Ticket = slices.Clone(opts.Ticket[:])
	}
	l := r.newLink(conn, them, newCall(time.Now(), r.hello(conn), ring, 0))
	l.party = p
	r.mu.Lock()
	r.line.dialled(p, them.ID)
	needless := p.with != nil
	if !needless {
		p.link, p.wake = l, l.rouse
	}
	r.mu.Unlock()
	if needless {
		l.cancel()
		conn.Close(quicproto.CloseNormal, "")
		return nil, nil
	}
	l.start()
	return l, nil
}

// awaitRinging waits until the callee's bell rings, or the call is decided, and
// returns the link on which it takes place.
func (l *Link) awaitRinging(ctx context.Context) (*Link, error) {
	select {
	case <-l.settled:
		if s := l.successor(); s != nil {
			return s, nil
		}
		return l, nil
	case <-ctx.Done():
		l.HangUp()
		<-l.done
		if s := l.successor(); s != nil {
			return s, nil
		}
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, ErrNoAnswer
		}
		return nil, ctx.Err()
	}
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
	conn, err := r.endpoint.Dial(ctx, addr, r.tlsConfig(r.accepting(want)))
	return dialled{conn, err}
}

// accepting is how a dial decides on who answers: the peer that is wanted, or
// anybody who is not blocked.
func (r *Room) accepting(want certs.PeerID) func(certs.Peer) error {
	return func(p certs.Peer) error {
		if !want.IsZero() {
			if err := certs.AcceptOnly(want)(p); err != nil {
				return err
			}
		}
		return r.notBlocked(p)
	}
}

// discard closes the connections that came too late.
func discard(results <-chan dialled, n int) {
	for range n {
		if d := <-results; d.err == nil {
			d.conn.Close(quicproto.CloseNormal, "")
		}
	}
}
