package quicproto

import (
	"net/netip"
	"slices"
)

// Bounds of the kinds of candidate. Together with the hosts they are MaxCandidates.
const (
	maxMappedCandidates    = 2
	maxReflexiveCandidates = 4
	maxRelayCandidates     = 4
)

// candidateSet is what was found, of each kind the best first.
type candidateSet struct {
	host, mapped, reflexive, relay []netip.AddrPort
}

// list makes candidates of them, each address once, at most MaxCandidates: of each
// kind some, and as many hosts as there is room for.
func (s candidateSet) list() []Candidate {
	kinds := []struct {
		kind  CandidateKind
		addrs []netip.AddrPort
		limit int
	}{
		{CandidateHost, s.host, MaxCandidates},
		{CandidateMapped, s.mapped, maxMappedCandidates},
		{CandidateReflexive, s.reflexive, maxReflexiveCandidates},
		{CandidateRelay, s.relay, maxRelayCandidates},
	}
	var all []Candidate
	hosts := 0
	for _, k := range kinds {
		n := 0
		for _, addr := range k.addrs {
			known := slices.ContainsFunc(all, func(c Candidate) bool { return c.Addr == addr })
			if !known && n < k.limit {
				all = append(all, Candidate{Kind: k.kind, Addr: addr})
				n++
			}
		}
		if k.kind == CandidateHost {
			hosts = n
		}
	}
	if over := len(all) - MaxCandidates; over > 0 {
		all = slices.Delete(all, hosts-over, hosts)
	}
	return all
}

// show publishes the candidates and problems.
func (s *gathering) show() {
	var found candidateSet
	if !s.cfg.RelayOnly {
		for _, h := range s.hosts {
			found.host = append(found.host, netip.AddrPortFrom(h.ip, s.port))
		}
		for _, h := range s.hosts {
			if m := s.mappers[h]; m != nil && m.addr.IsValid() {
				found.mapped = append(found.mapped, m.addr)
			}
		}
		found.reflexive = s.bindings.mapped()
	}
	for _, k := range s.keepersInOrder() {
		if len(k.live) > 0 {
			found.relay = append(found.relay, k.live[0].addr)
		}
	}
	s.publish(found.list(), s.allProblems())
}
