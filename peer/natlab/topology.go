package natlab

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/skulltech/prattle/quicproto/quictest"
)

// Kind is how a router treats UDP (RFC 4787, and RFC 3489 for the old names): the
// mapping is which address the outside sees, the filter whose packets come in.
type Kind uint8

// The kinds of routers. All but NoNAT keep out IPv6 that nobody asked for, which
// none of them translates.
const (
	NoNAT             Kind = iota // public addresses and no filter
	FullCone                      // one port for all destinations; anybody may answer
	AddressRestricted             // one port; those addresses may answer that were sent to
	PortRestricted                // one port; those addresses and ports may answer that were sent to
	Symmetric                     // a port for each destination, which alone may answer
	Blocked                       // nothing but TCP to port 443
)

func (k Kind) String() string {
	return [...]string{"none", "full cone", "address-restricted", "port-restricted", "symmetric", "UDP blocked"}[k]
}

// Family is which internet protocols a router offers.
type Family uint8

// The families.
const (
	Dual Family = iota
	IPv4
	IPv6
)

func (f Family) String() string { return [...]string{"dual", "IPv4", "IPv6"}[f] }

func (f Family) has(g Family) bool { return f == Dual || f == g }

// Topology is what a Lab is built from.
type Topology struct {
	Routers []Router
	Hosts   []Host
	Names   map[string][]string // besides those of the hosts: each leads to all of these hosts
}

// Router joins a subnet of hosts to the internet.
type Router struct {
	Name     string
	Kind     Kind
	Via      string        // the router in whose subnet it is, for NAT behind NAT (IPv4 only); empty: on the internet
	Family   Family        // what its subnet speaks
	Hairpin  bool          // hosts reach each other by their outside addresses, too (not Symmetric, Blocked)
	Isolated bool          // hosts of the subnet do not reach each other directly, as in a café
	Link     quictest.Link // each direction of its line to the internet (not with Via)
}

// Host is a machine in the subnets of one or more routers.
type Host struct {
	Name string
	On   []string // routers; its devices are eth0, eth1... in this order, the first preferred
}

// check says what is wrong with a topology.
func (t Topology) check() error {
	for i, r := range t.Routers {
		switch via := t.router(r.Via); {
		case t.router(r.Name) != i:
			return fmt.Errorf("two routers are called %q", r.Name)
		case r.Via != "" && (via < 0 || via >= i):
			return fmt.Errorf("router %s is behind %s, which must come before it", r.Name, r.Via)
		case r.Via != "" && r.Family != IPv4:
			return fmt.Errorf("router %s is behind another, and so must be for IPv4", r.Name)
		case r.Hairpin && (r.Kind == NoNAT || r.Kind == Symmetric || r.Kind == Blocked):
			return fmt.Errorf("router %s, %v, cannot be of those that hairpin", r.Name, r.Kind)
		}
	}
	for _, h := range t.Hosts {
		for _, name := range h.On {
			if t.router(name) < 0 {
				return fmt.Errorf("host %s is on %s, which is no router", h.Name, name)
			}
		}
	}
	return nil
}

// router is the index of a router; -1 if there is none of that name.
func (t Topology) router(name string) int {
	return slices.IndexFunc(t.Routers, func(r Router) bool { return r.Name == name })
}

// carrier tells whether the i-th router has other routers in its subnet.
func (t Topology) carrier(i int) bool {
	return slices.ContainsFunc(t.Routers, func(r Router) bool { return r.Via == t.Routers[i].Name })
}

// subnet4 is the IPv4 subnet of the i-th router: of the documentation ranges
// (RFC 5737) if it is public, of the shared ones (RFC 6598) for those of other
// routers, else private.
func (t Topology) subnet4(i int) netip.Prefix {
	switch {
	case t.Routers[i].Kind == NoNAT:
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(publicSize * i)}), 28)
	case t.carrier(i):
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, byte(i), 0}), 24)
	}
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168, byte(i + 1), 0}), 24)
}

// publicSize is the number of addresses in a public subnet.
const publicSize = 16

// subnet6 is the IPv6 subnet of the i-th router (RFC 3849).
func subnet6(i int) netip.Prefix {
	a := netip.MustParseAddr("2001:db8::").As16()
	a[5] = byte(i + 1)
	return netip.PrefixFrom(netip.AddrFrom16(a), 64)
}

// outside4 is the address of the i-th router's line to the internet.
func outside4(i int) netip.Addr { return netip.AddrFrom4([4]byte{198, 51, 100, byte(i + 1)}) }

// Places in a subnet: the router's, and the first ones of hosts and of routers
// behind it.
const (
	routerPlace = 1
	hostPlace   = 2
	behindPlace = 100
)

// place is the address at a place in a subnet.
func place(p netip.Prefix, n int) netip.Addr {
	b := p.Addr().AsSlice()
	b[len(b)-1] += byte(n)
	a, _ := netip.AddrFromSlice(b)
	return a
}
