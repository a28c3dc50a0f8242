package rendezvous

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"
)

// way is one way to a server.
type way struct {
	place
	tls bool // over TLS on TCP
}

// addr is the address to connect to.
func (w way) addr() netip.AddrPort {
	if w.tls {
		return netip.AddrPortFrom(w.Addr(), TLSPort)
	}
	return w.AddrPort
}

// waysTo lists the ways to servers in the order in which they are tried: all over
// QUIC, then over TLS, where several at one address are one.
func waysTo(places []place) (ways []way) {
	for _, p := range places {
		ways = append(ways, way{p, false})
	}
	for _, p := range places {
		same := func(w way) bool { return w.tls && w.Addr() == p.Addr() }
		if !slices.ContainsFunc(ways, same) {
			ways = append(ways, way{p, true})
		}
	}
	return ways
}

// without takes a way off the list on which a server did not register us: all ways
// to the server, if it said why.
func without(ways []way, failed way, err error) []way {
	said := !errors.Is(err, ErrUnreachable)
	return slices.DeleteFunc(ways, func(w way) bool { return w == failed || said && w.Addr() == failed.Addr() })
}

// dialler connects to the first of several servers that answers.
type dialler struct {
	listen func() (net.PacketConn, error)
	dial   func(context.Context, netip.AddrPort) (net.Conn, error)
	tls    *tls.Config
	note   func(error) // is told what looks like the reason before all attempts have failed
}

type dialResult struct {
	way
	session *session
	err     error
}

// race connects by the first of several ways that answers. The other attempts are
// given up then.
func (d *dialler) race(ctx context.Context, ways []way) (*session, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := newRace(ways)
	results := make(chan dialResult)
	next := time.NewTimer(0)
	defer next.Stop()
	for !r.lost() {
		select {
		case <-next.C:
			w, wait := r.begin()
			go func() { results <- d.try(ctx, w) }()
			if wait >= 0 {
				next.Reset(wait)
			}
		case result := <-results:
			if result.err == nil {
				cancel()
				abandon(results, r.underWay()-1)
				return result.session, nil
			}
			if wait := r.fail(result); wait >= 0 {
				next.Reset(wait)
			}
			d.note(verdict(r.failed))
		}
	}
	return nil, verdict(r.failed)
}

// abandon waits for attempts that were given up, and ends what came of them all the
// same.
func abandon(results <-chan dialResult, n int) {
	for range n {
		if r := <-results; r.err == nil {
			r.session.close(closeDone)
			r.session.link.free()
		}
	}
}

// try connects by one way.
func (d *dialler) try(ctx context.Context, w way) dialResult {
	open := d.openQUIC
	if w.tls {
		open = d.openTLS
	}
	l, err := open(ctx, w)
	if err != nil {
		return dialResult{w, nil, err}
	}
	s := newSession(l, w)
	stream, err := l.openStream(ctx)
	if err != nil {
		s.close(closeDone)
		l.free()
		return dialResult{w, nil, connectError(connectionError(err))}
	}
	s.attach(stream)
	return dialResult{w, s, nil}
}
