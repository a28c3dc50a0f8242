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

// Call connects to the first of addrs where somebody answers, or to the devices that
// answer by way of opts.Via, rings, and returns when it rings there, or is decided.
// If want is not zero, only that peer will do, and another gives a
// *certs.KeyMismatchError; opts.Via needs it. The link tells in Events how it goes
// on; it may be one that the other side has dialled, if it called at the same time.
// Where several devices ring, Link.Successor leads to the one that was taken. Ending
// ctx before Call returns gives the call up.
func (r *Room) Call(ctx context.Context, addrs []net.Addr, want certs.PeerID, opts CallOptions) (*Link, error) {
	if want == r.cfg.Identity.ID() && slices.ContainsFunc(addrs, r.isOurs) {
		return nil, ErrSelf
	}
	dialling, cancel := context.WithCancelCause(r.ctx)
	detach := context.AfterFunc(ctx, func() { cancel(ctx.Err()) })
	p := &party{peer: want, wake: func() { cancel(nil) }}
	r.mu.Lock()
	r.line.dial(p)
	r.mu.Unlock()
	d, found := r.dialFirst(dialling, addrs, want, opts)
	l, err := (*Link)(nil), d.err
	if err == nil {
		l, err = r.ring(d, p, opts)
	}
	if l != nil {
		detach()
		l.ways = ways{addrs, CallOptions{Via: opts.Via}}
		r.routines.Go(func() {
			defer cancel(nil)
			r.ringOthers(dialling, l, found, opts)
		})
		return l.awaitRinging(ctx)
	}
	cancel(nil)
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
	to, own := udpAddr(addr), udpAddr(r.endpoint.Addr())
	if to == nil || own == nil || to.Port != own.Port {
		return false
	}
	return to.IP.Equal(own.IP) || own.IP.IsUnspecified() && isLocal(to.IP)
}

// udpAddr is an address, or where a route leads; nil if that is nothing.
func udpAddr(addr net.Addr) *net.UDPAddr {
	switch a := addr.(type) {
	case *net.UDPAddr:
		return a
	case *quicproto.Route:
		return a.UDPAddr()
	}
	return nil
}

// isLocal reports whether an address is one of this machine's.
func isLocal(ip net.IP) bool {
	addrs, _ := net.InterfaceAddrs()
	return ip.IsLoopback() || slices.ContainsFunc(addrs, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && n.IP.Equal(ip)
	})
}

// ringOthers rings at further devices of the callee that answer until the call is
// decided. Of a peer that was reached by its address, one is enough: the device that
// answers a letter may be the same.
func (r *Room) ringOthers(ctx context.Context, first *Link, found <-chan dialled, opts CallOptions) {
	if first.meeting == nil {
		return
	}
	for {
		select {
		case d := <-found:
			switch {
			case d.last:
				return
			case d.err == nil && d.meeting == nil:
				d.discard()
			case d.err == nil:
				p := &party{peer: first.peer}
				r.mu.Lock()
				r.line.dial(p)
				r.mu.Unlock()
				r.ring(d, p, opts)
			}
		case <-first.decided:
			return
		case <-ctx.Done():
			return
		}
	}
}

// ring makes a link of a connection that p has got. It returns nil, and no error,
// if the other side's call was faster.
func (r *Room) ring(d dialled, p *party, opts CallOptions) (*Link, error) {
	conn := d.conn
	them, err := certs.VerifyPeer(conn.TLS(), r.cfg.Authorities, time.Now())
	if err == nil && them.ID == r.cfg.Identity.ID() && r.isOurs(conn.RemoteAddr()) {
		err = ErrSelf
	}
	if err != nil {
		conn.Close(quicproto.CloseIdentity, "")
		d.discard()
		return nil, err
	}
	ring := new(quicproto.Ring)
	if opts.Ticket != nil {
		ring.Ticket = slices.Clone(opts.Ticket[:])
	}
	l := r.newLink(conn, them, newCall(time.Now(), r.hello(conn), ring, 0))
	l.party = p
	l.meet(d.meeting)
	ring.Resume = opts.resume
	r.mu.Lock()
	r.line.dialled(p, them.ID)
	needless := p.with != nil
	if !needless {
		p.link, p.wake = l, l.rouse
	}
	r.mu.Unlock()
	if needless {
		l.cancel()
		d.discard()
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
		if s := l.Successor(); s != nil {
			return s, nil
		}
		return l, nil
	case <-ctx.Done():
		l.HangUp()
		<-l.done
		if s := l.Successor(); s != nil {
			return s, nil
		}
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, ErrNoAnswer
		}
		return nil, ctx.Err()
	}
}

// dialled is what came of one way to reach a peer.
type dialled struct {
	conn    *quicproto.Conn
	meeting *meeting // that led to it; nil if an address did
	err     error
	last    bool // no connection comes this way any more
}

// discard closes a connection that is not needed.
func (d dialled) discard() {
	if d.conn != nil {
		d.conn.Close(quicproto.CloseNormal, "")
	}
	if d.meeting != nil {
		d.meeting.end()
	}
}

// dialFirst tries all ways to reach a peer, each address a little later than the one
// before, and returns the first connection. Others come by the channel until ctx
// ends, which must be ended.
func (r *Room) dialFirst(ctx context.Context, addrs []net.Addr, want certs.PeerID, opts CallOptions) (dialled, <-chan dialled) {
	found := make(chan dialled)
	for _, x := range opts.Via {
		r.routines.Go(func() { r.dialDevices(ctx, x, want, opts, found) })
	}
	for i, addr := range addrs {
		r.routines.Go(func() { tellDialled(ctx, found, r.dialAfter(ctx, time.Duration(i)*dialStagger, addr, want)) })
	}
	var failures []error
	for ways := len(addrs) + len(opts.Via); ways > 0; {
		select {
		case d := <-found:
			if d.err == nil {
				return d, found
			}
			failures = append(failures, d.err)
			if d.last {
				ways--
			}
		case <-ctx.Done():
			return dialled{err: worst(append(failures, context.Cause(ctx)))}, found
		}
	}
	return dialled{err: worst(failures)}, found
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
		return dialled{err: ctx.Err(), last: true}
	}
	conn, err := r.endpoint.Dial(ctx, addr, r.tlsConfig(r.accepting(want)))
	return dialled{conn: conn, err: err, last: true}
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
