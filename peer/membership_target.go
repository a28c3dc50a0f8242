package peer

import (
	"net/netip"
	"slices"
	"time"

	"github.com/skulltech/prattle/certs"
)

// target is somebody whom we may dial: a member that others announce or that was lost,
// somebody sighted on the local network, or an address that the person gave.
type target struct {
	source   targetSource
	peer     certs.PeerID // zero while it is not known
	instance instance     // likewise
	addrs    []netip.AddrPort

	introduced bool      // a member with a live link has one to it
	lost       bool      // we had a link, and it ended without goodbye
	until      time.Time // forgotten then, unless introduced; zero: never
	ourselves  bool      // it turned out to be us
	declined   bool      // it does not want us

	due      time.Time // not dialled before
	failures int
	key      dialKey // of the attempt under way, or zero
	retry    bool    // that attempt is not the first
	started  time.Time
}

// targetSource is how we know of a target.
type targetSource int

const (
	sourceSighting targetSource = iota
	sourceAddress
	sourceMember
)

// dialKey names an attempt to dial.
type dialKey uint64

// dialOrder says whom to dial.
type dialOrder struct {
	key   dialKey
	peer  certs.PeerID // who must be there; zero if we do not know
	addrs []netip.AddrPort
}

const (
	// memberDialTimeout is for how long an attempt may go on: longer ones would still
	// wait for their retransmission when a partition heals.
	memberDialTimeout = 2 * time.Second
	// Pauses between the starts of attempts are doubled from the first to the longest.
	firstPause       = 500 * time.Millisecond
	longestPause     = 2 * time.Second
	longestFoundWait = 5 * time.Second // to sightings and addresses, which nobody vouches for
	// maxDials bounds the attempts at once, maxRetries those that are not the first:
	// whoever is new does not wait for those who are gone.
	maxDials   = 8
	maxRetries = 6
	// maxTargets bounds the targets from one source: two rooms full.
	maxTargets = 2 * maxMembers
	// sightingLifetime is that of host names in multicast DNS (RFC 6762, section 10).
	sightingLifetime = 120 * time.Second
	// lostLifetime is for how long we look for a member that was lost.
	lostLifetime = 10 * time.Minute
	// introductionGrace is for how long we go on with an introduction whose author has
	// gone: it may have been the only one that knew both of us.
	introductionGrace = 10 * time.Second
	// headStart is what the lower of two has before the higher one dials, too.
	headStart  = 300 * time.Millisecond
	dialSpread = 50 * time.Millisecond
)

// handleSighting takes what discovery found: where an instance listens. It is said
// again as long as that is so.
func (m *membership) handleSighting(now time.Time, i instance, addrs []netip.AddrPort) {
	m.now = now
	addrs = m.usable(addrs...)
	if i == m.self || i == (instance{}) || len(addrs) == 0 || m.expelled {
		return
	}
	at := slices.IndexFunc(m.targets, func(t *target) bool { return t.source == sourceSighting && t.instance == i })
	if at < 0 {
		// Two cannot listen at the same addresses: whoever was there has gone. (At some
		// of them they can: hosts share the addresses of bridges for containers.)
		m.targets = slices.DeleteFunc(m.targets, func(t *target) bool {
			return t.source == sourceSighting && t.key == 0 && slices.Equal(t.addrs, addrs)
		})
		t := m.addTarget(&target{source: sourceSighting, instance: i, due: now.Add(m.headStart(m.self[:], i[:]))})
		if t == nil {
			return
		}
		at = len(m.targets) - 1
	}
	m.targets[at].addrs, m.targets[at].until = addrs, now.Add(sightingLifetime)
}

// handleAddress takes the addresses of one host where the person knows somebody to be.
func (m *membership) handleAddress(now time.Time, addrs []netip.AddrPort) {
	m.now = now
	addrs = m.usable(addrs...)
	if len(addrs) == 0 || m.expelled {
		return
	}
	for _, t := range m.targets {
		if t.source == sourceAddress && slices.Equal(t.addrs, addrs) {
			t.due, t.failures, t.declined = now, 0, false
			return
		}
	}
	m.addTarget(&target{source: sourceAddress, addrs: addrs, due: now})
}

// addTarget adds t, if need be instead of one that was not reached; nil if there is
// no room for it.
func (m *membership) addTarget(t *target) *target {
	count, worst := 0, -1
	for i, o := range m.targets {
		if o.source != t.source {
			continue
		}
		count++
		if o.failures > 0 && o.key == 0 && !o.lost && (worst < 0 || o.failures > m.targets[worst].failures) {
			worst = i
		}
	}
	if count >= maxTargets {
		if worst < 0 {
			return nil
		}
		m.targets = slices.Delete(m.targets, worst, worst+1)
	}
	m.targets = append(m.targets, t)
	return t
}

