package quicproto

import (
	"net"
	"net/netip"
	"slices"
	"testing"
)

func TestRankLinks(t *testing.T) {
	const carries = net.FlagUp | net.FlagRunning | net.FlagMulticast
	interfaces := []net.Interface{
		{Index: 1, Name: "lo", Flags: net.FlagUp | net.FlagRunning | net.FlagLoopback},
		{Index: 2, Name: "docker0", Flags: carries},
		{Index: 3, Name: "eth0", Flags: carries},
		{Index: 4, Name: "wlan0", Flags: carries},
		{Index: 5, Name: "eth1", Flags: net.FlagRunning | net.FlagMulticast},
		{Index: 8, Name: "eth2", Flags: net.FlagUp | net.FlagMulticast},
		{Index: 6, Name: "wg0", Flags: net.FlagUp | net.FlagRunning},
		{Index: 7, Name: "usb0", Flags: carries},
	}
	var list []interfaceAddr
	for _, a := range []struct {
		iface    int
		prefix   string
		unusable bool
	}{
		{1, "127.0.0.1/8", false},
		{2, "172.17.0.1/16", false},
		{3, "fe80::1/64", false},
		{4, "192.0.2.4/24", false},
		{4, "fe80::2/64", true},
		{5, "192.0.2.5/24", false},
		{6, "10.8.0.5/32", false},
		{7, "fe80::3/64", true},
		{8, "192.0.2.8/24", false},
	} {
		list = append(list, interfaceAddr{prefix: netip.MustParsePrefix(a.prefix), iface: a.iface, unusable: a.unusable})
	}
	links := rankLinks(interfaces, list)
	var names []string
	for _, l := range links {
		names = append(names, l.Name)
	}
	if want := []string{"wlan0", "eth0", "docker0", "lo"}; !slices.Equal(names, want) {
		t.Fatalf("links %v, want %v", names, want)
	}
	if want := []netip.Prefix{netip.MustParsePrefix("192.0.2.4/24")}; !slices.Equal(links[0].Prefixes, want) {
		t.Errorf("addresses %v, want %v", links[0].Prefixes, want)
	}
}
