package peer

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"net/netip"
	"time"

	"github.com/skulltech/prattle/certs"
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

const (
	roomLabel      = "EXPORTER-prattle-room-name"
	roomSecretSize = 32
)

// roomMAC shows that its sender knows a room's name, to who knows it too.
func roomMAC(conn *quicproto.Conn, name string) ([]byte, error) {
	secret, err := conn.Export(roomLabel, roomSecretSize)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(name))
	return mac.Sum(nil)[:quicproto.RoomMACSize], nil
}

// join asks, over a connection that we have dialled, to be let in.
func (c *Conference) join(order dialOrder, conn *quicproto.Conn) error {
	r := c.room
	them, err := certs.VerifyPeer(conn.TLS(), r.cfg.Authorities, time.Now())
	if err == nil && them.ID != r.cfg.Identity.ID() {
		err = r.notBlocked(them)
	}
	m := &quicproto.Join{Instance: c.self[:], Addrs: c.addrs()}
	var offer *certs.PassphraseOffer
	if err == nil {
		m.Room, err = roomMAC(conn, c.opts.Name)
	}
	if err == nil && c.opts.Passphrase != nil && them.ID != r.cfg.Identity.ID() {
		if offer, err = c.offer(conn, them.ID); err == nil {
			m.Share = offer.Share()
		}
	}
	if err != nil {
		conn.Close(quicproto.CloseIdentity, "")
		return err
	}
	l := r.newLink(conn, them, newEntry(time.Now(), r.hello(conn), m, offer))
	l.party = &party{peer: them.ID, outgoing: true, step: stepOver, link: l, wake: l.rouse}
	l.meet(nil)
	c.mu.Lock()
	key, ok := c.nextKey(), false
	if c.ctx.Err() == nil {
		ok = c.members.handleDialed(time.Now(), order.key, key, them.ID)
	}
	if ok {
		c.add(l, key)
	}
	c.mu.Unlock()
	if !ok {
		l.cancel()
		conn.Close(quicproto.CloseNormal, "")
		return nil
	}
	l.start()
	return nil
}

// nextKey is that of a link to come. The lock is held, here and in add.
func (c *Conference) nextKey() linkKey {
	c.keys++
	return c.keys
}

func (c *Conference) add(l *Link, key linkKey) {
	l.member.conference, l.member.key = c, key
	c.links[key] = l
}

// offer begins to prove the passphrase to a peer that we have dialled.
func (c *Conference) offer(conn *quicproto.Conn, callee certs.PeerID) (*certs.PassphraseOffer, error) {
	channel, err := proofChannel(conn, c.room.cfg.Identity.ID(), callee)
	if err != nil {
		return nil, err
	}
	return c.opts.Passphrase.Offer(channel)
}

// proofChannel is what ties a proof of the passphrase to a connection.
func proofChannel(conn *quicproto.Conn, caller, callee certs.PeerID) (certs.ProofChannel, error) {
	exporter, err := conn.Export(certs.RoomExporterLabel, certs.RoomExporterSize)
	return certs.ProofChannel{Exporter: exporter, Caller: caller, Callee: callee}, err
}

// addrs are those of ours at which members may dial us.
func (c *Conference) addrs() quicproto.MemberAddrs {
	var addrs quicproto.MemberAddrs
	for _, candidate := range c.room.candidates() {
		if candidate.Kind == quicproto.CandidateHost && len(addrs) < quicproto.MaxMemberAddrs {
			addrs = append(addrs, candidate.Addr)
		}
	}
	return addrs
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
