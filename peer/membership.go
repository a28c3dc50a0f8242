package peer

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/skulltech/prattle/certs"
)

// membership decides, for one member of a room, to whom it has links. It has no I/O,
// no goroutine and no clock.
//
// A room is a full mesh without a leader. A member is named by its peer ID and by its
// instance, which is drawn anew each time the program runs. Over every open link each
// side tells its view (membership_view.go): the peers to which it has a live link,
// with the addresses at which they can be dialled; what was decided about who may be
// in the room; and whether the room is locked. Whoever hears of a member to which it
// has no link dials it, and so joining one member is joining all.
//
// # Why it converges
//
// Links. Views speak of live links only, and silence (two seconds) or the end of a
// link is seen by both of its ends for themselves. So a member that has died vanishes
// from all views without anybody having to say so, and no news of a death can
// outlive a return. As long as two members that can reach each other have no link, each
// of them that knows of the other (from a member that both have a link to, from
// discovery, from the command line, or since it had a link to the other before) tries
// again every two seconds. In a component of such members the links therefore only
// become more until there is one for every pair; then all views are the same. A
// member that said goodbye is left alone by its instance: when it comes back, it is
// another one.
//
// Decisions. For each peer there is a register {verdict, counter}, and for the lock
// one more {locked, counter, by}. Merging two takes the higher counter, and among
// equal counters a removal (for the lock: the higher peer ID). That is commutative,
// associative and idempotent, so everybody ends with the same, in whatever order and
// however often it is told; and each change is told over each link once. A view never
// sets a removal aside: it takes a register with a higher counter.
//
// One link. When two members dial each other at once, the dial of the lower peer ID
// wins on both sides (membership_link.go), and two that know each other's IDs let the
// lower one go first. A second connection of the same instance is refused while the
// first is heard on; once it is silent, or if the instance is another one, the new
// connection takes its place when it opens. Wherever both sides decide differently
// after all, neither link remains or one side finds it silent, and they dial again.
//
// # How it is driven
//
// Whoever owns it calls handleX for what happens, then advance, pops what is ordered
// until there is nothing more, and comes back no later than next.
type membership struct {
	own  certs.PeerID
	self instance
	rnd  *rand.Rand
	now  time.Time // of the latest event

	ownAddrs []netip.AddrPort

	links    []*memberLink // in order of arrival
	targets  []*target
	over     []run // instances that said goodbye or were replaced; the latest is last
	lastDial dialKey

	decisions []*decision // the latest change is last
	revision  uint64      // of the latest change to decisions
	lock      roomLock
	expelled  bool // we were removed
	news      bool
	drops     []dropOrder
}

const (
	// maxMembers bounds a room, this member included: what a full mesh of video calls
	// can bear at most.
	maxMembers = 32
	// maxJoining bounds the incoming links of those nobody has let in yet.
	maxJoining = 32
	// maxMemberAddrs bounds the addresses of one member: two families on some networks.
	maxMemberAddrs = 8
	// maxEntries bounds the registers in one view; the rest follow in the next.
	maxEntries = 64
	// maxDecisions bounds the registers that are kept.
	maxDecisions = 256
	// maxOver bounds the instances that are remembered as gone.
	maxOver = 64
)

// instance is one run of the program, drawn at random.
type instance [8]byte

// run is a member.
type run struct {
	peer     certs.PeerID
	instance instance
}

// linkKey names a link; whoever owns the links chooses it, and never the same twice.
type linkKey uint64

// newMembership returns that of a member alone in its room. rnd spreads dials.
func newMembership(own certs.PeerID, self instance, rnd *rand.Rand) *membership {
	return &membership{own: own, self: self, rnd: rnd}
}

// advance lets time pass.
func (m *membership) advance(now time.Time) {
	m.now = now
	m.targets = slices.DeleteFunc(m.targets, func(t *target) bool { return t.expired(now) })
}

// next is when advance is to be called at the latest; zero if nothing is waited for.
func (m *membership) next() time.Time {
	var next time.Time
	earlier := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	if len(m.drops) > 0 {
		earlier(m.now)
	}
	for _, l := range m.links {
		earlier(l.tellAt())
	}
	for _, t := range m.targets {
		if !t.introduced && t.key == 0 {
			earlier(t.until)
		}
		if m.mayDial(t) {
			earlier(t.due)
		}
	}
	return next
}

// popNews says whether something has changed since it was asked last that bears on
// admitted, removed, locked or removedSelf: those who knock are to be looked at again.
func (m *membership) popNews() bool {
	news := m.news
	m.news = false
	return news
}

// removedSelf says whether we were removed from the room. It is final for this
// instance: all links are dropped, and nothing is dialled or taken any more.
func (m *membership) removedSelf() bool { return m.expelled }

// note remembers that r is gone, or has been replaced.
func (m *membership) note(r run) {
	m.forgive(r)
	m.over = append(m.over, r)
	if len(m.over) > maxOver {
		m.over = slices.Delete(m.over, 0, 1)
	}
}

// forgive forgets that r was gone: it is here.
func (m *membership) forgive(r run) {
	m.over = slices.DeleteFunc(m.over, func(o run) bool { return o == r })
}

// isOver says whether r is known to be gone. A zero peer stands for any.
func (m *membership) isOver(r run) bool {
	return slices.ContainsFunc(m.over, func(o run) bool {
		return o.instance == r.instance && (o.peer == r.peer || r.peer.IsZero())
	})
}

// handleOwnAddrs takes the addresses at which we listen: nobody else can be reached
// there, though hosts share some (those of bridges for containers).
func (m *membership) handleOwnAddrs(addrs []netip.AddrPort) {
	m.ownAddrs = nil
	m.ownAddrs = m.usable(addrs...)
}

// usable are those of addrs that can be dialled, each once, as many as are kept.
func (m *membership) usable(addrs ...netip.AddrPort) []netip.AddrPort {
	var usable []netip.AddrPort
	for _, a := range addrs {
		a = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
		ip := a.Addr()
		bad := !ip.IsValid() || a.Port() == 0 || ip.IsUnspecified() || ip.IsMulticast() || ip == broadcast
		if !bad && !slices.Contains(m.ownAddrs, a) && !slices.Contains(usable, a) && len(usable) < maxMemberAddrs {
			usable = append(usable, a)
		}
	}
	return usable
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})
