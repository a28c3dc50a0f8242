package main

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/skulltech/prattle/quicproto/relay"
)

// The documentation's addresses (RFC 5737, RFC 3849) stand for the Internet: nothing
// is sent to them to find out from where it would be.
var internet = []string{"192.0.2.1:9", "[2001:db8::1]:9"}

// outward are the addresses of this machine from which packets go to the Internet, at
// most one of a family.
func outward() (addrs []netip.Addr) {
	for _, far := range internet {
		c, err := net.Dial("udp", far)
		if err != nil {
			continue // this machine has no way there
		}
		if a, ok := c.LocalAddr().(*net.UDPAddr); ok {
			addrs = append(addrs, a.AddrPort().Addr().Unmap())
		}
		c.Close()
	}
	return addrs
}

// publicHost is what clients call this machine: as the operator says, or the address
// on which it listens, or the one that it has on the way out.
func publicHost(s *settings, listen netip.Addr) string {
	switch out := outward(); {
	case s.public != "":
		return s.public
	case !listen.IsUnspecified():
		return listen.Unmap().String()
	case len(out) > 0:
		return out[0].String()
	}
	return "localhost"
}

// parseListen reads [HOST]:PORT, HOST being an address of this machine. Without HOST
// it is all addresses, in each family that the machine has.
func parseListen(flag, text string) ([]netip.AddrPort, error) {
	bad := func() ([]netip.AddrPort, error) {
		return nil, &usageError{fmt.Errorf("--%s %s: not of the form [IP]:PORT", flag, text), "for instance :3478, or 192.0.2.7:3478, or [2001:db8::7]:3478"}
	}
	host, portText, err := net.SplitHostPort(text)
	if err != nil {
		return bad()
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return bad()
	}
	if host != "" {
		ip, err := netip.ParseAddr(host)
		if err != nil {
			return bad()
		}
		return []netip.AddrPort{netip.AddrPortFrom(ip, uint16(port))}, nil
	}
	addrs := []netip.AddrPort{netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(port))}
	if hasIPv6() {
		addrs = append(addrs, netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(port)))
	}
	return addrs, nil
}

// hasIPv6 says whether this machine has an IPv6 address, loopback's included.
func hasIPv6() bool {
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() == nil && !n.IP.IsLinkLocalUnicast() {
			return true
		}
	}
	return false
}

// parseRelayIPs reads IP or LOCAL=PUBLIC, each; without any it takes the addresses on
// the way out.
func parseRelayIPs(texts []string) (addrs []relay.Address, err error) {
	for _, text := range texts {
		local, public, mapped := strings.Cut(text, "=")
		var a relay.Address
		if a.Local, err = netip.ParseAddr(local); err == nil && mapped {
			a.Public, err = netip.ParseAddr(public)
		}
		if err != nil {
			return nil, &usageError{fmt.Errorf("--relay-ip %s: %w", text, err), "an address of this machine; LOCAL=PUBLIC if others know it by another"}
		}
		addrs = append(addrs, a)
	}
	if len(texts) == 0 {
		for _, ip := range outward() {
			addrs = append(addrs, relay.Address{Local: ip})
		}
	}
	return addrs, nil
}

// parsePorts reads FIRST-LAST.
func parsePorts(text string) (r relay.PortRange, err error) {
	first, last, _ := strings.Cut(text, "-")
	a, err1 := strconv.ParseUint(first, 10, 16)
	b, err2 := strconv.ParseUint(last, 10, 16)
	if err1 != nil || err2 != nil || a > b {
		return r, &usageError{fmt.Errorf("--relay-ports %s: not of the form FIRST-LAST", text), "for instance 49152-65535"}
	}
	return relay.PortRange{First: uint16(a), Last: uint16(b)}, nil
}

func parseNetworks(flag string, texts []string) (networks []netip.Prefix, err error) {
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, &usageError{fmt.Errorf("--%s %s: not a network", flag, text), "for instance 10.0.0.0/8"}
		}
		networks = append(networks, p)
	}
	return networks, nil
}
