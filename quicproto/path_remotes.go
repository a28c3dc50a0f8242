package quicproto

import (
	"net/netip"
	"slices"
	"time"
)

// remote is an address of the other side.
type remote struct {
	Candidate
	learned bool // by a probe that came from there
	vouched bool // and it has answered there
}

// Bounds of what the other side can make us do.
const (
	maxPairs   = 64
	maxRemotes = 4 * MaxCandidates
	// maxLearned bounds the addresses learnt by probes: each NAT on the way to one of
	// our addresses, and its rebindings.
	maxLearned = 8
)

// setLocals tells by which ways packets may leave from now on.
func (c *pathChooser) setLocals(now time.Time, locals []local) {
	c.locals = c.locals[:0]
	for _, l := range locals {
		if l.relay != nil || !c.relayOnly {
			c.locals = append(c.locals, l)
		}
	}
	for _, p := range c.pairs { // whose address the system chose before
		if i := slices.IndexFunc(c.locals, func(l local) bool { return l.relay == nil && l.ip == p.at }); i >= 0 && p.local == (local{}) && p.at.IsValid() {
			p.local = c.locals[i]
		}
	}
	c.pairUp(now)
}

// addRemotes tells where the other side may be besides.
func (c *pathChooser) addRemotes(now time.Time, list []Candidate) {
	for _, a := range list {
		i := slices.IndexFunc(c.remotes, func(r remote) bool { return r.Addr == a.Addr })
		switch {
		case i >= 0:
			c.remotes[i] = remote{Candidate: a}
		case len(c.remotes) < maxRemotes:
			c.remotes = append(c.remotes, remote{Candidate: a})
		}
	}
	c.pairUp(now)
}

// trust names the path by which QUIC got there, until the other side sends probes.
func (c *pathChooser) trust(now time.Time, at local, to netip.AddrPort) {
	l, ok := c.localFor(at)
	if !ok {
		l = at
		c.locals = append(c.locals, l)
	}
	if !slices.ContainsFunc(c.remotes, func(r remote) bool { return r.Addr == to }) {
		c.remotes = append(c.remotes, remote{Candidate{CandidateReflexive, to}, true, true})
	}
	c.pairUp(now)
	if c.proven = c.find(l, to); c.proven == nil {
		c.proven = &pair{local: l, remote: to, kind: pathKind(l, Candidate{Addr: to}), born: now, next: now}
		c.pairs = append(c.pairs, c.proven)
	}
}

// remoteAddrs are the addresses that a relay is to let through.
func (c *pathChooser) remoteAddrs() (addrs []netip.Addr) {
	for _, r := range c.remotes {
		if !slices.Contains(addrs, r.Addr.Addr()) {
			addrs = append(addrs, r.Addr.Addr())
		}
	}
	return addrs
}

// localFor finds the local at which a packet came.
func (c *pathChooser) localFor(at local) (local, bool) {
	whichever := -1
	for i, l := range c.locals {
		switch {
		case l.relay != at.relay:
		case l.relay != nil || l.ip == at.ip:
			return l, true
		case !l.ip.IsValid() || !at.ip.IsValid() && whichever < 0:
			whichever = i
		}
	}
	if whichever < 0 {
		return local{}, false
	}
	return c.locals[whichever], true
}

func (c *pathChooser) find(l local, remote netip.AddrPort) *pair {
	for _, p := range c.pairs {
		if p.remote == remote && p.local == l {
			return p
		}
	}
	return nil
}

// meet makes a pair of an address from which a probe has come. A NAT that has merely
// given the other side another port is taken at its word: packets went to its address
// before.
func (c *pathChooser) meet(now time.Time, l local, from netip.AddrPort, b probe) *pair {
	c.learn(from)
	c.pairUp(now)
	p := c.find(l, from)
	if p == nil {
		return nil
	}
	if s := c.stray; s.to == from && s.at == l && b.echo != 0 && s.sequence == b.echo {
		p.asked[0], p.count = sentProbe{s.sequence, s.sent}, 1
	}
	for _, q := range c.pairs {
		if q.answeredEver() && p.rebinds(q) && (q.heard.After(p.heard) || !p.live) {
			p.live, p.rtt, p.arrived = true, q.rtt, q.arrived
			c.vouch(now, from)
		}
	}
	return p
}

// vouch notes that the other side is at an address. Before, a probe that somebody has
// caught and sent from elsewhere must not have us send more than has come.
func (c *pathChooser) vouch(now time.Time, at netip.AddrPort) {
	for i := range c.remotes {
		c.remotes[i].vouched = c.remotes[i].vouched || c.remotes[i].Addr == at
	}
	for _, p := range c.pairs {
		if p.remote == at {
			p.muted, p.next = false, now
		}
	}
}

