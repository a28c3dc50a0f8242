package peer

import (
	"bytes"
	"net/netip"
	"slices"
	"time"

	"github.com/skulltech/prattle/certs"
)

// memberLink is a connection to a member, or to somebody who may become one.
type memberLink struct {
	key      linkKey
	peer     certs.PeerID
	instance instance // zero while it is not known: we have dialled an address
	addrs    []netip.AddrPort
	outgoing bool
	target   *target   // of outgoing ones
	since    time.Time // the Join was sent or received

	open   bool
	silent bool // nothing is heard on it
	// supersedes is the open link whose place this one takes when it opens: it was
	// silent, or another instance's, when the Join went over this one.
	supersedes linkKey

	list     []memberInfo // of its latest view
	told     uint64       // revision of the decisions that it carried
	lastTold time.Time
	stale    bool // there is something to tell
	urgent   bool // at once
}

// joinVerdict is what becomes of an incoming Join.
type joinVerdict int

const (
	joinProceed joinVerdict = iota // whether to let it in is to be decided now
	joinLinked                     // refused: there is another connection to that peer
	joinRemoved                    // refused: it was removed
	joinLocked                     // refused: the room is locked, and nobody let it in before
	joinFull                       // refused: no room for it, or we are leaving
)

// glareWindow is for how long an unanswered Join of ours goes before the peer's. A peer
// that has had it by then would not send its own.
const glareWindow = 3 * time.Second

// handleDialed takes that a dial has led to peer. If true, a Join is to be sent on the
// connection, which is link from now on; otherwise it is to be closed, and nothing
// more to be told of it.
func (m *membership) handleDialed(now time.Time, key dialKey, link linkKey, peer certs.PeerID) bool {
	m.now = now
	t := m.dialled(key)
	switch {
	case t == nil:
		return false
	case peer == m.own:
		t.ourselves = len(t.addrs) == 1
		m.putOff(t)
		return false
	case t.source == sourceMember && t.peer != peer:
		m.putOff(t)
		return false
	}
	t.peer = peer
	if m.expelled || m.full() || m.settled(t) {
		m.putOff(t)
		return false
	}
	l := &memberLink{key: link, peer: peer, instance: t.instance, addrs: t.addrs, outgoing: true, target: t, since: now}
	l.supersede(m.openTo(peer))
	m.links = append(m.links, l)
	return true
}

// handleJoin takes that a peer asks to be let in on an incoming connection, which is
// link from now on if the verdict is joinProceed. Otherwise it is to be closed, and
// nothing more to be told of it.
func (m *membership) handleJoin(now time.Time, link linkKey, peer certs.PeerID, i instance) joinVerdict {
	m.now = now
	rivals := m.to(peer)
	switch {
	case m.expelled:
		return joinFull
	case peer == m.own || peer.IsZero():
		return joinLinked
	case m.removed(peer):
		return joinRemoved
	case m.lock.locked && !m.admitted(peer):
		return joinLocked
	case slices.ContainsFunc(rivals, func(l *memberLink) bool { return m.prefers(l, i) }):
		return joinLinked
	case m.openTo(peer) == nil && m.full(), !m.admitted(peer) && m.strangers() >= maxJoining:
		return joinFull
	}
	for _, l := range rivals {
		if !l.open {
			m.drop(l, dropLinked)
		}
	}
	l := &memberLink{key: link, peer: peer, instance: i, since: now}
	l.supersede(m.openTo(peer))
	m.links = append(m.links, l)
	return joinProceed
}

// prefers says whether a Join of l's peer from instance i is refused because of l.
func (m *membership) prefers(l *memberLink, i instance) bool {
	older := l.instance != i && m.isOver(run{l.peer, i})
	switch {
	case l.open:
		return !l.silent && (l.instance == i || older)
	case older:
		return true
	case !l.outgoing || l.instance != i && l.instance != instance{}:
		return false
	}
	return bytes.Compare(m.own[:], l.peer[:]) < 0 && m.now.Sub(l.since) < glareWindow
}

// supersede has l take the place of the open link to its peer.
func (l *memberLink) supersede(open *memberLink) {
	if open != nil {
		l.supersedes = open.key
	}
}

