package quicproto

import (
	"net/netip"
	"time"
)

// Path is the way that the packets of a route take at present.
type Path struct {
	Kind   PathKind
	Local  netip.AddrPort // address of ours, as far as it is known
	Remote netip.AddrPort
	RTT    time.Duration // of probes; zero while unknown
	Alive  bool          // false while the other side is sought
}

// PathKind says what lies between two peers.
type PathKind uint8

// The kinds of path, the better ones first.
const (
	PathNone   PathKind = iota // nobody has answered yet
	PathLAN                    // private addresses
	PathDirect                 // through the Internet, from peer to peer
	PathRelay                  // through a relay of either side, or of both
)

// String is the kind in one word.
func (k PathKind) String() string {
	switch k {
	case PathLAN:
		return "lan"
	case PathDirect:
		return "direct"
	case PathRelay:
		return "relay"
	}
	return "none"
}

// pathChooser decides by which pairs of a local and a remote address the packets of
// a route go. It has every pair probed, uses the best that was answered, and as soon
// as that is in doubt all that may work, until one has proved that it does.
//
// It has no I/O: packets and probes that arrive are handled, advance does what is
// due, pop returns the probes that are to leave.
type pathChooser struct {
	initiator bool
	relayOnly bool

	locals  []local
	remotes []remote
	pairs   []*pair // the better ones first
	active  *pair   // by which packets go; nil: none was answered
	proven  *pair   // by which QUIC got there, while the other side sends no probes

	sequence uint32 // of the latest probe sent
	window   replayWindow
	out      []outgoingProbe
	stray    strayProbe

	doubt     time.Time // since when active may be dead; zero: it is not
	deafUntil time.Time // until when the other side is told so
	settled   time.Time // when the last doubt ended
	chosen    time.Time // when active was chosen
	born      time.Time // when the search began
	arrivals  gapMeter  // of packets of QUIC
	switches  uint64
	revived   bool      // packets that may have been lost are to be sent again
	spoken    bool      // the other side has sent a probe
	due       time.Time // of advance; zero: not until something happens
	changed   bool      // so that due has to be found anew
	carry     []carrier
}

// carrier is a pair by which a packet goes.
type carrier = *pair

// outgoingProbe is a probe that is to leave.
type outgoingProbe struct {
	probe  probe
	local  local
	remote netip.AddrPort
	pair   *pair // nil: none yet
}

// strayProbe is one sent to where packets came from that nobody had named.
type strayProbe struct {
	at       local
	to       netip.AddrPort
	sequence uint32
	sent     time.Time
}

// strayInterval is the time between such probes: a rebinding NAT is worth one, a
// flood with guessed connection IDs no more than some.
const strayInterval = 50 * time.Millisecond

func newPathChooser(now time.Time, initiator, relayOnly bool) *pathChooser {
	return &pathChooser{initiator: initiator, relayOnly: relayOnly, born: now}
}

// handlePacket takes note of a packet of QUIC, and says whether its pair is known.
// If it is not, a probe asks there: the NAT before the other side may have given it
// another address.
func (c *pathChooser) handlePacket(now time.Time, at local, from netip.AddrPort, size int) (known bool) {
	c.arrivals.note(now)
	at, ok := c.localFor(at)
	if !ok {
		return false
	}
	if p := c.find(at, from); p != nil {
		p.heard, p.heardQUIC = now, now
		return true
	}
	if c.spoken && size >= probeSize && now.Sub(c.stray.sent) >= strayInterval {
		c.stray = strayProbe{at: at, to: from, sequence: c.nextSequence(), sent: now}
		c.out = append(c.out, outgoingProbe{
			probe: probe{sequence: c.stray.sequence, held: maxHeld, heard: maxHeard, flags: probeAsk},
			local: at, remote: from,
		})
	}
	return false
}

// handleProbe takes a probe that is authentic, and says whether it is new.
func (c *pathChooser) handleProbe(now time.Time, at local, from netip.AddrPort, b probe) (fresh bool) {
	at, ok := c.localFor(at)
	if !ok || !c.window.accept(b.sequence) {
		return false
	}
	p := c.find(at, from)
	if p == nil {
		p = c.meet(now, at, from, b)
	}
	if p == nil {
		return false
	}
	c.spoken = true
	proof := p.handleProbe(now, b)
	if proof && p.muted {
		c.vouch(now, p.remote)
	}
	if b.flags&probeUsing != 0 {
		c.follow(now, p)
	}
	if b.flags&probeDeaf != 0 && b.heard >= deafContradiction {
		c.handleDeaf(now)
	}
	if proof {
		c.choose(now)
	}
	c.answer(now, p, b, proof)
	c.changed = true
	return true
}

