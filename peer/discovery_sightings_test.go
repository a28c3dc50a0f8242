package peer

import (
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/skulltech/prattle/quicproto"
)

func TestAddressesFarAwayAreDropped(t *testing.T) {
	by := quicproto.LocalLink{Interface: net.Interface{Index: 3, Name: "eth0"}, Prefixes: []netip.Prefix{
		netip.MustParsePrefix("192.168.1.5/24"), netip.MustParsePrefix("2001:db8:1::5/64"), netip.MustParsePrefix("203.0.113.5/31"),
	}}
	lo := quicproto.LocalLink{Interface: net.Interface{Index: 1, Name: "lo", Flags: net.FlagLoopback}}
	for _, x := range []struct {
		ip   string
		by   quicproto.LocalLink
		want string
	}{
		{"192.168.1.9", by, "192.168.1.9"},
		{"192.168.1.255", by, ""},
		{"192.168.1.0", by, ""},
		{"10.9.9.9", by, "10.9.9.9"},
		{"203.0.113.4", by, "203.0.113.4"},
		{"203.0.113.6", by, ""},
		{"2001:db8:1::9", by, "2001:db8:1::9"},
		{"2001:db8:2::9", by, ""},
		{"fd00::1", by, "fd00::1"},
		{"fe80::9", by, "fe80::9%eth0"},
		{"169.254.3.4", by, "169.254.3.4"},
		{"127.0.0.1", by, ""},
		{"::1", by, ""},
		{"127.0.0.1", lo, "127.0.0.1"},
		{"0.0.0.0", by, ""},
		{"::", by, ""},
		{"224.0.0.251", by, ""},
		{"ff02::fb", by, ""},
		{"255.255.255.255", by, ""},
	} {
		addr := netip.AddrPortFrom(netip.MustParseAddr(x.ip), 7728)
		var want []netip.AddrPort
		if x.want != "" {
			want = append(want, netip.AddrPortFrom(netip.MustParseAddr(x.want), 7728))
		}
		if got := localAddrs([]netip.AddrPort{addr, addr}, x.by, []quicproto.LocalLink{by}); !slices.Equal(got, want) {
			t.Errorf("%s by %s: %v, want %v", x.ip, x.by.Name, got, want)
		}
	}
}

func TestLinkOfAPacket(t *testing.T) {
	links := []quicproto.LocalLink{
		{Interface: net.Interface{Index: 3, Name: "eth0"}, Prefixes: []netip.Prefix{netip.MustParsePrefix("192.168.1.5/24")}},
		{Interface: net.Interface{Index: 4, Name: "eth1"}, Prefixes: []netip.Prefix{netip.MustParsePrefix("192.168.2.5/24")}},
	}
	for _, x := range []struct {
		by   int
		from string
		want int
	}{
		{4, "192.168.1.9:5353", 4},
		{4, "192.168.1.9:1024", -1}, // a simple resolver
		{5, "192.168.1.9:5353", -1}, // another program joined there
		{0, "192.168.2.9:5353", 4},
		{0, "192.168.3.9:5353", -1},
		{0, "[fe80::1%eth0]:5353", 3},
		{0, "[fe80::1%wlan0]:5353", -1},
	} {
		if got := linkOf(x.by, netip.MustParseAddrPort(x.from), links); got != x.want {
			t.Errorf("by %d from %s: %d, want %d", x.by, x.from, got, x.want)
		}
	}
}
