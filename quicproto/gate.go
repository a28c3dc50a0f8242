package quicproto

import (
	"errors"
	"net"
	"net/netip"
	"time"
)

// gate limits the handshakes that others can make us take part in. A handshake
// costs us keys, signatures and a connection for as long as it lasts, and until
// it is complete nobody has proved anything, not even an address.
//
// Few handshakes go through as they come. Above a rate for each source, and above
// one for all, a source has to repeat first what a Retry packet tells it (RFC
// 9000, section 8.1.2): that costs us no memory, and the spoofed sources of a flood
// never learn it. Sources that have proved their address are limited one by one.
// gate has no clock and no lock: the Endpoint owns it.
type gate struct {
	unproven bucket
	sources  map[netip.Prefix]*source
	crowd    source // all that sources has no room for
	swept    time.Time
	open     int // handshakes under way
}

// source is one host, or one network of IPv6: a customer gets at least a /64.
type source struct {
	unproven bucket
	proven   bucket
}

// What the gate lets through. A caller needs one handshake, and one more for each
// lane (six in all) within a second; a household shares one address.
var (
	unprovenInAll     = allowance{rate: 16, burst: 64}
	unprovenPerSource = allowance{rate: 4, burst: 16}
	provenPerSource   = allowance{rate: 8, burst: 48}
)

const (
	// maxHandshakes bounds the handshakes under way, which last 5 s at most
	// (handshakeTimeout): about 100 KB each.
	maxHandshakes = 128
	// maxSources bounds the memory for sources that were heard of lately; spoofed
	// ones get no further into it than unprovenInAll lets them.
	maxSources = 1024
	// sweepInterval is how often sources are forgotten that have been quiet.
	sweepInterval = 5 * time.Second
)

var errTooManyHandshakes = errors.New("too many handshakes")

// suspect says whether a handshake from addr, which may be spoofed, needs proof of
// the address first.
func (g *gate) suspect(now time.Time, addr net.Addr) bool {
	if s := g.sources[sourceOf(addr)]; s != nil && !s.unproven.has(now, unprovenPerSource, 1) {
		return true
	}
	return !g.unproven.take(now, unprovenInAll, 1) || !g.source(now, addr).unproven.take(now, unprovenPerSource, 1)
}

// admit lets a handshake begin, or returns an error. Each one that is admitted
// must leave in the end.
func (g *gate) admit(now time.Time, addr net.Addr, proven bool) error {
	if g.open >= maxHandshakes {
		return errTooManyHandshakes
	}
	if proven && !g.source(now, addr).proven.take(now, provenPerSource, 1) {
		return errTooManyHandshakes
	}
	g.open++
	return nil
}

// leave ends a handshake that was admitted.
func (g *gate) leave() { g.open-- }

// source finds or makes the entry of addr.
func (g *gate) source(now time.Time, addr net.Addr) *source {
	if now.Sub(g.swept) >= sweepInterval {
		g.sweep(now)
	}
	key := sourceOf(addr)
	s := g.sources[key]
	switch {
	case s != nil:
		return s
	case len(g.sources) >= maxSources:
		return &g.crowd
	case g.sources == nil:
		g.sources = make(map[netip.Prefix]*source)
	}
	s = new(source)
	g.sources[key] = s
	return s
}

func (g *gate) sweep(now time.Time) {
	g.swept = now
	for key, s := range g.sources {
		if s.unproven.full(now, unprovenPerSource) && s.proven.full(now, provenPerSource) {
			delete(g.sources, key)
		}
	}
}

// sourceOf is the network that answers for addr; what is no IP address shares one.
func sourceOf(addr net.Addr) netip.Prefix {
	ip := addrPort(addr).Addr().WithZone("")
	bits := ip.BitLen()
	if ip.Is6() {
		bits = 64
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
