package quicproto

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// host is an address of a network interface of this machine.
type host struct {
	ip      netip.Addr   // unmapped, no zone
	subnet  netip.Prefix // that it is on
	iface   int          // index of the interface
	name    string       // of the interface
	virtual bool         // leads to containers or virtual machines on this host
	brief   bool         // a temporary address, which is meant for speaking
}

// interfaceAddr is what the system says of an address.
type interfaceAddr struct {
	prefix    netip.Prefix
	iface     int
	unusable  bool // not yet known to be unique (RFC 4862), or to be used no more
	temporary bool // changes every day (RFC 8981)
}

// maxHosts bounds the addresses of this machine that are made use of: more than
// four networks in both families are nobody's laptop.
const maxHosts = 8

// virtualInterfaces begin the names of interfaces that lead to containers and
// virtual machines on this host, and to nobody who could call.
var virtualInterfaces = []string{"docker", "br-", "veth", "virbr", "vmnet", "cni", "flannel", "lxc", "lxd", "podman"}

// HostAddrs lists the addresses at which others may reach this machine, first
// those from which it speaks to the Internet. Loopback and link-local ones mean
// nothing elsewhere and are left out, and so are those of virtual interfaces.
func HostAddrs() []netip.Addr {
	list, err := hosts()
	if err != nil {
		return nil
	}
	var found []netip.Addr
	for _, h := range list {
		if !h.virtual {
			found = append(found, h.ip)
		}
	}
	return found
}

// hosts lists the addresses of this machine, best first, at most maxHosts: those
// from which the system speaks to the Internet, then others, at the end those of
// virtual interfaces.
func hosts() ([]host, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list network interfaces: %w", err)
	}
	addrs, err := interfaceAddrs(interfaces)
	if err != nil {
		return nil, fmt.Errorf("list network addresses: %w", err)
	}
	return rankHosts(interfaces, addrs, speakingAddrs()), nil
}

func rankHosts(interfaces []net.Interface, addrs []interfaceAddr, speaking []netip.Addr) []host {
	var found []host
	for _, a := range addrs {
		i := slices.IndexFunc(interfaces, func(i net.Interface) bool { return i.Index == a.iface })
		if i < 0 || interfaces[i].Flags&net.FlagUp == 0 || a.unusable || !useful(a.prefix.Addr()) {
			continue
		}
		name := interfaces[i].Name
		found = append(found, host{ip: a.prefix.Addr(), subnet: a.prefix.Masked(), iface: a.iface, name: name, virtual: isVirtual(name), brief: a.temporary})
	}
	if !slices.ContainsFunc(found, func(h host) bool { return !h.virtual }) {
		// In a container its own interface looks like one, and is all there is.
		for i := range found {
			found[i].virtual = false
		}
	}
	slices.SortStableFunc(found, func(a, b host) int {
		return cmp.Compare(a.rank(speaking), b.rank(speaking))
	})
	return found[:min(len(found), maxHosts)]
}

// rank is lower for better addresses.
func (h host) rank(speaking []netip.Addr) int {
	switch i := slices.Index(speaking, h.ip); {
	case i >= 0:
		return i
	case h.virtual:
		return len(speaking) + 2
	case h.brief:
		return len(speaking)
	}
	return len(speaking) + 1
}

// speakingAddrs finds the source addresses that the system would use towards the
// Internet. A UDP socket that connects sends nothing.
func speakingAddrs() []netip.Addr {
	var found []netip.Addr
	for _, far := range []string{"192.0.2.1:9", "[2001:db8::1]:9"} { // for documentation: RFC 5737, RFC 3849
		c, err := net.Dial("udp", far)
		if err != nil {
			continue
		}
		if addr, err := netip.ParseAddrPort(c.LocalAddr().String()); err == nil && useful(addr.Addr()) {
			found = append(found, addr.Addr().Unmap())
		}
		c.Close()
	}
	return found
}

// useful says whether an address means something on another machine.
func useful(ip netip.Addr) bool { return ip.IsGlobalUnicast() && ip.Zone() == "" }

// boundHosts lists the addresses by which a socket bound to addr can speak: all of
// this machine's for a wildcard, of IPv4 alone for 0.0.0.0, else just that one,
// even if it is loopback.
func boundHosts(addr netip.Addr, all []host) []host {
	if !addr.IsUnspecified() {
		addr = addr.Unmap().WithZone("")
		if i := slices.IndexFunc(all, func(h host) bool { return h.ip == addr }); i >= 0 {
			return all[i : i+1]
		}
		return []host{{ip: addr, subnet: netip.PrefixFrom(addr, addr.BitLen())}}
	}
	if addr.Is4() {
		return slices.DeleteFunc(slices.Clone(all), func(h host) bool { return !h.ip.Is4() })
	}
	return all
}

// isOwn says whether ip is an address of this machine.
func isOwn(ip netip.Addr) bool {
	all, err := hosts()
	return err == nil && slices.ContainsFunc(all, func(h host) bool { return h.ip == ip.Unmap() })
}

// OnLink says whether a packet to ip stays on this machine or on a subnet that it
// is on, and passes no router.
func OnLink(ip netip.Addr) bool {
	ip = ip.Unmap()
	if ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return true
	}
	all, err := hosts()
	return err == nil && slices.ContainsFunc(all, func(h host) bool { return h.subnet.Contains(ip.WithZone("")) })
}
