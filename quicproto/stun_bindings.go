package quicproto

import (
	"net/netip"
	"slices"
	"time"
)

// Timing of STUN (RFC 8489, section 6.2.1).
const (
	// stunTimeout is the wait before the first retransmission; it doubles.
	stunTimeout = 500 * time.Millisecond
	// stunMaxTimeout bounds the wait for a server that does not answer.
	stunMaxTimeout = 16 * time.Second
	// stunSilence is after how many requests without an answer a server is said to
	// be silent: 3.5 s. Nobody waits longer to be told.
	stunSilence = 3
	// stunGiveUp is after how many an address once told is no longer believed in.
	stunGiveUp = 7
	// stunRefresh keeps the mapping of a NAT alive, which some drop after 30 s
	// (RFC 8445, section 11, has 15 s too), and notices another mapping.
	stunRefresh = 15 * time.Second
)

// maxBindings bounds what a STUN handler keeps: each pair of an address of ours and
// a server.
const maxBindings = 32

// bindingKey is who asks whom.
type bindingKey struct {
	local  local
	server netip.AddrPort
}

// binding is what one server says of one of our addresses.
type binding struct {
	bindingKey
	id       stunID
	mapped   netip.AddrPort // zero: not known
	unheard  int            // requests since the last answer
	due      time.Time      // of the next request
	answered bool           // ever
}

// bindings asks STUN servers what each of our addresses looks like from outside,
// and goes on asking.
type bindings struct {
	newID func() stunID
	list  []*binding
}

// set says which pairs are to be asked. Those that are new are asked at once.
func (s *bindings) set(now time.Time, keys []bindingKey) {
	keys = keys[:min(len(keys), maxBindings)]
	s.list = slices.DeleteFunc(s.list, func(b *binding) bool { return !slices.Contains(keys, b.bindingKey) })
	for _, k := range keys {
		if !slices.ContainsFunc(s.list, func(b *binding) bool { return b.bindingKey == k }) {
			s.list = append(s.list, &binding{bindingKey: k, id: s.newID(), due: now})
		}
	}
}

// kick asks all of them at once.
func (s *bindings) kick(now time.Time) {
	for _, b := range s.list {
		b.id, b.unheard, b.due = s.newID(), 0, now
	}
}

// handle takes a packet from a server and says whether an address has changed.
func (s *bindings) handle(now time.Time, from netip.AddrPort, packet []byte) (changed bool) {
	a, err := parseSTUNAnswer(packet)
	if err != nil || a.code != 0 {
		return false
	}
	i := slices.IndexFunc(s.list, func(b *binding) bool { return b.id == a.id && b.server == from })
	if i < 0 {
		return false
	}
	b := s.list[i]
	changed = b.mapped != a.mapped || !b.answered
	if changed && b.answered {
		s.doubt(now, b)
	}
	b.mapped, b.answered, b.unheard = a.mapped, true, 0
	b.id, b.due = s.newID(), now.Add(stunRefresh)
	return changed
}

// doubt asks the other servers again about an address of which one says something
// new: a NAT has forgotten its mappings.
func (s *bindings) doubt(now time.Time, changed *binding) {
	for _, b := range s.list {
		if b != changed && b.local == changed.local {
			b.due = now
		}
	}
}

// next is when pop has something to send.
func (s *bindings) next() time.Time {
	var t time.Time
	for _, b := range s.list {
		if t.IsZero() || b.due.Before(t) {
			t = b.due
		}
	}
	return t
}

// pop returns a request that is due, or false.
func (s *bindings) pop(now time.Time) (to bindingKey, packet []byte, ok bool) {
	for _, b := range s.list {
		if now.Before(b.due) {
			continue
		}
		wait := min(stunTimeout<<min(b.unheard, 16), stunMaxTimeout)
		b.due = now.Add(wait)
		if b.unheard++; b.unheard > stunGiveUp {
			b.id, b.mapped = s.newID(), netip.AddrPort{}
		}
		return b.bindingKey, bindingRequest(b.id), true
	}
	return bindingKey{}, nil, false
}

// mapped lists our addresses as seen from outside.
func (s *bindings) mapped() []netip.AddrPort {
	var found []netip.AddrPort
	for _, b := range s.list {
		if b.mapped.IsValid() && !slices.Contains(found, b.mapped) {
			found = append(found, b.mapped)
		}
	}
	return found
}

// silent says that all servers were asked often enough, and none answers.
func (s *bindings) silent() bool {
	for _, b := range s.list {
		if b.unheard <= stunSilence {
			return false
		}
	}
	return len(s.list) > 0
}

// dependent says that a NAT gives each destination another of its ports: what one
// server says differs from what another does.
func (s *bindings) dependent() bool {
	for i, b := range s.list {
		for _, c := range s.list[:i] {
			if b.local == c.local && b.mapped.IsValid() && c.mapped.IsValid() && b.mapped != c.mapped {
				return true
			}
		}
	}
	return false
}
