package quicproto

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// LocalLink is a network that this machine is on, as one of its interfaces leads to
// it, where a multicast packet reaches everybody.
type LocalLink struct {
	net.Interface
	Prefixes []netip.Prefix // our addresses, each with the length of its subnet; no zones
}

// LocalLinks lists the interfaces by which others could be found: those that are up,
// carry multicast and have an address that can be used, which may be link-local.
// Those that lead to others than containers on this host come first. The loopback
// interface is the last, and listed too.
func LocalLinks() ([]LocalLink, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list network interfaces: %w", err)
	}
	addrs, err := interfaceAddrs(interfaces)
	if err != nil {
		return nil, fmt.Errorf("list network addresses: %w", err)
	}
	return rankLinks(interfaces, addrs), nil
}

func rankLinks(interfaces []net.Interface, addrs []interfaceAddr) []LocalLink {
	var found []LocalLink
	for _, i := range interfaces {
		l := LocalLink{Interface: i}
		for _, a := range addrs {
			if a.iface == i.Index && !a.unusable {
				l.Prefixes = append(l.Prefixes, a.prefix)
			}
		}
		const on = net.FlagUp | net.FlagRunning // the latter: a cable is plugged in
		if i.Flags&on == on && i.Flags&(net.FlagMulticast|net.FlagLoopback) != 0 && len(l.Prefixes) > 0 {
			found = append(found, l)
		}
	}
	slices.SortStableFunc(found, func(a, b LocalLink) int { return cmp.Compare(a.rank(), b.rank()) })
	return found
}

// rank is lower for links that are more likely to lead to somebody.
func (l LocalLink) rank() int {
	switch {
	case l.Flags&net.FlagLoopback != 0:
		return 3
	case isVirtual(l.Name):
		return 2
	case !slices.ContainsFunc(l.Prefixes, func(p netip.Prefix) bool { return useful(p.Addr()) }):
		return 1
	}
	return 0
}

// isVirtual says whether an interface leads to containers or virtual machines on this
// host, by its name.
func isVirtual(name string) bool {
	return slices.ContainsFunc(virtualInterfaces, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// WatchNetwork calls changed whenever addresses or routes of this machine may have
// changed, until ctx ends.
func WatchNetwork(ctx context.Context, changed func()) { watchNetwork(ctx, changed) }