// answer sends a probe back if that is wanted, or if the other side should learn at
// once that its own has arrived.
func (c *pathChooser) answer(now time.Time, p *pair, b probe, proof bool) {
	first := p.proofs == 1 && proof
	switch {
	case b.flags&probeAsk != 0 && !p.answeredEver():
		c.send(now, p, probeAsk)
	case b.flags&probeAsk != 0 || first:
		c.send(now, p, 0)
		if proof && c.doubt.IsZero() {
			p.next = now.Add(c.interval(now, p) * 3 / 2) // their questions tell as much as ours
		}
	}
}

// send queues a probe.
func (c *pathChooser) send(now time.Time, p *pair, flags probeFlags) {
	if p == c.active {
		flags |= probeUsing
	}
	if now.Before(c.deafUntil) {
		flags |= probeDeaf
	}
	b := p.probe(now, c.nextSequence(), flags)
	c.out = append(c.out, outgoingProbe{probe: b, local: p.local, remote: p.remote, pair: p})
}

// nextSequence numbers probes. A route would have to live for years to run out of
// them; it sends none that the other side would take then.
func (c *pathChooser) nextSequence() uint32 {
	if c.sequence < 1<<32-1 {
		c.sequence++
	}
	return c.sequence
}

// pop returns a probe that is to leave now.
func (c *pathChooser) pop() (o outgoingProbe, ok bool) {
	if len(c.out) == 0 {
		return o, false
	}
	o = c.out[0]
	c.out = append(c.out[:0], c.out[1:]...)
	return o, true
}

// advance does what is due.
func (c *pathChooser) advance(now time.Time) {
	if !c.changed && (c.due.IsZero() || now.Before(c.due)) {
		return
	}
	c.listen(now)
	for _, p := range c.pairs {
		if !p.muted && !now.Before(p.next) {
			c.ask(now, p)
		}
	}
	c.choose(now)
	c.due, c.changed = c.deadline(now), false
}

// ask sends a probe that wants an answer.
func (c *pathChooser) ask(now time.Time, p *pair) {
	if p.live && p != c.active && p.overdue(now) {
		p.live = false
	}
	c.send(now, p, probeAsk)
	p.next = now.Add(c.interval(now, p))
}

// next is when advance has something to do; zero if nothing until something happens.
func (c *pathChooser) next() time.Time {
	if c.changed {
		return c.born // at once
	}
	return c.due
}

// deadline finds that out.
func (c *pathChooser) deadline(now time.Time) time.Time {
	next := earliest(c.silence(), c.verdict())
	for _, p := range c.pairs {
		if !p.muted {
			next = earliest(next, p.next)
		}
		if p.trusted.After(now) {
			next = earliest(next, p.trusted)
		}
	}
	return next
}

// alive says whether packets arrive, so far as is known.
func (c *pathChooser) alive() bool {
	return c.active != nil && c.doubt.IsZero() || c.proven != nil
}

// revive says, once, that the packets sent last are to be sent again by the
// resenders.
func (c *pathChooser) revive() bool {
	revived := c.revived
	c.revived = false
	return revived
}

// carriers returns the pairs by which a packet is to go. They are good until the
// next call.
func (c *pathChooser) carriers(now time.Time) []carrier {
	c.carry = c.carry[:0]
	switch {
	case c.active == nil && c.proven == nil:
	case c.active == nil:
		c.carry = append(c.carry, c.proven)
	default:
		c.carry = append(c.carry, c.active)
	}
	if !c.doubt.IsZero() {
		for _, p := range c.pairs {
			if p.live && p != c.active && len(c.carry) < maxCarriers {
				c.carry = append(c.carry, p)
			}
		}
	}
	return c.carry
}

// resenders returns the pairs by which packets that may have been lost are to go
// again: not by the one on which they may have been.
func (c *pathChooser) resenders(now time.Time) []carrier {
	carriers := c.carriers(now)
	if !c.doubt.IsZero() && len(carriers) > 0 && carriers[0] == c.active {
		return carriers[1:]
	}
	return carriers
}

// maxCarriers bounds the pairs by which a packet goes while one is in doubt.
const maxCarriers = 4

// path is what the route looks like, and our address.
func (c *pathChooser) path() (Path, local) {
	p := c.active
	if p == nil {
		p = c.proven
	}
	if p == nil {
		return Path{}, local{}
	}
	return Path{Kind: p.kind, Remote: p.remote, RTT: p.rtt, Alive: c.alive()}, p.local
}

// kick makes the chooser begin anew with all that it knows.
func (c *pathChooser) kick(now time.Time) {
	c.born, c.changed = now, true
	for _, p := range c.pairs {
		p.born, p.next, p.backoff = now, now, 0
	}
	c.begin(now, false)
}
