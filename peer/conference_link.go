package peer

import (
	"errors"
	"net/netip"
	"time"

	"github.com/skulltech/prattle/quicproto"
)

// roomLink is what a link remembers of the room that it is part of.
type roomLink struct {
	conference *Conference // nil for a call between two
	key        linkKey
	opened     bool     // it has been open
	knocks     bool     // the other side waits for a person here; the conference's lock guards it
	silent     bool     // as last told
	seen       progress // as last consulted
}

// progress is how far an entry has got.
type progress struct {
	state                                   State
	join, admitted, here, proven, failed, b bool
}

func (c *call) progress() progress {
	e := c.entry
	return progress{c.state, e.join != nil, e.admitted != nil, e.here, e.proven, e.failed, e.challenge != nil}
}

// consultRoom puts what has happened to a link of a room before the conference, and
// does what follows.
func (l *Link) consultRoom(now time.Time) {
	seen := l.call.progress()
	if seen == l.member.seen && !l.woken {
		return
	}
	l.woken = false
	if l.call.state != StateEnded && (l.member.conference != nil || l.enterRoom(now)) {
		l.goOnInRoom(now)
	}
	l.leaveLobby()
	l.member.seen = l.call.progress()
}

// goOnInRoom does what the conference wants of a link that has not ended.
func (l *Link) goOnInRoom(now time.Time) {
	l.room.mu.Lock()
	revoked := l.party.order == orderRevoke
	l.room.mu.Unlock()
	switch {
	case revoked:
		l.call.end(ErrRevoked)
	case l.call.media():
		l.stayInRoom(now)
	default:
		l.decideEntry(now)
	}
}

// stayInRoom tells the membership that the link is open, and whether it is silent.
func (l *Link) stayInRoom(now time.Time) {
	c := l.member.conference
	silent := l.call.state == StateReconnecting
	c.mu.Lock()
	if !l.member.opened {
		l.member.opened = true
		c.members.handleOpen(now, l.member.key, l.peer, l.instance(), l.addrs())
	}
	if silent != l.member.silent {
		l.member.silent = silent
		c.members.handleSilent(now, l.member.key, silent)
	}
	c.mu.Unlock()
	c.rouse()
}

// instance is which run of the other side's program this is.
func (l *Link) instance() instance { return instance(l.call.entry.admitted.Instance) }

// addrs are those at which the other side can be reached: the one where it is now,
// and what it says.
func (l *Link) addrs() []netip.AddrPort {
	var addrs []netip.AddrPort
	if u := udpAddr(l.conn.RemoteAddr()); u != nil {
		a := u.AddrPort()
		addrs = append(addrs, netip.AddrPortFrom(a.Addr().Unmap(), a.Port()))
	}
	e := l.call.entry
	if e.join != nil {
		addrs = append(addrs, e.join.Addrs...)
	}
	addrs = append(addrs, e.admitted.Addrs...)
	return addrs[:min(len(addrs), quicproto.MaxMemberAddrs)]
}

// appear makes an open link a member for the person.
func (c *Conference) appear(l *Link) {
	l.setName(l.call.entry.admitted.Name)
	c.mu.Lock()
	c.open = append(c.open, l)
	c.mu.Unlock()
	c.room.emit(Event{Kind: EventJoined, Link: l})
}

// replaced says whether the link has ended and another one to its peer is open: what is
// told of states is told of peers. The membership knows first: it is why the link ended.
func (l *Link) replaced() bool {
	c := l.member.conference
	if c == nil || l.state != StateEnded {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	open := c.members.openTo(l.peer)
	return open != nil && open.key != l.member.key
}

// part takes a link that has ended out of the room.
func (c *Conference) part(now time.Time, l *Link) {
	goodbye := l.call.err == nil && !l.call.elsewhere
	c.mu.Lock()
	if errors.Is(l.call.err, ErrDeclined) || errors.Is(l.call.err, ErrPassphrase) {
		c.members.handleDeclined(now, l.member.key)
	}
	c.members.handleEnded(now, l.member.key, goodbye)
	was := len(c.open)
	c.open = without(c.open, l)
	appeared := len(c.open) < was
	c.mu.Unlock()
	c.rouse()
	if l.call.err == ErrRemoved && appeared {
		c.putOut()
	}
	if appeared || l.asked || turnedDown(l.call.err) {
		c.room.emit(Event{Kind: EventLeft, Link: l, Err: l.call.err})
	}
}

// turnedDown says whether a link ended because one of the two does not want the other
// in the room: the person should know, although it never opened.
func turnedDown(err error) bool {
	for _, reason := range []error{ErrNoRoom, ErrLocked, ErrRemoved, ErrPassphrase, ErrDeclined} {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}

// keep forgets a link that is closed, but for its summary.
func (c *Conference) keep(l *Link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.links, l.member.key)
	if l.summary != nil {
		c.summaries = append(c.summaries, l.summary)
	}
}

func without(links []*Link, l *Link) []*Link {
	rest := make([]*Link, 0, len(links))
	for _, other := range links {
		if other != l {
			rest = append(rest, other)
		}
	}
	return rest
}

// handleMembers takes what another member knows of the room.
func (l *Link) handleMembers(now time.Time, m *quicproto.Members) {
	c := l.member.conference
	if c == nil || !l.call.media() {
		return
	}
	c.mu.Lock()
	before := c.members.locked()
	c.members.handleView(now, l.member.key, viewIn(m))
	changed := before != c.members.locked()
	c.mu.Unlock()
	c.rouse()
	if changed {
		c.tellRoom()
	}
}
