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
	sources  map[netip.Prefix]*rate.Limiter
	crowd    *rate.Limiter // of all that sources has no room for
	swept    time.Time
	open     int // handshakes under way
	inside   int // connections, those of handshakes too
}

const (
	// unprovenRate and unprovenBurst are of handshakes of sources that have not
	// proved their addresses, in all.
	unprovenRate  = 32
	unprovenBurst = 128
	// sourceRate and sourceBurst are of handshakes of one source that has.
	sourceRate  = 8
	sourceBurst = 64
	// maxHandshakes bounds those under way, which last handshakeTimeout at most.
	maxHandshakes = 512
	// maxSources bounds the sources that are remembered.
	maxSources = 4096
	// maxConnections bounds what a server holds: 2 GiB at some 100 KiB each, and less
	// than two cores for their signs of life.
	maxConnections = 20_000
)

func newDoor() door {
	return door{
		unproven: rate.NewLimiter(unprovenRate, unprovenBurst),
		sources:  make(map[netip.Prefix]*rate.Limiter),
		crowd:    rate.NewLimiter(sourceRate, sourceBurst),
	}
}

// suspect says whether a handshake, whose source may be spoofed, needs proof of the
// address first.
func (d *door) suspect(now time.Time) bool { return !d.unproven.AllowN(now, 1) }

// enter lets a handshake begin, or not. Each one that begins is ended by shake, and
// its connection by leave.
func (d *door) enter(now time.Time, addr net.Addr, proven bool) error {
	switch {
	case d.closed:
		return errGoingAway
	case d.open >= maxHandshakes, d.inside >= maxConnections:
		return ErrBusy
	case proven && !d.source(now, sourceOf(addr)).AllowN(now, 1):
		return ErrBusy
	}
	d.open++
	d.inside++
	return nil
}

// shake ends a handshake.
func (d *door) shake() { d.open-- }

// leave ends a connection.
func (d *door) leave() { d.inside-- }

// source finds or makes the limit of a source.
func (d *door) source(now time.Time, key netip.Prefix) *rate.Limiter {
	d.sweep(now)
	l := d.sources[key]
	if l == nil && len(d.sources) >= maxSources {
		return d.crowd
	}
	if l == nil {
		l = rate.NewLimiter(sourceRate, sourceBurst)
		d.sources[key] = l
	}
	return l
}

func (d *door) sweep(now time.Time) {
	if now.Sub(d.swept) < sweepInterval {
		return
	}
	d.swept = now
	for key, l := range d.sources {
		if l.TokensAt(now) >= sourceBurst {
			delete(d.sources, key)
		}
	}
}

// sourceOf is the network that answers for addr: one host, or the /64 that an IPv6
// customer gets at least. What is no IP address shares one.
func sourceOf(addr net.Addr) netip.Prefix {
	const customer = 64
	u, ok := addr.(*net.UDPAddr)
	if !ok {
		return netip.Prefix{}
	}
	ip := u.AddrPort().Addr().Unmap().WithZone("")
	return netip.PrefixFrom(ip, min(ip.BitLen(), customer)).Masked()
}
