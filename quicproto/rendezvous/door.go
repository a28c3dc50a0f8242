package rendezvous

import (
	"net"
	"net/netip"
	"time"

	"golang.org/x/time/rate"
)

// door limits handshakes: each costs keys, signatures and a connection for as long
// as it lasts, and until it is complete nobody has proved who they are.
//
// A few go through as they come. Above a rate, a source has first to repeat what a
// Retry packet tells it (RFC 9000, section 8.1.2), which costs us no memory and
// which spoofed sources never learn; then each source has a rate of its own. It has
// no clock and no lock: the Server owns it.
type door struct {
	closed   bool // the server drains
	unproven *rate.Limiter
	sources  map[netip.Prefix]*source
	crowd    *source // all that sources has no room for
	swept    time.Time
	open     int // handshakes of QUIC under way
	openTLS  int // handshakes of TLS under way
	inside   int // connections, those of handshakes too
}

// source is one that has proved its address.
type source struct {
	rate *rate.Limiter
	open int // handshakes of TLS under way
}

func newSource() *source { return &source{rate: rate.NewLimiter(sourceRate, sourceBurst)} }

const (
	// unprovenRate and unprovenBurst are of handshakes of sources that have not
	// proved their addresses, in all.
	unprovenRate  = 32
	unprovenBurst = 128
	// sourceRate and sourceBurst are of handshakes of one source that has.
	sourceRate  = 8
	sourceBurst = 64
	// maxHandshakes bounds those under way of QUIC, and those of TLS, which last
	// handshakeTimeout at most, or that of a listener that others share: who fills up
	// the one leaves the other free.
	maxHandshakes = 512
	// maxFromSource bounds those under way of TLS from one source: where a round trip
	// takes 0.2 s it may begin more of them than sourceRate lets through.
	maxFromSource = 16
	// maxSources bounds the sources that are remembered.
	maxSources = 4096
	// maxConnections bounds what a server holds: 2 GiB at some 100 KiB each, and less
	// than two cores for their signs of life.
	maxConnections = 20_000
)

func newDoor() door {
	return door{
		unproven: rate.NewLimiter(unprovenRate, unprovenBurst),
		sources:  make(map[netip.Prefix]*source),
		crowd:    newSource(),
	}
}

// suspect says whether a handshake, whose source may be spoofed, needs proof of the
// address first.
func (d *door) suspect(now time.Time) bool { return !d.unproven.AllowN(now, 1) }

// enter lets a handshake of QUIC begin, or not. Each one that begins is ended by shake, and
// its connection by leave.
func (d *door) enter(now time.Time, addr net.Addr, proven bool) error {
	switch {
	case d.closed:
		return errGoingAway
	case d.open >= maxHandshakes, d.inside >= maxConnections:
		return ErrBusy
	case proven && !d.source(now, sourceOf(addr)).rate.AllowN(now, 1):
		return ErrBusy
	}
	d.open++
	d.inside++
	return nil
}

// shake ends a handshake.
func (d *door) shake() { d.open-- }

// enterTLS is enter for a handshake of TLS, whose source TCP has proven. It is ended
// by shakeTLS.
func (d *door) enterTLS(now time.Time, addr net.Addr) (*source, error) {
	if d.closed {
		return nil, errGoingAway
	}
	from := d.source(now, sourceOf(addr))
	if d.openTLS >= maxHandshakes || d.inside >= maxConnections || from.open >= maxFromSource || !from.rate.AllowN(now, 1) {
		return nil, ErrBusy
	}
	from.open++
	d.openTLS++
	d.inside++
	return from, nil
}

// shakeTLS ends a handshake of TLS.
func (d *door) shakeTLS(from *source) {
	from.open--
	d.openTLS--
}

// leave ends a connection.
func (d *door) leave() { d.inside-- }

// source finds or makes what is known of a source.
func (d *door) source(now time.Time, key netip.Prefix) *source {
	d.sweep(now)
	s := d.sources[key]
	if s == nil && len(d.sources) >= maxSources {
		return d.crowd
	}
	if s == nil {
		s = newSource()
		d.sources[key] = s
	}
	return s
}

func (d *door) sweep(now time.Time) {
	if now.Sub(d.swept) < sweepInterval {
		return
	}
	d.swept = now
	for key, s := range d.sources {
		if s.open == 0 && s.rate.TokensAt(now) >= sourceBurst {
			delete(d.sources, key)
		}
	}
}

// sourceOf is the network that answers for addr: one host, or the /64 that an IPv6
// customer gets at least. What is no IP address shares one.
func sourceOf(addr net.Addr) netip.Prefix {
	const customer = 64
	a, ok := addr.(interface{ AddrPort() netip.AddrPort })
	if !ok {
		return netip.Prefix{}
	}
	ip := a.AddrPort().Addr().Unmap().WithZone("")
	return netip.PrefixFrom(ip, min(ip.BitLen(), customer)).Masked()
}
