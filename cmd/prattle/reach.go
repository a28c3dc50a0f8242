package main

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// maxReach bounds the addresses that are put into a ticket by themselves.
const maxReach = 6

// virtualInterfaces begin the names of interfaces that lead to containers and
// virtual machines on this host, and to nobody who could call.
var virtualInterfaces = []string{"docker", "br-", "veth", "virbr", "vmnet", "cni", "flannel", "lxc", "lxd"}

// reachableAt lists HOST:PORT under which others may reach a socket that listens
// on listen: that address, or if it is none in particular those of this machine,
// first the ones from which it speaks to the Internet.
func reachableAt(listen netip.AddrPort) []string {
	if ip := listen.Addr().Unmap(); ip.IsValid() && !ip.IsUnspecified() {
		return []string{netip.AddrPortFrom(ip, listen.Port()).String()}
	}
	ips := append(speakingAddrs(), interfaceAddrs()...)
	var found []string
	for _, ip := range ips {
		addr := net.JoinHostPort(ip.String(), strconv.Itoa(int(listen.Port())))
		if !slices.Contains(found, addr) && len(found) < maxReach {
			found = append(found, addr)
		}
	}
	return found
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
		if local, err := netip.ParseAddrPort(c.LocalAddr().String()); err == nil && useful(local.Addr()) {
			found = append(found, local.Addr().Unmap())
		}
		c.Close()
	}
	return found
}

func interfaceAddrs() []netip.Addr {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	var found []netip.Addr
	for _, i := range interfaces {
		virtual := slices.ContainsFunc(virtualInterfaces, func(prefix string) bool { return strings.HasPrefix(i.Name, prefix) })
		if i.Flags&net.FlagUp == 0 || virtual {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addrs {
			if prefix, err := netip.ParsePrefix(a.String()); err == nil && useful(prefix.Addr()) {
				found = append(found, prefix.Addr().Unmap())
			}
		}
	}
	return found
}

// useful says whether an address means something on another machine.
func useful(ip netip.Addr) bool { return ip.IsGlobalUnicast() && ip.Zone() == "" }
