package peer

import (
	"slices"
	"time"
)

// dropOrder says that a link is to be ended.
type dropOrder struct {
	key    linkKey
	reason dropReason
	view   view // for dropRemoved: to be sent first, so that it knows
}

// dropReason is why a link is ended.
type dropReason int

const (
	dropLinked   dropReason = iota // another connection to that peer is kept
	dropRemoved                    // the peer was removed: nothing more may be sent on it
	dropExpelled                   // we were removed
	dropFull                       // there is no room for it
)

// handleSilent takes that nothing is heard on a link any more, or again.
func (m *membership) handleSilent(now time.Time, key linkKey, silent bool) {
	m.now = now
	if l := m.find(key); l != nil && l.open && l.silent != silent {
		l.silent = silent
		m.changed()
	}
}

// handleDeclined takes that a person or a rule on the other side does not let us in: it
// is not asked again unless it has another instance or a member takes us in. That the
// link has ended is told as usual.
func (m *membership) handleDeclined(now time.Time, key linkKey) {
	m.now = now
	if l := m.find(key); l != nil && !l.open && l.outgoing {
		l.target.declined = true
	}
}

// handleEnded takes that a link has ended. goodbye: the other side said that it leaves
// the room.
func (m *membership) handleEnded(now time.Time, key linkKey, goodbye bool) {
	m.now = now
	l := m.find(key)
	if l == nil {
		return
	}
	m.takeOut(l)
	r := run{l.peer, l.instance}
	switch {
	case !l.open && l.outgoing:
		m.putOff(l.target)
	case !l.open:
		return
	case goodbye:
		m.note(r)
		if t := m.memberTarget(r); t != nil {
			m.forget(t)
		}
	default:
		m.lose(l)
	}
	m.changed()
}

// lose looks for a member whose link has ended without goodbye.
func (m *membership) lose(l *memberLink) {
	t := m.memberTarget(run{l.peer, l.instance})
	if t == nil && len(l.addrs) > 0 {
		t = m.addTarget(&target{source: sourceMember, peer: l.peer, instance: l.instance})
	}
	if t == nil {
		return
	}
	t.lost, t.until, t.failures = true, m.now.Add(lostLifetime), 0
	t.addrs = m.usable(slices.Concat(l.addrs, t.addrs)...)
	t.due = m.now.Add(m.headStart(m.own[:], l.peer[:]))
}

// drop orders that a link be ended.
func (m *membership) drop(l *memberLink, reason dropReason) {
	m.takeOut(l)
	o := dropOrder{key: l.key, reason: reason}
	if reason == dropRemoved {
		o.view.entries = []register{m.registerOf(l.peer)}
	}
	m.drops = append(m.drops, o)
	if l.target != nil {
		l.target.due = later(l.target.due, m.now.Add(firstPause))
	}
	if l.open {
		m.changed()
	}
}

// popDrop returns a link that is to be ended. Nothing need be told of it any more.
func (m *membership) popDrop() (dropOrder, bool) {
	if len(m.drops) == 0 {
		return dropOrder{}, false
	}
	o := m.drops[0]
	m.drops = m.drops[1:]
	return o, true
}

// changed follows from a change to the live links.
func (m *membership) changed() {
	m.news = true
	m.tellAll(false)
	m.introduce()
}
