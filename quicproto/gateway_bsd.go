//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package quicproto

import (
	"net/netip"

	"golang.org/x/net/route"
	"golang.org/x/sys/unix"
)

// gatewayOf finds the router of the network that an address is on: that of the
// default route, of IPv4.
func gatewayOf(h host) netip.Addr {
	table, err := route.FetchRIB(unix.AF_INET, route.RIBTypeRoute, 0)
	if err != nil {
		return netip.Addr{}
	}
	messages, err := route.ParseRIB(route.RIBTypeRoute, table)
	if err != nil {
		return netip.Addr{}
	}
	for _, m := range messages {
		r, ok := m.(*route.RouteMessage)
		if !ok || r.Index != h.iface || r.Flags&unix.RTF_GATEWAY == 0 || len(r.Addrs) <= unix.RTAX_GATEWAY {
			continue
		}
		to, _ := r.Addrs[unix.RTAX_DST].(*route.Inet4Addr)
		by, _ := r.Addrs[unix.RTAX_GATEWAY].(*route.Inet4Addr)
		if to != nil && by != nil && to.IP == [4]byte{} {
			return netip.AddrFrom4(by.IP)
		}
	}
	return netip.Addr{}
}