// handleOpen takes that both sides have let each other in, with the instance on the
// other side and the addresses at which it can be dialled.
func (m *membership) handleOpen(now time.Time, key linkKey, peer certs.PeerID, i instance, addrs []netip.AddrPort) {
	m.now = now
	l := m.find(key)
	if l == nil || l.open || l.peer != peer {
		return
	}
	l.instance, l.addrs = i, m.usable(addrs...)
	old := m.openTo(l.peer)
	switch {
	case m.removed(l.peer):
		m.drop(l, dropRemoved)
	case old == nil && m.full():
		m.drop(l, dropFull)
	case old != nil && m.stays(old, l):
		m.drop(l, dropLinked)
	default:
		if old != nil {
			m.drop(old, dropLinked)
			m.outdate(old, i)
		}
		m.open(l)
	}
}

// stays says whether of two open links to one peer the older one is kept.
func (m *membership) stays(old, l *memberLink) bool {
	switch {
	case old.instance != l.instance:
		return !old.silent && m.isOver(run{l.peer, l.instance})
	case old.silent || l.supersedes == old.key || old.outgoing == l.outgoing:
		return false
	}
	return old.outgoing == (bytes.Compare(m.own[:], l.peer[:]) < 0)
}

// outdate notes that old's instance has been followed by i.
func (m *membership) outdate(old *memberLink, i instance) {
	if old.instance != i {
		m.note(run{old.peer, old.instance})
	}
}

// open makes l the link to its peer.
func (m *membership) open(l *memberLink) {
	l.open, l.urgent, l.stale, l.lastTold = true, true, true, m.now
	for _, o := range m.to(l.peer) {
		if !o.open {
			m.drop(o, dropLinked)
		}
	}
	m.forgive(run{l.peer, l.instance})
	m.reach(l)
	if m.registerOf(l.peer).verdict == verdictNone {
		// It stays let in when the link is lost, and so for everybody.
		m.merge(register{l.peer, verdictAdmitted, 1}, 0)
	}
	m.changed()
}

// reach brings the targets in line with a link that has opened.
func (m *membership) reach(l *memberLink) {
	for _, t := range m.targets {
		if t.peer != l.peer {
			continue
		}
		t.failures, t.declined = 0, false
		if t.lost && t.instance != l.instance {
			m.note(run{t.peer, t.instance})
		}
		if t.lost {
			m.forget(t)
		}
	}
}

// live says whether l is announced.
func (l *memberLink) live() bool { return l.open && !l.silent }

// serves says whether l makes it needless to dial t. Where a silent link led there may
// be another instance now.
func (l *memberLink) serves(t *target) bool {
	if l.silent && t.instance == (instance{}) {
		return false
	}
	o := target{peer: l.peer, instance: l.instance, addrs: l.addrs}
	return o.same(t)
}

func (m *membership) takeOut(l *memberLink) {
	m.links = slices.DeleteFunc(m.links, func(o *memberLink) bool { return o == l })
}

// find finds a link; nil if it is not ours, or not any more.
func (m *membership) find(key linkKey) *memberLink {
	for _, l := range m.links {
		if l.key == key {
			return l
		}
	}
	return nil
}

// to are the links to a peer.
func (m *membership) to(peer certs.PeerID) []*memberLink {
	var links []*memberLink
	for _, l := range m.links {
		if l.peer == peer {
			links = append(links, l)
		}
	}
	return links
}

// openTo is the open link to a peer; nil if there is none.
func (m *membership) openTo(peer certs.PeerID) *memberLink {
	for _, l := range m.links {
		if l.peer == peer && l.open {
			return l
		}
	}
	return nil
}

// full says whether there are as many members as can be.
func (m *membership) full() bool {
	count := 1
	for _, l := range m.links {
		if l.open {
			count++
		}
	}
	return count >= maxMembers
}

// strangers counts those who have asked and whom nobody has let in.
func (m *membership) strangers() int {
	count := 0
	for _, l := range m.links {
		if !l.open && !l.outgoing && !m.admitted(l.peer) {
			count++
		}
	}
	return count
}
