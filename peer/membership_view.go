package peer

import (
	"net/netip"
	"slices"
	"time"

	"github.com/skulltech/prattle/certs"
)

// view is what one member tells another. Its list is complete each time; its entries
// are those that this link has not carried yet. As sent, it takes about 45 bytes for
// each in the list, 7 for each IPv4 and 19 for each IPv6 address, and 37 for each entry.
// When one more comes to a room of n, each member tells n views of n members.
type view struct {
	list    []memberInfo // to which the teller has a live link, without the one told
	entries []register
	lock    roomLock
}

// memberInfo is one member as others announce it.
type memberInfo struct {
	peer     certs.PeerID
	instance instance
	addrs    []netip.AddrPort
}

// tellOrder says that a view is to be sent on a link.
type tellOrder struct {
	key  linkKey
	view view
}

// tellInterval is how long changes to the list are collected: while many join at once,
// views would otherwise be told for each of them. Decisions do not wait.
const tellInterval = 100 * time.Millisecond

// view is what we would tell somebody who knows nothing yet.
func (m *membership) view() view { return m.viewFor(new(memberLink)) }

// viewFor is what is to be told on a link now.
func (m *membership) viewFor(to *memberLink) view {
	v := view{lock: m.lock}
	for _, l := range m.links {
		if l != to && l.live() {
			v.list = append(v.list, memberInfo{l.peer, l.instance, l.addrs})
		}
	}
	for _, d := range m.untold(to) {
		v.entries = append(v.entries, d.register)
	}
	v.entries = v.entries[:min(len(v.entries), maxEntries)]
	return v
}

// untold are the decisions that a link has not carried in either direction, the oldest
// first.
func (m *membership) untold(to *memberLink) []*decision {
	var untold []*decision
	for _, d := range m.decisions {
		if d.revision > to.told && (d.from != to.key || to.key == 0) {
			untold = append(untold, d)
		}
	}
	return untold
}

// tellAll has all links told what is new.
func (m *membership) tellAll(urgent bool) {
	for _, l := range m.links {
		l.stale, l.urgent = true, l.urgent || urgent
	}
}

// tellAt is when the next view is to be sent on l; zero if there is nothing to tell. A
// silent link is told when it is heard again.
func (l *memberLink) tellAt() time.Time {
	if !l.stale || !l.live() {
		return time.Time{}
	}
	if l.urgent {
		return l.lastTold
	}
	return l.lastTold.Add(tellInterval)
}

// popTell returns a view that is to be sent now.
func (m *membership) popTell() (tellOrder, bool) {
	for _, l := range m.links {
		if at := l.tellAt(); at.IsZero() || at.After(m.now) {
			continue
		}
		o, untold := tellOrder{l.key, m.viewFor(l)}, m.untold(l)
		l.told, l.lastTold = m.revision, m.now
		if len(untold) > maxEntries {
			l.told = untold[maxEntries-1].revision
		} else {
			l.stale, l.urgent = false, false
		}
		return o, true
	}
	return tellOrder{}, false
}

// handleView takes the view that came on an open link.
func (m *membership) handleView(now time.Time, from linkKey, v view) {
	m.now = now
	l := m.find(from)
	if l == nil || !l.open {
		return
	}
	for _, r := range v.entries[:min(len(v.entries), maxEntries)] {
		if r.peer.IsZero() || r.verdict != verdictAdmitted && r.verdict != verdictRemoved {
			continue
		}
		// Nobody lets itself in again.
		if r.peer != l.peer || r.verdict == verdictRemoved {
			m.merge(r, from)
		}
	}
	m.mergeLock(v.lock)
	if m.find(from) == nil {
		return // those entries were about one of us two
	}
	l.list = m.listed(l, v.list)
	m.news = true
	m.introduce()
}

// listed is what we keep of the list that came on a link.
func (m *membership) listed(from *memberLink, list []memberInfo) []memberInfo {
	var kept []memberInfo
	for _, i := range list[:min(len(list), maxMembers)] {
		if i.peer.IsZero() || i.peer == m.own || i.peer == from.peer {
			continue
		}
		i.addrs = m.usable(i.addrs...)
		kept = append(kept, i)
	}
	return kept
}

// introduces says whether l's peer has a live link to peer, as far as we know.
func (l *memberLink) introduces(peer certs.PeerID) bool {
	return l.live() && slices.ContainsFunc(l.list, func(i memberInfo) bool { return i.peer == peer })
}

// introduce brings the targets in line with what is introduced to us.
func (m *membership) introduce() {
	if m.expelled {
		return
	}
	for _, t := range m.targets {
		if t.introduced {
			t.introduced = false
			t.until = later(t.until, m.now.Add(introductionGrace))
		}
	}
	for _, l := range m.links {
		if !l.live() {
			continue
		}
		for _, i := range l.list {
			m.introduceMember(i)
		}
	}
	m.targets = slices.DeleteFunc(m.targets, func(t *target) bool { return t.expired(m.now) })
}

// introduceMember notes that a member with a live link has one to i.
func (m *membership) introduceMember(i memberInfo) {
	if len(i.addrs) == 0 {
		return
	}
	t := m.memberTarget(run{i.peer, i.instance})
	if t == nil {
		t = m.addTarget(&target{source: sourceMember, peer: i.peer, instance: i.instance, due: m.now.Add(m.headStart(m.own[:], i.peer[:]))})
	}
	if t != nil {
		t.introduced = true
		t.addrs = m.usable(slices.Concat(i.addrs, t.addrs)...)
	}
}

// later is the later of two moments.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
