package quicproto

import (
	"context"
	"errors"
	"slices"
)

// Errors that Problems wraps.
var (
	// ErrNoNetwork says that this machine has no address to be reached at.
	ErrNoNetwork = errors.New("there is no network")
	// ErrServerName says that a server's name cannot be used or resolved.
	ErrServerName = errors.New("no such server")
	// ErrUDPBlocked says that no STUN server answers.
	ErrUDPBlocked = errors.New("nothing comes back over UDP")
	// ErrSymmetricNAT says that what one server sees of our address holds for no
	// other destination: a direct path exists only to who has no such NAT.
	ErrSymmetricNAT = errors.New("the NAT here uses another port for each destination")
	// ErrRelayRefused says that a relay answers and does not serve us.
	ErrRelayRefused = errors.New("the relay refuses")
	// ErrRelaySilent says that a relay does not answer.
	ErrRelaySilent = errors.New("the relay does not answer")
)

// allProblems says what is missing, and why.
func (s *gathering) allProblems() []error {
	found := slices.Clone(s.malformed)
	if s.listed != nil {
		found = append(found, s.listed)
	}
	if len(s.hosts) == 0 {
		return append(found, ErrNoNetwork)
	}
	if s.bindings.silent() {
		found = append(found, ErrUDPBlocked)
	}
	if s.bindings.dependent() {
		found = append(found, ErrSymmetricNAT)
	}
	found = append(found, s.names.problems()...)
	for _, server := range s.relays {
		if err := s.relayProblem(server); err != nil {
			found = append(found, err)
		}
	}
	return found
}

// relayProblem says why a server relays nothing, or nil.
func (s *gathering) relayProblem(server relayServer) (why error) {
	for key, k := range s.keepers {
		if key.server != server.host {
			continue
		}
		if len(k.live) > 0 {
			return nil
		}
		if k.err != nil {
			why = worse(why, k.err)
		}
	}
	if errors.Is(why, context.Canceled) {
		return nil
	}
	return why
}

func sameErrors(a, b []error) bool {
	return slices.EqualFunc(a, b, func(a, b error) bool { return a.Error() == b.Error() })
}
