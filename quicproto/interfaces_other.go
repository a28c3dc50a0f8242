//go:build !linux

package quicproto

import (
	"net"
	"net/netip"
)

func interfaceAddrs(interfaces []net.Interface) ([]interfaceAddr, error) {
	var found []interfaceAddr
	for _, i := range interfaces {
		addrs, err := i.Addrs()
		if err != nil {
			continue // it has just gone
		}
		for _, a := range addrs {
			if prefix, err := netip.ParsePrefix(a.String()); err == nil {
				prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits())
				found = append(found, interfaceAddr{prefix: prefix, iface: i.Index})
			}
		}
	}
	return found, nil
}
