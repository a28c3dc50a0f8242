package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/quicproto"
	"github.com/skulltech/prattle/quicproto/rendezvous"
)

// whyUnreached says what stood in the way when a peer was asked for at its
// rendezvous.
func (s *session) whyUnreached(t target, err error) error {
	name := t.name
	switch {
	case errors.Is(err, rendezvous.ErrOffline):
		return &hinted{fmt.Errorf("%s is not online: %w", name, quicproto.ErrUnreachable), "ask them to run `prattle listen` with the same --server"}
	case errors.Is(err, peer.ErrSilentDevices):
		return &hinted{fmt.Errorf("%s is online and does not answer: %w", name, peer.ErrNoAnswer), "who does not know you yet does not hear you ring: ask for a ticket (`prattle invite`), or tell them your peer ID"}
	case errors.Is(err, quicproto.ErrUnreachable), errors.Is(err, context.DeadlineExceeded):
		return s.whyNoPath(name)
	}
	return whyUnregistered(name, err)
}

// whyNoPath says why the two sides found each other and no path.
func (s *session) whyNoPath(name string) error {
	err := fmt.Errorf("no way to %s was found: %w", name, quicproto.ErrUnreachable)
	problems := s.room.Problems()
	has := func(want error) bool {
		return slices.ContainsFunc(problems, func(p error) bool { return errors.Is(p, want) })
	}
	f := &s.settings.reachFlags
	switch {
	case has(quicproto.ErrUDPBlocked):
		_, relays := s.servers.offered()
		return whyNoUDP(err, f.noRelay, relays, problems)
	case has(quicproto.ErrSymmetricNAT) && f.noRelay:
		return &hinted{fmt.Errorf("%w: the router here, and perhaps theirs, takes another port for each destination", err), "without --no-relay it may go through a relay"}
	case has(quicproto.ErrSymmetricNAT):
		return &hinted{fmt.Errorf("%w: the router here, and perhaps theirs, takes another port for each destination, and no relay works", err), "--turn names a relay; `prattle netcheck` tests it"}
	}
	return &hinted{err, "`prattle netcheck`, on both sides, tells what is in the way"}
}

// whyNoUDP says why there is no path where UDP is blocked: a relay over TLS would
// carry the call.
func whyNoUDP(err error, noRelay bool, relays []quicproto.TURNServer, problems []error) error {
	overTLS := slices.ContainsFunc(relays, func(t quicproto.TURNServer) bool { return strings.HasPrefix(t.URL, "turns:") })
	bad := slices.IndexFunc(problems, func(p error) bool {
		return errors.Is(p, quicproto.ErrRelaySilent) || errors.Is(p, quicproto.ErrRelayRefused)
	})
	err = fmt.Errorf("%w: UDP does not come through here", err)
	switch {
	case noRelay:
		return &hinted{err, "without --no-relay a relay over TLS may carry the call"}
	case !overTLS:
		return &hinted{fmt.Errorf("%w, and the server offers no relay over TLS", err),
			"whoever runs it can: `prattled --relay-tls :443`; --turn turns:HOST:443 names another; or another network may do"}
	case bad >= 0:
		return &hinted{fmt.Errorf("%w, and no relay over TLS does: %w", err, problems[bad]), "`prattle netcheck` tests it; another network may do"}
	}
	return &hinted{fmt.Errorf("%w; a relay over TLS would carry the call, and the other side does not reach it", err), "`prattle netcheck`, over there, tells what is in the way"}
}

// whyUnregistered says what is wrong with a rendezvous, or with us as it sees us.
func whyUnregistered(name string, err error) error {
	var clock *rendezvous.ClockError
	switch {
	case errors.As(err, &clock):
		return &hinted{fmt.Errorf("%w: %w", quicproto.ErrUnreachable, err), "set the clock; systems with NTP do so by themselves"}
	case errors.Is(err, rendezvous.ErrNoTLS):
		return &hinted{fmt.Errorf("the rendezvous does not answer over UDP, and offers no TLS on port %d: %w", rendezvous.TLSPort, quicproto.ErrUnreachable),
			"`prattle netcheck` tells whether UDP comes through here; if it does not, whoever runs the server can let you in over TLS: `prattled --listen-tls :443`"}
	case errors.Is(err, rendezvous.ErrUnreachable):
		return &hinted{fmt.Errorf("the rendezvous does not answer: %w", quicproto.ErrUnreachable), "`prattle netcheck` tells whether UDP comes through here at all"}
	case errors.Is(err, rendezvous.ErrNotAllowed):
		return &hinted{err, "who runs the server can add your peer ID (`prattle identity show`) to its list"}
	}
	return fmt.Errorf("%s: %w", name, err)
}