// learn adds an address of the other side that a probe has shown. It takes the place
// of the one that was heard of longest ago if there are too many.
func (c *pathChooser) learn(from netip.AddrPort) {
	c.remotes = append(c.remotes, remote{Candidate: Candidate{CandidateReflexive, from}, learned: true})
	var oldest, learned int
	for i, r := range slices.Backward(c.remotes) {
		if r.learned && r.Addr != from {
			learned++
			if learned == 1 || c.heardFrom(r.Addr).Before(c.heardFrom(c.remotes[oldest].Addr)) {
				oldest = i
			}
		}
	}
	if learned >= maxLearned {
		c.remotes = slices.Delete(c.remotes, oldest, oldest+1)
	}
}

// heardFrom is when anything last came from an address; the one in use counts as
// heard for good.
func (c *pathChooser) heardFrom(a netip.AddrPort) (t time.Time) {
	for _, p := range c.pairs {
		if p.remote == a {
			t = later(t, p.heard)
			if p == c.active || p == c.proven {
				return p.heard.Add(time.Hour)
			}
		}
	}
	return t
}

// pairUp makes the pairs anew, of each local with each remote that it may reach, and
// keeps what is known of those that were there before. If there are too many, those
// that answered stay, then the better ones.
func (c *pathChooser) pairUp(now time.Time) {
	var pairs []*pair
	for _, r := range c.remotes {
		for _, l := range c.locals {
			if reaches(l, r.Candidate) {
				p := c.pairOf(now, l, r.Candidate)
				p.muted = r.learned && !r.vouched
				pairs = append(pairs, p)
			}
		}
	}
	slices.SortStableFunc(pairs, comparePairs)
	if len(pairs) > maxPairs {
		pairs = pairs[:maxPairs]
	}
	slices.SortStableFunc(pairs, func(p, q *pair) int { return p.rank() - q.rank() })
	c.pairs, c.changed = pairs, true
	if c.proven != nil && !slices.Contains(pairs, c.proven) {
		c.pairs = append(c.pairs, c.proven)
	}
	if c.active != nil && !slices.Contains(pairs, c.active) {
		c.lose(now)
	}
}

func comparePairs(p, q *pair) int {
	if p.live != q.live {
		if p.live {
			return -1
		}
		return 1
	}
	return p.rank() - q.rank()
}

// pairOf finds a pair, or makes it.
func (c *pathChooser) pairOf(now time.Time, l local, r Candidate) *pair {
	p := c.find(l, r.Addr)
	if p == nil {
		p = &pair{local: l, remote: r.Addr, born: now, next: now}
	}
	p.kind, p.relays = pathKind(l, r), relaysOn(l, r)
	return p
}

// relaysOn is how many relays lie between l and r.
func relaysOn(l local, r Candidate) (n int) {
	if l.relay != nil {
		n++
	}
	if r.Kind == CandidateRelay {
		n++
	}
	return n
}

// lose leaves the pair in use because its local has gone, for the best that is left
// to begin with. The other side, whose packets still go there, is told.
func (c *pathChooser) lose(now time.Time) {
	c.active, c.doubt = nil, time.Time{}
	c.choose(now)
	if c.active != nil {
		c.switches++
	}
	c.begin(now, true)
}

// reaches says whether packets may go from l to r at all.
func reaches(l local, r Candidate) bool {
	ip := r.Addr.Addr()
	switch {
	case l.relay != nil:
		return r.Kind == CandidateRelay || !isPrivate(ip)
	case !l.ip.IsValid():
		return true
	}
	return l.ip.Is4() == ip.Is4()
}

// pathKind is what kind of path lies between l and r.
func pathKind(l local, r Candidate) PathKind {
	ip := r.Addr.Addr()
	switch {
	case l.relay != nil || r.Kind == CandidateRelay:
		return PathRelay
	case isPrivate(ip) || l.ip.IsValid() && l.ip.Is6() && sameNetwork(l.ip, ip):
		return PathLAN
	}
	return PathDirect
}

func isPrivate(ip netip.Addr) bool {
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast()
}

// sameNetwork says whether two addresses of IPv6 are in one /64.
func sameNetwork(a, b netip.Addr) bool {
	p, err := a.WithZone("").Prefix(64)
	return err == nil && p.Contains(b.WithZone(""))
}
