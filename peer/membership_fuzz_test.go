package peer

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
)

// FuzzMembership reads a script of what others, the person and time do to a membership,
// three bytes a step. Whatever it is, what is kept stays within its bounds, nobody who
// was removed has a link, and orders come to an end.
func FuzzMembership(f *testing.F) {
	f.Add([]byte{0, 1, 1, 1, 1, 1, 8, 1, 3, 9, 2, 0})
	f.Add([]byte{2, 7, 0, 4, 0, 1, 5, 1, 1, 0, 1, 2, 1, 2, 2})
	f.Add([]byte{0, 1, 1, 1, 1, 1, 10, 1, 0, 0, 1, 1, 12, 40, 0, 11, 1, 0})
	f.Add([]byte{3, 9, 9, 12, 1, 0, 4, 0, 9, 1, 1, 9, 6, 1, 1, 7, 1, 0, 12, 9, 0})
	f.Fuzz(func(t *testing.T, script []byte) {
		s := &membershipScript{m: newMembership(certs.PeerID{5}, instance{5}, rand.New(rand.NewPCG(1, 1))), now: time.Unix(1000, 0)}
		for len(script) >= 3 {
			s.step(script[0], script[1], script[2])
			script = script[3:]
			if !s.obey() {
				t.Fatal("orders do not end")
			}
			if next := s.m.next(); !next.IsZero() && !next.After(s.now) {
				t.Fatalf("at %v it wants to be asked again at %v", s.now, next)
			}
			if err := checkBounds(s.m); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// membershipScript plays whatever a membership deals with.
type membershipScript struct {
	m     *membership
	now   time.Time
	keys  linkKey
	dials []dialKey
}

// key is one of the latest connections.
func (s *membershipScript) key(arg byte) linkKey { return s.keys - min(s.keys, linkKey(arg%16)) }

func (s *membershipScript) step(op, a, b byte) {
	m, peer := s.m, certs.PeerID{a}
	addrs := []netip.AddrPort{addrOf(a), addrOf(b)}
	switch op % 14 {
	case 0:
		s.keys++
		m.handleJoin(s.now, s.keys, peer, instance{b})
	case 1:
		key := s.key(b)
		if l := m.find(key); l != nil {
			peer = l.peer
		}
		m.handleOpen(s.now, key, peer, instance{a}, addrs)
	case 2:
		m.handleSighting(s.now, instance{a, b}, addrs)
	case 3:
		m.handleAddress(s.now, addrs[:1+b%2])
	case 4, 5:
		if len(s.dials) == 0 {
			return
		}
		i := int(a) % len(s.dials)
		if s.keys++; op%14 == 4 {
			m.handleDialed(s.now, s.dials[i], s.keys, certs.PeerID{b})
		} else {
			m.handleDialFailed(s.now, s.dials[i])
		}
	case 6:
		m.handleSilent(s.now, s.key(a), b%2 == 0)
	case 7:
		m.handleEnded(s.now, s.key(a), b%2 == 0)
	case 8:
		m.handleView(s.now, s.key(a), foreignView(b))
	case 9:
		m.admit(peer)
	case 10:
		m.remove(peer)
	case 11:
		m.setLocked(a%2 == 0)
	case 12:
		s.now = s.now.Add(time.Duration(a) * time.Duration(b) * 10 * time.Millisecond)
	case 13:
		m.handleDeclined(s.now, s.key(a))
	}
}

// foreignView is one that another member made up.
func foreignView(seed byte) view {
	rng := rand.New(rand.NewPCG(uint64(seed), 0))
	v := view{lock: roomLock{seed%2 == 0, rng.Uint64() >> rng.IntN(64), certs.PeerID{byte(rng.IntN(9))}}}
	for range rng.IntN(100) {
		i := memberInfo{peer: certs.PeerID{byte(rng.IntN(70))}, instance: instance{byte(rng.IntN(3))}}
		for range rng.IntN(12) {
			i.addrs = append(i.addrs, netip.AddrPortFrom(addrOf(byte(rng.IntN(256))).Addr(), uint16(rng.IntN(3))))
		}
		v.list = append(v.list, i)
	}
	for range rng.IntN(100) {
		v.entries = append(v.entries, register{certs.PeerID{byte(rng.IntN(256)), byte(rng.IntN(4))}, verdict(rng.IntN(4)), rng.Uint64() >> rng.IntN(64)})
	}
	return v
}

// obey pops what is ordered; false if that does not end.
func (s *membershipScript) obey() bool {
	s.m.advance(s.now)
	s.m.popNews()
	for range 1000 {
		_, dropped := s.m.popDrop()
		_, told := s.m.popTell()
		o, dial := s.m.popDial()
		if dial {
			s.dials = append(s.dials, o.key)
		}
		if !dropped && !told && !dial {
			return true
		}
	}
	return false
}
