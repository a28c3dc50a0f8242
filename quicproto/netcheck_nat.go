package quicproto

import (
	"context"
	"encoding/binary"
	"net/netip"
	"slices"
	"sync"

	"github.com/pion/stun/v4"
)

// NATBehaviour is how far what a NAT does depends on who is at the other end
// (RFC 4787, sections 4.1 and 5).
type NATBehaviour uint8

// How a NAT behaves, the better for direct calls first.
const (
	NATUnknown              NATBehaviour = iota
	NATNone                              // there is none
	NATIndependent                       // endpoint-independent
	NATAddressDependent                  // another for each address
	NATAddressPortDependent              // another for each address and port
	NATDependent                         // one of the two above
)

var natBehaviours = [...]string{"unknown", "none", "endpoint-independent", "address-dependent", "address-and-port-dependent", "endpoint-dependent"}

func (b NATBehaviour) String() string { return natBehaviours[b] }

// NATReport is what stands between this machine and the Internet.
type NATReport struct {
	Mapping   NATBehaviour     // which port it gives us
	Filtering NATBehaviour     // whose packets it lets in
	SeenAs    []netip.AddrPort // our address, as servers see it
}

// asksNAT asks a server what it sees, once or a few times; a server that knows
// RFC 5780 may be asked to answer from another address.
type asksNAT func(to netip.AddrPort, change changeRequest) (askedAnswer, error)

// checkNAT finds out how the NAT before us behaves.
func checkNAT(ctx context.Context, targets []netcheckTarget) (r NATReport) {
	var servers []netip.AddrPort
	for _, t := range targets {
		if t.way.transport == turnUDP && t.addr.Addr().Is4() && !slices.Contains(servers, t.addr) {
			servers = append(servers, t.addr)
		}
	}
	// Each has a socket of its own: whom the one has written to may write back.
	var both sync.WaitGroup
	both.Go(func() {
		withAsker(ctx, func(a *asker, ask asksNAT) { r.Mapping, r.SeenAs = natMapping(ask, servers, a.owns) })
	})
	both.Go(func() { withAsker(ctx, func(_ *asker, ask asksNAT) { r.Filtering = natFiltering(ask, servers) }) })
	both.Wait()
	if r.Mapping == NATNone && r.Filtering == NATIndependent {
		r.Filtering = NATNone
	}
	return r
}

func withAsker(ctx context.Context, f func(*asker, asksNAT)) {
	a, err := openAsker(netip.IPv4Unspecified())
	if err != nil {
		return
	}
	defer a.close()
	f(a, func(to netip.AddrPort, change changeRequest) (askedAnswer, error) {
		if change == 0 {
			return a.ask(ctx, to)
		}
		return a.ask(ctx, to, change)
	})
}

// owns says whether addr is the socket's own.
func (a *asker) owns(addr netip.AddrPort) bool {
	return addr.Port() == a.port() && (isOwn(addr.Addr()) || addr.Addr().IsLoopback())
}

// natMapping tells which port each destination sees (RFC 5780, section 4.3). With
// servers that have but one address, two of them tell half of it.
func natMapping(ask asksNAT, servers []netip.AddrPort, own func(netip.AddrPort) bool) (NATBehaviour, []netip.AddrPort) {
	var seen []netip.AddrPort
	for _, server := range servers {
		a, err := ask(server, 0)
		if err != nil || a.code != 0 {
			continue
		}
		if !slices.Contains(seen, a.mapped) {
			seen = append(seen, a.mapped)
		}
		switch {
		case own(a.mapped):
			return NATNone, seen
		case len(seen) > 1:
			return NATDependent, seen
		case distinct(server, a.other):
			if b := mappingBy(ask, server, a.stunAnswer); b != NATUnknown {
				return b, seen
			}
		}
	}
	if len(seen) == 1 && len(hostsOf(servers)) > 1 {
		return NATIndependent, seen
	}
	return NATUnknown, seen
}

// mappingBy compares what a server sees at its other address and port.
func mappingBy(ask asksNAT, server netip.AddrPort, first stunAnswer) NATBehaviour {
	second, err := ask(netip.AddrPortFrom(first.other.Addr(), server.Port()), 0)
	if err != nil || second.code != 0 {
		return NATUnknown
	}
	if second.mapped == first.mapped {
		return NATIndependent
	}
	third, err := ask(first.other, 0)
	switch {
	case err != nil || third.code != 0:
		return NATDependent
	case third.mapped == second.mapped:
		return NATAddressDependent
	}
	return NATAddressPortDependent
}

// natFiltering tells whose packets come in (RFC 5780, section 4.4).
func natFiltering(ask asksNAT, servers []netip.AddrPort) NATBehaviour {
	for _, server := range servers {
		a, err := ask(server, 0)
		if err != nil || !distinct(server, a.other) {
			continue
		}
		if b, err := ask(server, changeIP|changePort); err == nil && b.code == 0 && b.from.Addr() != server.Addr() {
			return NATIndependent
		}
		if b, err := ask(server, changePort); err == nil && b.code == 0 && b.from != server {
			return NATAddressDependent
		}
		return NATAddressPortDependent
	}
	return NATUnknown
}

// distinct says whether a server's other address is one.
func distinct(server, other netip.AddrPort) bool {
	return reachable(other) && other.Addr() != server.Addr() && other.Port() != server.Port() && other.Addr().Is4() == server.Addr().Is4()
}

func hostsOf(servers []netip.AddrPort) (all []netip.Addr) {
	for _, s := range servers {
		if !slices.Contains(all, s.Addr()) {
			all = append(all, s.Addr())
		}
	}
	return all
}

// changeRequest is the attribute CHANGE-REQUEST (RFC 5780, section 7.2).
type changeRequest uint32

const (
	changePort changeRequest = 1 << 1
	changeIP   changeRequest = 1 << 2
)

func (c changeRequest) AddTo(m *stun.Message) error {
	m.Add(stun.AttrChangeRequest, binary.BigEndian.AppendUint32(nil, uint32(c)))
	return nil
}
