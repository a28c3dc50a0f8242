package peer

import (
	"bytes"
	"math"
	"slices"

	"github.com/skulltech/prattle/certs"
)

// verdict is what was decided about a peer.
type verdict byte

const (
	verdictNone     verdict = iota
	verdictAdmitted         // it may be in the room
	verdictRemoved          // it must not
)

// register is the verdict about one peer, as it is merged. Counters stop at the
// highest number, where a removal is for ever: whoever drives one there keeps a peer
// out, as any member can.
type register struct {
	peer    certs.PeerID
	verdict verdict
	counter uint64
}

// beats says whether r holds if both are known.
func (r register) beats(other register) bool {
	if r.counter != other.counter {
		return r.counter > other.counter
	}
	return r.verdict > other.verdict
}

// decision is a register as it is kept.
type decision struct {
	register
	revision uint64  // of membership.revision when it changed
	from     linkKey // on which we heard of it; zero if it is our own
}

// roomLock is whether newcomers are turned away, as it is merged.
type roomLock struct {
	locked  bool
	counter uint64
	by      certs.PeerID
}

// beats says whether l holds if both are known.
func (l roomLock) beats(other roomLock) bool {
	if l.counter != other.counter {
		return l.counter > other.counter
	}
	if c := bytes.Compare(l.by[:], other.by[:]); c != 0 {
		return c > 0
	}
	return l.locked && !other.locked
}

// admit lets a peer in, for all members; a removed one may come back.
func (m *membership) admit(peer certs.PeerID) { m.decide(peer, verdictAdmitted) }

// remove puts a peer out, for all members, at once.
func (m *membership) remove(peer certs.PeerID) { m.decide(peer, verdictRemoved) }

// decide puts a verdict of our person into force.
func (m *membership) decide(peer certs.PeerID, v verdict) {
	old := m.registerOf(peer)
	if m.expelled || peer == m.own || peer.IsZero() || old.verdict == v {
		return
	}
	r := register{peer, v, old.counter}
	if r.counter < math.MaxUint64 {
		r.counter++
	}
	if !r.beats(old) {
		return
	}
	if len(m.decisions) == maxDecisions && old.counter == 0 && !m.forgetAdmission() {
		m.decisions = slices.Delete(m.decisions, 0, 1)
	}
	m.merge(r, 0)
	m.tellAll(true)
}

// setLocked closes the room to newcomers, or opens it, for all members.
func (m *membership) setLocked(locked bool) {
	l := roomLock{locked, m.lock.counter, m.own}
	if l.counter < math.MaxUint64 {
		l.counter++
	}
	if !m.expelled && locked != m.lock.locked {
		m.mergeLock(l)
	}
}

// locked says whether newcomers are turned away.
func (m *membership) locked() bool { return m.lock.locked }

// removed says whether somebody removed the peer.
func (m *membership) removed(peer certs.PeerID) bool {
	return m.registerOf(peer).verdict == verdictRemoved
}

// admitted says whether the peer was let in by any member: somebody decided so, or has
// a link to it.
func (m *membership) admitted(peer certs.PeerID) bool {
	switch m.registerOf(peer).verdict {
	case verdictAdmitted:
		return true
	case verdictRemoved:
		return false
	}
	return slices.ContainsFunc(m.links, func(l *memberLink) bool { return l.introduces(peer) })
}

// unwanted says whether there is to be no link to the peer as things are.
func (m *membership) unwanted(peer certs.PeerID) bool {
	return m.removed(peer) || m.lock.locked && !m.admitted(peer)
}

// registerOf is what is known about a peer.
func (m *membership) registerOf(peer certs.PeerID) register {
	for _, d := range m.decisions {
		if d.peer == peer {
			return d.register
		}
	}
	return register{peer: peer}
}

// merge takes a register into account that came from a link, or from us (0). Of
// ourselves we only learn that we were removed: whoever says so ends its link to us.
func (m *membership) merge(r register, from linkKey) {
	old := m.registerOf(r.peer)
	if !r.beats(old) || r.peer == m.own && r.verdict != verdictRemoved {
		return
	}
	m.decisions = slices.DeleteFunc(m.decisions, func(d *decision) bool { return d.peer == r.peer })
	if len(m.decisions) == maxDecisions && !m.forgetAdmission() {
		return
	}
	m.revision++
	m.decisions = append(m.decisions, &decision{r, m.revision, from})
	m.news = true
	m.tellAll(r.verdict == verdictRemoved)
	switch {
	case r.verdict == verdictRemoved:
		m.enforce(r.peer)
	case old.verdict == verdictRemoved:
		m.pardon(r.peer)
	}
}

// enforce ends what there is with a peer that was removed, which may be ourselves.
func (m *membership) enforce(peer certs.PeerID) {
	reason := dropRemoved
	if peer == m.own {
		m.expelled = true
		m.targets = nil
		reason = dropExpelled
	}
	for _, l := range slices.Clone(m.links) {
		if m.expelled || l.peer == peer {
			m.drop(l, reason)
		}
		if l.peer == peer && l.instance != (instance{}) {
			m.note(run{l.peer, l.instance}) // a sighting of it has no peer ID
		}
	}
}

// pardon lets a removed peer be dialled again, whichever instance it is.
func (m *membership) pardon(peer certs.PeerID) {
	m.over = slices.DeleteFunc(m.over, func(r run) bool { return r.peer == peer })
}

// forgetAdmission makes room by forgetting the oldest verdict that is no removal;
// false if there is none.
func (m *membership) forgetAdmission() bool {
	i := slices.IndexFunc(m.decisions, func(d *decision) bool { return d.verdict != verdictRemoved })
	if i >= 0 {
		m.decisions = slices.Delete(m.decisions, i, i+1)
	}
	return i >= 0
}

// mergeLock takes a lock into account.
func (m *membership) mergeLock(l roomLock) {
	if !l.beats(m.lock) {
		return
	}
	m.news = m.news || l.locked != m.lock.locked
	m.lock = l
	m.tellAll(true)
}
