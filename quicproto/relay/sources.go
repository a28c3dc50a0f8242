package relay

import (
	"hash/maphash"
	"net/netip"
	"time"
)

const (
	// sourceSets times sourceWays entries hold the sources heard of lately, in
	// about 1 MB: what a server sees in a few seconds, and no more under a flood.
	sourceSets = 2048
	sourceWays = 4
	// maxCredit is what a source may save up: one datagram.
	maxCredit = 1500 // bytes
	// creditLifetime is how long a request may still be answered: the whole of its
	// repetitions (RFC 8489, section 6.2.1: 39.5 s).
	creditLifetime = 40 * time.Second
	// sourceBurst is how many seconds' worth of requests may come at once.
	sourceBurst = 5
)

// sources limits those who hold no allocation: how many requests they may make, and
// over UDP how many bytes they are sent, as their addresses may be those of
// somebody else. It has a fixed size; a source that is pushed out by others loses
// its credit. It has no clock and no lock.
type sources struct {
	seed maphash.Seed
	all  bucket
	sets [sourceSets][sourceWays]source
}

// source is one host, or one network of IPv6: a customer gets at least a /64.
type source struct {
	addr     netip.Addr
	requests bucket
	credit   float64   // bytes that may be sent
	heard    time.Time // last
}

func newSources() *sources { return &sources{seed: maphash.MakeSeed()} }

// admit notes a request of n bytes from addr, and says whether it may be handled.
func (s *sources) admit(now time.Time, l Limits, addr netip.Addr, n int) bool {
	rate, all := float64(l.Source), float64(l.Unproven)
	e := s.find(now, addr)
	if !e.requests.take(now, rate, rate*sourceBurst, 1) || !s.all.take(now, all, all*sourceBurst, 1) {
		return false
	}
	e.credit = min(e.credit+float64(n)*l.UnprovenRatio, max(maxCredit, float64(n)))
	return true
}

// spend says whether n bytes may be sent to addr, and counts them if so.
func (s *sources) spend(now time.Time, addr netip.Addr, n int) bool {
	e := s.find(now, addr)
	if e.credit < float64(n) {
		return false
	}
	e.credit -= float64(n)
	return true
}

// find returns the entry of addr, which it makes if need be in place of the one
// heard of the longest ago.
func (s *sources) find(now time.Time, addr netip.Addr) *source {
	addr = sourceOf(addr)
	set := &s.sets[maphash.Comparable(s.seed, addr)%sourceSets]
	oldest := &set[0]
	for i := range set {
		e := &set[i]
		if e.addr == addr {
			if now.Sub(e.heard) > creditLifetime {
				e.credit = 0
			}
			e.heard = now
			return e
		}
		if e.heard.Before(oldest.heard) {
			oldest = e
		}
	}
	*oldest = source{addr: addr, heard: now}
	return oldest
}

// sourceOf is what addr is known by.
func sourceOf(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr
	}
	network, err := addr.Prefix(64)
	if err != nil { // no address at all: all of these are one source
		return netip.Addr{}
	}
	return network.Addr()
}
