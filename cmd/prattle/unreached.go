package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
		return &hinted{fmt.Errorf("%w: UDP does not come through here", err), "another network, or a relay over TLS (--turn turns:HOST:443), may do"}
	case has(quicproto.ErrSymmetricNAT) && f.noRelay:
		return &hinted{fmt.Errorf("%w: the router here, and perhaps theirs, takes another port for each destination", err), "without --no-relay it may go through a relay"}
	case has(quicproto.ErrSymmetricNAT):
		return &hinted{fmt.Errorf("%w: the router here, and perhaps theirs, takes another port for each destination, and no relay works", err), "--turn names a relay; `prattle netcheck` tests it"}
	}
	return &hinted{err, "`prattle netcheck`, on both sides, tells what is in the way"}
}

// whyUnregistered says what is wrong with a rendezvous, or with us as it sees us.
func whyUnregistered(name string, err error) error {
	var clock *rendezvous.ClockError
	switch {
	case errors.As(err, &clock):
		return &hinted{fmt.Errorf("%w: %w", quicproto.ErrUnreachable, err), "set the clock; systems with NTP do so by themselves"}
	case errors.Is(err, rendezvous.ErrUnreachable):
		return &hinted{fmt.Errorf("the rendezvous does not answer: %w", quicproto.ErrUnreachable), "`prattle netcheck` tells whether UDP comes through here at all"}
	case errors.Is(err, rendezvous.ErrNotAllowed):
		return &hinted{err, "who runs the server can add your peer ID (`prattle identity show`) to its list"}
	}
	return fmt.Errorf("%s: %w", name, err)
}
