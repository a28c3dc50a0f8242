package main

import (
	"net/netip"
	"slices"

	"github.com/skulltech/prattle/quicproto"
)

// maxReach bounds the addresses that are put into a ticket by themselves.
const maxReach = 6

// reachableAt lists HOST:PORT under which others may reach a socket that listens
// on listen: that address, or if it is none in particular those of this machine,
// first the ones from which it speaks to the Internet.
func reachableAt(listen netip.AddrPort) []string {
	if ip := listen.Addr().Unmap(); ip.IsValid() && !ip.IsUnspecified() {
		return []string{netip.AddrPortFrom(ip, listen.Port()).String()}
	}
	var found []string
	for _, ip := range quicproto.HostAddrs() {
		addr := netip.AddrPortFrom(ip, listen.Port()).String()
		if !slices.Contains(found, addr) && len(found) < maxReach {
			found = append(found, addr)
		}
	}
	return found
}
