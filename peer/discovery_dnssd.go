package peer

import (
	"crypto/sha256"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/skulltech/prattle/quicproto"
)

// roomTag tells those who know the name of a room that a member is in it.
type roomTag [16]byte

// tagOf differs from member to member, so that strangers do not even see who is in
// the same room.
func tagOf(i instance, room string) (tag roomTag) {
	sum := sha256.Sum256(slices.Concat([]byte("prattle room\x00"), i[:], []byte(room)))
	copy(tag[:], sum[:])
	return tag
}

// announced is what a member says of itself.
type announced struct {
	tag    roomTag
	listen netip.AddrPort // with an address that is not unspecified: nowhere else
}

const (
	// maxDiscoveryLinks bounds the networks on which members are looked for.
	maxDiscoveryLinks = 8
	// discoveryRate and discoveryBurst bound the messages that are read, a second and at
	// once: twice what a full room says to a newcomer.
	discoveryRate, discoveryBurst = 100, 4 * maxSightings
)

// dnssd is our end of DNS-SD on all links. It has no I/O, no goroutine and no clock:
// whoever owns it calls handleX for what happens, then advance, sends what popMessage
// gives and tells of what popSighting gives, and comes back no later than next.
type dnssd struct {
	own       instance
	announced *announced // nil: we only look
	// wanted says whether a member is of interest.
	wanted func(instance, roomTag) bool
	rnd    *rand.Rand

	limit *rate.Limiter
	links []*dnssdLink
	seen  sightings
	out   []outgoing
	now   time.Time // of the latest event
}

// dnssdLink is a link that we are on, and whose turn it is there.
type dnssdLink struct {
	quicproto.LocalLink
	addrs         []netip.AddrPort // that we announce
	inquiries     inquiryTurns
	announcements announcementTurns
}

// outgoing is a message for everybody on a link.
type outgoing struct {
	link    int // index of the interface
	message []byte
}

func newDNSSD(own instance, a *announced, wanted func(instance, roomTag) bool, rnd *rand.Rand) *dnssd {
	return &dnssd{own: own, announced: a, wanted: wanted, rnd: rnd, limit: rate.NewLimiter(discoveryRate, discoveryBurst)}
}

// handleLinks is told which links there are. On one that is new, or where our
// addresses have changed, all begins anew.
func (d *dnssd) handleLinks(now time.Time, links []quicproto.LocalLink) {
	d.now = now
	var list []*dnssdLink
	for _, l := range links[:min(len(links), maxDiscoveryLinks)] {
		at := slices.IndexFunc(d.links, func(o *dnssdLink) bool {
			return o.Index == l.Index && o.Name == l.Name && slices.Equal(o.Prefixes, l.Prefixes)
		})
		if at >= 0 {
			list = append(list, d.links[at])
			continue
		}
		begun := &dnssdLink{LocalLink: l, addrs: d.announcedAddrs(l), inquiries: inquiryTurns{at: now}}
		if len(begun.addrs) > 0 {
			begun.announcements.at = now
		}
		list = append(list, begun)
	}
	d.links = list
}

// announcedAddrs are the addresses on a link at which we can be reached: those that are
// good beyond the link first.
func (d *dnssd) announcedAddrs(l quicproto.LocalLink) []netip.AddrPort {
	if d.announced == nil {
		return nil
	}
	var near, far []netip.AddrPort
	listen := d.announced.listen
	for _, p := range l.Prefixes {
		ip := p.Addr()
		if !listensAt(listen.Addr(), ip) {
			continue
		}
		if addr := netip.AddrPortFrom(ip, listen.Port()); ip.IsLinkLocalUnicast() {
			near = append(near, addr)
		} else {
			far = append(far, addr)
		}
	}
	all := append(far, near...)
	return all[:min(len(all), maxSightingAddrs)]
}

// listensAt says whether a socket that is bound to addr hears what is sent to ip, an
// address of ours.
func listensAt(addr, ip netip.Addr) bool {
	addr = addr.WithZone("")
	return !addr.IsValid() || addr == ip || addr.Unmap() == ip ||
		addr.IsUnspecified() && (addr.Is6() || ip.Is4())
}

