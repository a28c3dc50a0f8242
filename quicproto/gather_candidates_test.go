package quicproto

import (
	"net/netip"
	"slices"
	"testing"
)

// manyAddrs makes n addresses of a network.
func manyAddrs(network byte, n int) (all []netip.AddrPort) {
	for i := range n {
		all = append(all, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, network, byte(i)}), 1))
	}
	return all
}

func countKinds(list []Candidate) map[CandidateKind]int {
	n := make(map[CandidateKind]int)
	for _, c := range list {
		n[c.Kind]++
	}
	return n
}

func TestCandidatesOfEachKindHaveRoom(t *testing.T) {
	all := candidateSet{manyAddrs(1, 20), manyAddrs(2, 20), manyAddrs(3, 20), manyAddrs(4, 20)}.list()
	n := countKinds(all)
	if len(all) != MaxCandidates || n[CandidateMapped] != maxMappedCandidates ||
		n[CandidateReflexive] != maxReflexiveCandidates || n[CandidateRelay] != maxRelayCandidates {
		t.Errorf("%d candidates: %v", len(all), n)
	}
	if all[0].Addr != manyAddrs(1, 1)[0] || !slices.IsSortedFunc(all, func(a, b Candidate) int { return int(a.Kind) - int(b.Kind) }) {
		t.Errorf("the best come not first: %v", all)
	}
	if got := (candidateSet{host: manyAddrs(1, 20)}).list(); len(got) != MaxCandidates {
		t.Errorf("%d hosts", len(got))
	}
}

func TestAnAddressIsOneCandidate(t *testing.T) {
	same := manyAddrs(1, 1)
	all := candidateSet{host: same, mapped: same, reflexive: append(same, same...)}.list()
	if want := []Candidate{{CandidateHost, same[0]}}; !slices.Equal(all, want) {
		t.Errorf("candidates %v", all)
	}
}