// memberTarget finds the target for a member; nil if there is none.
func (m *membership) memberTarget(r run) *target {
	for _, t := range m.targets {
		if t.source == sourceMember && t.peer == r.peer && t.instance == r.instance {
			return t
		}
	}
	return nil
}

// expired says whether nothing speaks for t any more. While it is dialled, it counts.
func (t *target) expired(now time.Time) bool {
	return t.key == 0 && !t.introduced && !t.until.IsZero() && !now.Before(t.until)
}

// forget gives up a member as far as we look for it.
func (m *membership) forget(t *target) {
	t.lost, t.introduced, t.until = false, false, m.now
}

// headStart is how long the side named own waits before it dials the other for the
// first time.
func (m *membership) headStart(own, other []byte) time.Duration {
	wait := time.Duration(m.rnd.Int64N(int64(dialSpread)))
	if slices.Compare(own, other) > 0 {
		wait += headStart
	}
	return wait
}

// popDial returns whom to dial now. What becomes of it is told by handleDialed or
// handleDialFailed.
func (m *membership) popDial() (dialOrder, bool) {
	var best *target
	for _, t := range m.targets {
		if !t.due.After(m.now) && m.mayDial(t) && (best == nil || t.before(best)) {
			best = t
		}
	}
	if best == nil {
		return dialOrder{}, false
	}
	m.lastDial++
	best.key, best.started, best.retry = m.lastDial, m.now, best.failures > 0
	o := dialOrder{key: best.key, addrs: best.addrs}
	if best.source != sourceAddress { // where there may be somebody else by now
		o.peer = best.peer
	}
	return o, true
}

// before says whether t is dialled earlier than o if both are due.
func (t *target) before(o *target) bool {
	if first := t.failures == 0; first != (o.failures == 0) {
		return first
	}
	return t.due.Before(o.due)
}

// mayDial says whether t is to be dialled once it is due.
func (m *membership) mayDial(t *target) bool {
	if t.key != 0 || m.expelled || m.full() {
		return false
	}
	dials, retries := 0, 0
	for _, o := range m.targets {
		if o.key != 0 {
			dials++
			if o.retry {
				retries++
			}
		}
	}
	if dials >= maxDials || t.failures > 0 && retries >= maxRetries {
		return false
	}
	return !m.settled(t)
}

// settled says whether there is no need to dial t, or no use.
func (m *membership) settled(t *target) bool {
	switch {
	case t.ourselves,
		!t.peer.IsZero() && (m.unwanted(t.peer) || m.declinedBy(t)),
		t.instance != instance{} && m.isOver(run{t.peer, t.instance}):
		return true
	}
	return slices.ContainsFunc(m.links, func(l *memberLink) bool { return l.serves(t) }) ||
		slices.ContainsFunc(m.targets, func(o *target) bool { return o != t && o.key != 0 && o.same(t) })
}

// declinedBy says whether that peer does not want us. If others have taken us in, it
// will hear of it.
func (m *membership) declinedBy(t *target) bool {
	if slices.ContainsFunc(m.links, func(l *memberLink) bool { return l.introduces(t.peer) }) {
		return false
	}
	return t.declined || slices.ContainsFunc(m.targets, func(o *target) bool { return o.declined && o.peer == t.peer && o.same(t) })
}

// same says whether t and o lead to the same member, as far as we know.
func (t *target) same(o *target) bool {
	instances := t.instance == o.instance || t.instance == instance{} || o.instance == instance{}
	switch {
	case !t.peer.IsZero() && !o.peer.IsZero():
		return t.peer == o.peer && instances
	case t.instance != instance{} && o.instance != instance{}:
		return t.instance == o.instance
	}
	return intersect(t.addrs, o.addrs)
}

func intersect(a, b []netip.AddrPort) bool {
	return slices.ContainsFunc(a, func(x netip.AddrPort) bool { return slices.Contains(b, x) })
}

// dialled finds the target of an attempt, which is over with that; nil if nothing is
// known of it any more.
func (m *membership) dialled(key dialKey) *target {
	for _, t := range m.targets {
		if t.key == key && key != 0 {
			t.key = 0
			return t
		}
	}
	return nil
}

// handleDialFailed takes that nobody was reached, or somebody else.
func (m *membership) handleDialFailed(now time.Time, key dialKey) {
	m.now = now
	if t := m.dialled(key); t != nil {
		m.putOff(t)
	}
}

// putOff has t dialled again after a pause.
func (m *membership) putOff(t *target) {
	longest := longestFoundWait
	if t.source == sourceMember {
		longest = longestPause
	}
	pause := min(firstPause<<min(t.failures, 8), longest)
	t.failures++
	t.due = later(t.started.Add(m.jitter(pause)), m.now.Add(m.jitter(firstPause/2)))
}

// jitter shortens a pause by up to a quarter.
func (m *membership) jitter(pause time.Duration) time.Duration {
	return pause - time.Duration(m.rnd.Int64N(int64(pause/4)))
}
