package peer

import (
	"crypto/hmac"
	"net/netip"
	"time"

	"github.com/skulltech/prattle/quicproto"
)

// enterRoom takes a caller's Join to the conference, if there is one of that name;
// false if the caller is turned away.
func (l *Link) enterRoom(now time.Time) bool {
	r, join := l.room, l.call.entry.join
	r.mu.Lock()
	c := r.conference
	r.line.end(l.party)
	l.party.step = stepOver
	r.mu.Unlock()
	if c == nil {
		l.call.turnAway(quicproto.DeclineNoRoom)
		return false
	}
	mac, err := roomMAC(l.conn, c.opts.Name)
	if err != nil || !hmac.Equal(mac, join.Room) {
		l.call.turnAway(quicproto.DeclineNoRoom)
		return false
	}
	if c.ctx.Err() != nil { // we are about to leave
		l.call.refuse(new(quicproto.Busy))
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := c.nextKey()
	if verdict := c.members.handleJoin(now, key, l.peer, instance(join.Instance)); verdict != joinProceed {
		l.call.turnAway(verdict.code())
		c.rouse()
		return false
	}
	c.add(l, key)
	return l.challenge(now)
}

// challenge has a caller prove the passphrase, if both have one. The conference's
// lock is held.
func (l *Link) challenge(now time.Time) bool {
	c, join := l.member.conference, l.call.entry.join
	if c.opts.Passphrase == nil || join.Share == nil {
		return true
	}
	if c.guesses.Begin(now, l.peer, l.source()) > 0 { // as in suspects
		l.call.refuse(new(quicproto.Busy)) // it may try again later
		return false
	}
	channel, err := proofChannel(l.conn, l.peer, l.room.cfg.Identity.ID())
	if err != nil {
		l.call.end(err)
		return false
	}
	challenge, err := c.opts.Passphrase.Challenge(channel, join.Share)
	if err != nil {
		l.call.turnAway(quicproto.DeclinePassphrase)
		return false
	}
	l.call.challenge(challenge)
	return true
}

// suspects says whether the other side, which we have dialled, may have guessed at the
// passphrase too often; then the link is over. To answer its challenge is to let it
// guess.
func (l *Link) suspects(now time.Time) bool {
	c := l.member.conference
	if c == nil {
		return false
	}
	c.mu.Lock()
	wait := c.guesses.Begin(now, l.peer, l.source())
	c.mu.Unlock()
	if wait > 0 {
		l.call.hangUp("")
		l.call.err = ErrBusy
	}
	return wait > 0
}

// source is the network that answers for the other side's guesses: one host, or the
// /64 of an IPv6 customer.
func (l *Link) source() netip.Prefix {
	u := udpAddr(l.conn.RemoteAddr())
	if u == nil {
		return netip.Prefix{}
	}
	ip := u.AddrPort().Addr().Unmap().WithZone("")
	bits := ip.BitLen()
	if ip.Is6() && !ip.IsLinkLocalUnicast() {
		bits = 64
	}
	source, _ := ip.Prefix(bits)
	return source
}

// decideEntry lets the other side in, turns it away, or waits.
func (l *Link) decideEntry(now time.Time) {
	c, e := l.member.conference, l.call.entry
	c.mu.Lock()
	removed, admitted := c.members.removed(l.peer), c.members.admitted(l.peer)
	if e.proven {
		c.guesses.Proved(now, l.peer, l.source())
	}
	c.mu.Unlock()
	switch {
	case e.here:
	case removed:
		l.call.turnAway(quicproto.DeclineRemoved)
	case e.proven || admitted || c.opts.Admit != nil && c.opts.Admit(l.cert):
		l.setKnocks(false)
		l.call.admit(now, &quicproto.Admitted{Instance: c.self[:], Addrs: c.addrs(), Name: c.room.name()})
	case e.failed:
		l.call.turnAway(quicproto.DeclinePassphrase)
	case e.refused:
		l.call.turnAway(quicproto.DeclinePerson)
	case e.challenge != nil || l.outgoing && e.admitted == nil && l.call.state == StateDialing:
		// The other side has something to say first: it may prove the passphrase, or know
		// of no such room. Else both people are asked, whoever has dialled.
	case !e.knocks:
		l.knock(now)
	}
}

// maxKnocks is how many may wait for a person here at a time, and maxSourceKnocks how
// many of one network.
const (
	maxKnocks       = 8
	maxSourceKnocks = 2
)

// knock has the other side wait for a person here, unless too many do.
func (l *Link) knock(now time.Time) {
	knocking := l.member.conference.Knocking()
	var near int
	for _, other := range knocking {
		if other.source() == l.source() {
			near++
		}
	}
	if len(knocking) >= maxKnocks || near >= maxSourceKnocks {
		l.call.refuse(new(quicproto.Busy))
		return
	}
	l.call.knock(now)
	l.setKnocks(true)
	l.asked = true
	l.room.emit(Event{Kind: EventKnock, Link: l})
}

func (l *Link) setKnocks(knocks bool) {
	c := l.member.conference
	c.mu.Lock()
	defer c.mu.Unlock()
	l.member.knocks = knocks
}

// refuseEntry sends somebody away who knocks.
func (l *Link) refuseEntry() {
	l.do(func(time.Time) {
		if l.call.entry != nil && l.call.entry.knocks {
			l.call.entry.refused = true
			l.woken = true
		}
	})
}
