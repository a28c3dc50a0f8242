package relay

import (
	"net"
	"net/netip"
)

const (
	minPort   = 1024 // below are the system's services, which nobody's call comes from
	httpsPort = 443  // but some answer calls there, where nothing else passes
)

// policy says where packets may go.
type policy struct {
	allow, deny []netip.Prefix
	own         map[netip.Addr]bool // of this machine, and what they are mapped to
}

// broadcast is never a peer, even where all of IPv4 is allowed.
var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// verdict is what policy says of a destination.
type verdict uint8

const (
	refused verdict = iota
	allowed
	ownAllocation // allowed if an allocation of ours is there
)

// address judges an address when no port is known yet. IPv4 must come as such: in
// an IPv6 form it is refused.
func (p *policy) address(a netip.Addr) verdict {
	switch {
	case !a.IsValid() || a.Zone() != "" || a.Is4In6() || a.IsUnspecified() || a.IsMulticast() || a == broadcast:
		return refused
	case contains(p.deny, a):
		return refused
	case contains(p.allow, a):
		return allowed
	case p.own[a]:
		return ownAllocation
	case a.Is4() && contains(specialIPv4, a):
		return refused
	case a.Is6() && (!globalIPv6.Contains(a) || contains(specialIPv6, a) || isISATAP(a)):
		return refused
	}
	return allowed
}

// destination judges an address and a port.
func (p *policy) destination(to netip.AddrPort) verdict {
	if to.Port() < minPort && to.Port() != httpsPort {
		return refused
	}
	return p.address(to.Addr())
}

// contains says whether one of networks contains a. IPv4 and IPv6 do not match
// each other, whatever the form.
func contains(networks []netip.Prefix, a netip.Addr) bool {
	for _, n := range networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// specialIPv4 is what is no part of the public Internet (IANA's special-purpose
// registry, RFC 6890), and what reaches more than one host.
var specialIPv4 = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // shared: CGNAT
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local, and the metadata services of clouds
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments, DS-Lite
	"192.0.2.0/24",    // documentation
	"192.31.196.0/24", // AS112
	"192.52.193.0/24", // automatic multicast tunnels
	"192.88.99.0/24",  // 6to4 relays
	"192.168.0.0/16",  // private
	"192.175.48.0/24", // AS112
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, and broadcast
)

// globalIPv6 is all that has been given out for the public Internet. Loopback,
// link-local, unique local, multicast, mapped, compatible, translated and NAT64
// addresses are outside.
var globalIPv6 = netip.MustParsePrefix("2000::/3")

// specialIPv6 is what is special inside globalIPv6. Each form that carries an IPv4
// address is refused whatever that address is: no peer has such a candidate.
var specialIPv6 = prefixes(
	"2001::/23",     // protocol assignments, Teredo, benchmarks, ORCHID
	"2001:db8::/32", // documentation
	"2002::/16",     // 6to4
	"3ffe::/16",     // the 6bone, given back
	"3fff::/20",     // documentation
)

// isISATAP says whether a carries an IPv4 address in its interface identifier
// (RFC 5214, section 6.1).
func isISATAP(a netip.Addr) bool {
	b := a.As16()
	return b[8]&^0x02 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}

func prefixes(s ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(s))
	for i := range s {
		out[i] = netip.MustParsePrefix(s[i])
	}
	return out
}

// newPolicy takes the rules of cfg, and for its own the addresses that this
// machine has now.
func newPolicy(cfg Config) (*policy, error) {
	p := &policy{allow: unmapped(cfg.Allow), deny: unmapped(cfg.Deny), own: map[netip.Addr]bool{}}
	for _, a := range cfg.Relay {
		p.own[a.Local] = true
		if a.Public.IsValid() {
			p.own[a.Public] = true
		}
	}
	addrs, err := interfaceAddrs()
	for _, a := range addrs {
		p.own[a] = true
	}
	return p, err
}

// unmapped turns networks of IPv4-mapped addresses into IPv4 networks.
func unmapped(networks []netip.Prefix) []netip.Prefix {
	out := make([]netip.Prefix, len(networks))
	for i, n := range networks {
		if n.Addr().Is4In6() && n.Bits() >= 96 {
			n = netip.PrefixFrom(n.Addr().Unmap(), n.Bits()-96)
		}
		out[i] = n.Masked()
	}
	return out
}

// interfaceAddrs returns the addresses of this machine but the link-local ones.
func interfaceAddrs() ([]netip.Addr, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var out []netip.Addr
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(n.IP); ok && !ip.Unmap().IsLinkLocalUnicast() {
				out = append(out, ip.Unmap())
			}
		}
	}
	return out, nil
}
