package quicproto

import (
	"net/netip"
	"slices"
)

// forwarder is a relay as a route sees it. It must not block, nor be called back from
// within.
type forwarder interface {
	// send sends a packet from the address that the relay has for us.
	send(b []byte, to netip.AddrPort) error
	// permit has the relay let packets from these addresses through, besides those
	// named before.
	permit(addrs []netip.Addr)
}

// ways are the locals that routes may use.
func (s *socket) ways() []local {
	if l := s.locals.Load(); l != nil {
		return *l
	}
	return []local{{}} // whichever the system takes
}

// setLocals tells by which ways packets may leave from now on. Where the socket
// cannot choose its address, all interfaces are one way.
func (s *socket) setLocals(list []local) {
	list = slices.Clone(list)
	if !s.raw.pins() {
		for i := range list {
			if list[i].relay == nil {
				list[i] = local{}
			}
		}
	}
	var ways []local
	for _, l := range list {
		if !slices.Contains(ways, l) {
			ways = append(ways, l)
		}
	}
	s.locals.Store(&ways)
	for _, r := range s.table.open() {
		r.setLocals(ways)
	}
}
