package quictest

import (
	"math/rand/v2"
	"net/netip"
)

// NATKind is how a NAT treats UDP (RFC 4787).
type NATKind uint8

// The kinds of NAT, as they are commonly called.
const (
	NoNAT             NATKind = iota // hosts have addresses of the Internet
	FullCone                         // lets anybody in at an address that a host has sent from
	AddressRestricted                // lets those addresses in that the host has sent to
	PortRestricted                   // lets those addresses and ports in
	Symmetric                        // gives each destination another port, too
	UDPBlocked                       // lets nothing through
)

// String names the kind.
func (k NATKind) String() string {
	return [...]string{"none", "full cone", "address-restricted", "port-restricted", "symmetric", "blocked"}[k]
}

// NAT translates between the hosts inside and one outer address. It has no I/O.
type NAT struct {
	kind    NATKind
	address netip.Addr
	hairpin bool
	rng     *rand.Rand
	outer   map[mappingKey]uint16 // the port of each mapping
	inner   map[uint16]*mapping
}

// mappingKey is what a port is given to.
type mappingKey struct{ inside, to netip.AddrPort }

type mapping struct {
	inside  netip.AddrPort
	allowed map[netip.AddrPort]bool // to whom the host has sent
}

// newNAT makes a NAT. With hairpin, hosts inside reach each other by outer
// addresses.
func newNAT(kind NATKind, outer netip.Addr, hairpin bool, seed uint64) *NAT {
	n := &NAT{kind: kind, address: outer, hairpin: hairpin, rng: rand.New(rand.NewPCG(seed, 0))}
	n.rebind()
	return n
}

// rebind forgets all mappings: what is sent next gets other ports.
func (n *NAT) rebind() {
	n.outer, n.inner = make(map[mappingKey]uint16), make(map[uint16]*mapping)
}

// out translates a packet that leaves, and says from where it seems to come.
func (n *NAT) out(from, to netip.AddrPort) (netip.AddrPort, bool) {
	if n.kind == UDPBlocked {
		return netip.AddrPort{}, false
	}
	key := mappingKey{inside: from}
	if n.kind == Symmetric {
		key.to = to
	}
	port, ok := n.outer[key]
	if !ok {
		port = n.freePort()
		n.outer[key] = port
		n.inner[port] = &mapping{inside: from, allowed: make(map[netip.AddrPort]bool)}
	}
	n.inner[port].allowed[to] = true
	n.inner[port].allowed[netip.AddrPortFrom(to.Addr(), 0)] = true
	return netip.AddrPortFrom(n.address, port), true
}

func (n *NAT) freePort() uint16 {
	for {
		port := uint16(1024 + n.rng.IntN(60000))
		if n.inner[port] == nil {
			return port
		}
	}
}

// in translates a packet that comes from outside, and says for which host it is.
func (n *NAT) in(from netip.AddrPort, port uint16) (netip.AddrPort, bool) {
	m := n.inner[port]
	if m == nil {
		return netip.AddrPort{}, false
	}
	switch n.kind {
	case FullCone:
		return m.inside, true
	case AddressRestricted:
		return m.inside, m.allowed[netip.AddrPortFrom(from.Addr(), 0)]
	}
	return m.inside, m.allowed[from]
}