// handleMessage takes a message that came by a link, and ignores what is not for us.
func (d *dnssd) handleMessage(now time.Time, link int, message []byte) {
	d.now = now
	l := d.link(link)
	if l == nil || !d.limit.AllowN(now, 1) {
		return
	}
	q, a, err := parseDiscovery(message)
	switch {
	case err != nil:
	case q != nil:
		d.handleInquiry(l, q)
	case a.instance != d.own && d.wanted(a.instance, a.tag), a.ttl == 0:
		d.seen.handleAnnouncement(now, a, localAddrs(a.addrs, l.LocalLink, d.localLinks()))
	}
}

// handleInquiry takes a question. One of ours comes back to us, and is answered like
// any other: so whoever asks for all is heard by all as well.
func (d *dnssd) handleInquiry(l *dnssdLink, q *inquiry) {
	if len(l.addrs) > 0 && d.wantedBy(q) {
		l.announcements.handleInquiry(d.now, d.rnd)
	}
	// If the asker knows somebody whom we do not, the answers will lack them.
	ours := q.everybody && !slices.ContainsFunc(q.known, func(k knownMember) bool {
		return k.instance != d.own && d.seen.find(k.instance) == nil
	})
	if ours {
		l.inquiries.handleInquiry(d.now, d.rnd)
	}
}

// wantedBy says whether a question is for us, and our answer not known.
func (d *dnssd) wantedBy(q *inquiry) bool {
	known := slices.ContainsFunc(q.known, func(k knownMember) bool {
		return k.instance == d.own && k.ttl >= announcementTTL/2
	})
	return !known && (q.everybody || slices.Contains(q.of, d.own))
}

// advance lets time pass.
func (d *dnssd) advance(now time.Time) {
	d.now = now
	d.seen.advance(now)
	for _, l := range d.links {
		if l.announcements.due(now) {
			d.send(l, d.announcement(l, announcementTTL))
		}
		if l.inquiries.due(now, d.rnd) {
			d.send(l, &inquiry{known: d.seen.known(now)})
		}
	}
}

// leave says goodbye on all links (RFC 6762 section 10.1).
func (d *dnssd) leave() {
	for _, l := range d.links {
		if len(l.addrs) > 0 {
			d.send(l, d.announcement(l, 0))
		}
	}
}

func (d *dnssd) announcement(l *dnssdLink, ttl time.Duration) *announcement {
	return &announcement{instance: d.own, tag: d.announced.tag, addrs: l.addrs, ttl: ttl}
}

func (d *dnssd) send(l *dnssdLink, m interface{ message() ([]byte, error) }) {
	if b, err := m.message(); err == nil { // it cannot fail: names and sizes are fixed
		d.out = append(d.out, outgoing{l.Index, b})
	}
}

// next is when advance is to be called at the latest; zero if nothing is waited for.
func (d *dnssd) next() time.Time {
	next := d.seen.next()
	for _, l := range d.links {
		next = earliest(next, earliest(l.inquiries.next(), l.announcements.next()))
	}
	return next
}

// popMessage returns a message that is to be sent.
func (d *dnssd) popMessage() (outgoing, bool) {
	if len(d.out) == 0 {
		return outgoing{}, false
	}
	o := d.out[0]
	d.out = d.out[1:]
	return o, true
}

// popSighting returns a member that is to be told of.
func (d *dnssd) popSighting() (sighting, bool) { return d.seen.pop(d.now) }

func (d *dnssd) link(index int) *dnssdLink {
	if at := slices.IndexFunc(d.links, func(l *dnssdLink) bool { return l.Index == index }); at >= 0 {
		return d.links[at]
	}
	return nil
}

func (d *dnssd) localLinks() []quicproto.LocalLink {
	var links []quicproto.LocalLink
	for _, l := range d.links {
		links = append(links, l.LocalLink)
	}
	return links
}

func isLoopback(l quicproto.LocalLink) bool { return l.Flags&net.FlagLoopback != 0 }
