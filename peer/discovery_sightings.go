package peer

import (
	"net/netip"
	"slices"
	"time"

	"github.com/skulltech/prattle/quicproto"
)

// sighting is a member that is there, as it says itself.
type sighting struct {
	instance instance
	tag      roomTag
	addrs    []netip.AddrPort // where it may be reached, what was told last comes first
}

const (
	// maxSightings bounds the members that are kept in mind.
	maxSightings = 64
	// maxSightingAddrs bounds the addresses of one.
	maxSightingAddrs = 8
	// sightingInterval is how often a member is told of again while it is there.
	sightingInterval = 5 * time.Second
)

// sightings are the members that have been heard of. It has no I/O and no clock.
type sightings struct {
	list []*seenMember
}

type seenMember struct {
	instance instance
	tag      roomTag
	addrs    []seenAddr
	due      time.Time // when it is to be told of
}

type seenAddr struct {
	addr  netip.AddrPort
	until time.Time
}

// handleAnnouncement notes a member and the addresses of it that can be used. When
// there are too many, those already known stay.
func (s *sightings) handleAnnouncement(now time.Time, a *announcement, addrs []netip.AddrPort) {
	m := s.find(a.instance)
	switch {
	case a.ttl == 0:
		s.list = slices.DeleteFunc(s.list, func(o *seenMember) bool { return o == m })
		return
	case len(addrs) == 0 || m == nil && len(s.list) >= maxSightings:
		return
	case m == nil:
		m = &seenMember{instance: a.instance, tag: a.tag}
		s.list = append(s.list, m)
	}
	if m.note(addrs, now.Add(min(a.ttl, announcementTTL))) {
		m.due = now
	}
}

// note puts addresses before those that are known, and says whether one is new.
func (m *seenMember) note(addrs []netip.AddrPort, until time.Time) (news bool) {
	var list []seenAddr
	for _, a := range addrs {
		list = append(list, seenAddr{a, until})
		news = news || !slices.ContainsFunc(m.addrs, func(o seenAddr) bool { return o.addr == a })
	}
	for _, o := range m.addrs {
		if !slices.Contains(addrs, o.addr) {
			list = append(list, o)
		}
	}
	m.addrs = list[:min(len(list), maxSightingAddrs)]
	return news
}

func (s *sightings) find(i instance) *seenMember {
	if at := slices.IndexFunc(s.list, func(m *seenMember) bool { return m.instance == i }); at >= 0 {
		return s.list[at]
	}
	return nil
}

// advance forgets what has not been heard again.
func (s *sightings) advance(now time.Time) {
	for _, m := range s.list {
		m.addrs = slices.DeleteFunc(m.addrs, func(a seenAddr) bool { return !a.until.After(now) })
	}
	s.list = slices.DeleteFunc(s.list, func(m *seenMember) bool { return len(m.addrs) == 0 })
}

// next is when somebody is to be told of, or forgotten; zero if there is nobody.
func (s *sightings) next() time.Time {
	var next time.Time
	for _, m := range s.list {
		next = earliest(next, m.due)
		for _, a := range m.addrs {
			next = earliest(next, a.until)
		}
	}
	return next
}

// pop returns a member that is to be told of now.
func (s *sightings) pop(now time.Time) (sighting, bool) {
	for _, m := range s.list {
		if m.due.After(now) {
			continue
		}
		m.due = now.Add(sightingInterval)
		told := sighting{instance: m.instance, tag: m.tag}
		for _, a := range m.addrs {
			told.addrs = append(told.addrs, a.addr)
		}
		return told, true
	}
	return sighting{}, false
}

// known lists those that need not answer a question, for their announcements are good
// for long (RFC 6762 section 7.1).
func (s *sightings) known(now time.Time) []knownMember {
	var known []knownMember
	for _, m := range s.list {
		var left time.Duration
		for _, a := range m.addrs {
			left = max(left, a.until.Sub(now))
		}
		if left > announcementTTL/2 {
			known = append(known, knownMember{m.instance, left})
		}
	}
	return known
}

// localAddrs are the announced addresses that lead to a network that this machine is
// on, or to one that the Internet does not lead to: nobody can have us send packets
// to somebody far away. Link-local addresses belong to the link that they came by.
func localAddrs(addrs []netip.AddrPort, by quicproto.LocalLink, links []quicproto.LocalLink) []netip.AddrPort {
	var local []netip.AddrPort
	for _, a := range addrs {
		ip := a.Addr()
		if ip.Is6() && ip.IsLinkLocalUnicast() {
			ip = ip.WithZone(by.Name)
		}
		a = netip.AddrPortFrom(ip, a.Port())
		if isNearby(ip, by, links) && !slices.Contains(local, a) && len(local) < maxSightingAddrs {
			local = append(local, a)
		}
	}
	return local
}

func isNearby(ip netip.Addr, by quicproto.LocalLink, links []quicproto.LocalLink) bool {
	switch {
	case ip.IsLoopback():
		return isLoopback(by) // then it came from this machine
	case ip.IsLinkLocalUnicast():
		return true
	case !ip.IsGlobalUnicast():
		return false
	}
	subnet, ours := subnetOf(ip, links)
	return ours && !isBroadcast(ip, subnet) || !ours && ip.IsPrivate()
}

// subnetOf finds the subnet of ours that ip is on.
func subnetOf(ip netip.Addr, links []quicproto.LocalLink) (netip.Prefix, bool) {
	for _, l := range links {
		for _, p := range l.Prefixes {
			if p.Contains(ip) {
				return p, true
			}
		}
	}
	return netip.Prefix{}, false
}

// isBroadcast says whether everybody on an IPv4 subnet would hear what is sent to ip.
func isBroadcast(ip netip.Addr, subnet netip.Prefix) bool {
	if !ip.Is4() || subnet.Bits() >= 31 { // RFC 3021
		return false
	}
	return !subnet.Contains(ip.Next()) || !subnet.Contains(ip.Prev())
}

// earliest is the earlier of two times; zero stands for never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
