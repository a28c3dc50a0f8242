package certs

import (
	"net/netip"
	"time"
)

// Guesses limits how often others may try to prove a room's passphrase. A proof gives
// one guess to whoever takes part in it, on the connections that we dial as on those
// that we accept, and a guesser who has learned that it was wrong need not go on. So a
// proof counts as a wrong guess from Begin on, until Proved takes that back.
//
//   - In all there is one a second, after the first few.
//   - A source, that is a network, has a few; then it waits for a second, two, four
//     and so on, up to an hour. So has a peer, but keys cost nothing.
//   - Sources without wrong guesses have half of what there is in all to themselves,
//     and whoever has proved the passphrase is no guesser and never waits. So a few
//     guessers keep nobody out, and many keep out newcomers only.
//
// The zero value is ready. Its memory is bounded: when that is full, the source that
// may guess again soonest is forgotten, whom the limit in all still holds.
type Guesses struct {
	all     guessRate
	sources map[netip.Prefix]strikes
	peers   map[PeerID]strikes
	proven  map[PeerID]time.Time // and when, last
}

const (
	guessInterval   = time.Second // between guesses, in all
	guessBurst      = 16          // proofs at a time, in all: a room that comes together
	guessStruck     = 8           // likewise, of sources that have wrong ones
	sourceFree      = 8           // wrong guesses of a source, and
	peerFree        = 3           // of a peer, before it waits: slips, and proofs under way
	firstLockout    = time.Second // doubles with each further one
	longestLockout  = time.Hour
	strikesLast     = 24 * time.Hour // without a further one, until they are forgotten
	maxGuessSources = 1024
	maxGuessPeers   = 1024
	maxProven       = 256
)

// Begin says whether a proof with a peer at a source may begin. If wait is zero it
// may, and counts as wrong until Proved is called. Else it must not: it would be
// allowed after that time at the earliest. The source is the network that answers for
// the peer's address: one host, or the /64 of an IPv6 customer.
func (g *Guesses) Begin(now time.Time, peer PeerID, source netip.Prefix) (wait time.Duration) {
	if _, ok := g.proven[peer]; ok {
		return 0
	}
	bySource, byPeer := g.sources[source].at(now), g.peers[peer].at(now)
	burst := guessBurst
	if bySource.count > 0 || byPeer.count > 0 {
		burst = guessStruck
	}
	wait = max(bySource.until.Sub(now), byPeer.until.Sub(now), g.all.wait(now, burst))
	if wait > 0 {
		return wait
	}
	g.all.take(now)
	g.sources = remember(g.sources, maxGuessSources, source, bySource.add(now, sourceFree))
	g.peers = remember(g.peers, maxGuessPeers, peer, byPeer.add(now, peerFree))
	return 0
}

// Proved says that the peer has proved the passphrase, in a proof that Begin has let
// it begin. It takes back what proofs of that peer have put down, which were slips or
// broke off, and no more: others at that source may be guessers.
func (g *Guesses) Proved(now time.Time, peer PeerID, source netip.Prefix) {
	if n := g.peers[peer].count; n > 0 {
		delete(g.peers, peer)
		g.all.giveBack(n)
		if s, ok := g.sources[source]; ok {
			g.sources[source] = s.takeBack(n, sourceFree)
		}
	}
	if g.proven == nil {
		g.proven = make(map[PeerID]time.Time)
	}
	if _, ok := g.proven[peer]; !ok && len(g.proven) >= maxProven {
		delete(g.proven, earliest(g.proven, func(t time.Time) time.Time { return t }))
	}
	g.proven[peer] = now
}

// guessRate is a rate of one for each guessInterval, as the time at which all that
// was taken has been paid for.
type guessRate struct{ paid time.Time }

func (r *guessRate) wait(now time.Time, burst int) time.Duration {
	owed := max(r.paid.Sub(now), 0)
	return owed - time.Duration(burst-1)*guessInterval
}

func (r *guessRate) take(now time.Time) {
	if r.paid.Before(now) {
		r.paid = now
	}
	r.paid = r.paid.Add(guessInterval)
}

func (r *guessRate) giveBack(n int) { r.paid = r.paid.Add(-time.Duration(n) * guessInterval) }

// strikes are the wrong guesses of a source or a peer.
type strikes struct {
	count int
	last  time.Time
	until time.Time // no guess before
}

// at is s, unless it is long ago.
func (s strikes) at(now time.Time) strikes {
	if now.Sub(s.last) >= strikesLast {
		return strikes{}
	}
	return s
}

func (s strikes) add(now time.Time, free int) strikes {
	s.count++
	s.last = now
	s.until = now.Add(s.lockout(free))
	return s
}

func (s strikes) takeBack(n, free int) strikes {
	s.count = max(s.count-n, 0)
	s.until = s.last.Add(s.lockout(free))
	return s
}

func (s strikes) lockout(free int) time.Duration {
	const doublings = 12 // more than from firstLockout to longestLockout
	if s.count < free {
		return 0
	}
	return min(firstLockout<<min(s.count-free, doublings), longestLockout)
}

// remember puts s under k. If there is no room, that which may guess again soonest
// is forgotten.
func remember[K comparable](m map[K]strikes, most int, k K, s strikes) map[K]strikes {
	if m == nil {
		m = make(map[K]strikes)
	}
	if _, ok := m[k]; !ok && len(m) >= most {
		delete(m, earliest(m, func(s strikes) time.Time {
			if s.until.After(s.last) {
				return s.until
			}
			return s.last
		}))
	}
	m[k] = s
	return m
}

// earliest is the key whose value has the earliest time.
func earliest[K comparable, V any](m map[K]V, at func(V) time.Time) (key K) {
	var first time.Time
	for k, v := range m {
		if t := at(v); first.IsZero() || t.Before(first) {
			key, first = k, t
		}
	}
	return key
}
