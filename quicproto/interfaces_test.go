package quicproto

import (
	"net"
	"net/netip"
	"slices"
	"testing"
)

func TestRankHosts(t *testing.T) {
	interfaces := []net.Interface{
		{Index: 1, Name: "lo", Flags: net.FlagUp | net.FlagLoopback},
		{Index: 2, Name: "docker0", Flags: net.FlagUp},
		{Index: 3, Name: "wlan0", Flags: net.FlagUp},
		{Index: 4, Name: "eth0"},
		{Index: 5, Name: "tun0", Flags: net.FlagUp},
	}
	var list []interfaceAddr
	for _, a := range []struct {
		iface               int
		prefix              string
		unusable, temporary bool
	}{
		{1, "127.0.0.1/8", false, false},
		{1, "::1/128", false, false},
		{2, "172.17.0.1/16", false, false},
		{3, "fe80::1/64", false, false},
		{3, "2001:db8::1/64", false, false},
		{3, "2001:db8::2/64", false, true},
		{3, "2001:db8::3/64", true, true},
		{3, "192.0.2.3/24", false, false},
		{4, "192.0.2.4/24", false, false},
		{5, "10.8.0.5/32", false, false},
		{9, "192.0.2.9/24", false, false},
	} {
		list = append(list, interfaceAddr{netip.MustParsePrefix(a.prefix), a.iface, a.unusable, a.temporary})
	}
	var got []string
	for _, h := range rankHosts(interfaces, list, addrs("10.8.0.5")) {
		got = append(got, h.ip.String())
	}
	want := []string{"10.8.0.5", "2001:db8::2", "2001:db8::1", "192.0.2.3", "172.17.0.1"}
	if !slices.Equal(got, want) {
		t.Errorf("hosts %v, want %v", got, want)
	}
	inContainer := rankHosts(interfaces[:2], list, nil)
	if len(inContainer) != 1 || inContainer[0].virtual {
		t.Errorf("in a container %v", inContainer)
	}
}

func TestBoundHosts(t *testing.T) {
	four := host{ip: netip.MustParseAddr("192.0.2.3"), iface: 3}
	six := host{ip: netip.MustParseAddr("2001:db8::1"), iface: 3}
	all := []host{six, four}
	for addr, want := range map[string][]host{
		"::":               {six, four},
		"0.0.0.0":          {four},
		"192.0.2.3":        {four},
		"::ffff:192.0.2.3": {four},
		"127.0.0.1":        {{ip: netip.MustParseAddr("127.0.0.1"), subnet: netip.MustParsePrefix("127.0.0.1/32")}},
	} {
		if got := boundHosts(netip.MustParseAddr(addr), all); !slices.Equal(got, want) {
			t.Errorf("bound to %s: %v", addr, got)
		}
	}
}

func TestHostAddrsMeanSomethingElsewhere(t *testing.T) {
	for _, ip := range HostAddrs() {
		if !ip.IsGlobalUnicast() || ip.Zone() != "" {
			t.Errorf("%v means nothing elsewhere", ip)
		}
	}
}

func TestOnLink(t *testing.T) {
	for ip, want := range map[string]bool{
		"127.0.0.1": true, "::1": true, "::ffff:127.0.0.2": true, "fe80::1%lo": true, "169.254.1.1": true,
		"198.51.100.9": false, "2001:db8:ffff::1": false, "224.0.0.1": false,
	} {
		if got := OnLink(netip.MustParseAddr(ip)); got != want {
			t.Errorf("OnLink(%s) is %v", ip, got)
		}
	}
	for _, ip := range HostAddrs() {
		if !OnLink(ip) {
			t.Errorf("%v, which is ours, is not on link", ip)
		}
	}
}
