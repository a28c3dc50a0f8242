package relay

import (
	"net/netip"
	"testing"
)

// forbidden are addresses that no packet may be relayed to, one for each way in
// which a host that is none of the public Internet can be written.
var forbidden = []struct{ name, addr string }{
	{"unspecified", "0.0.0.0"},
	{"this network", "0.1.2.3"},
	{"loopback", "127.0.0.1"},
	{"loopback, not the first", "127.8.9.10"},
	{"end of loopback", "127.255.255.255"},
	{"private 10/8", "10.0.0.1"},
	{"private 172.16/12", "172.16.0.1"},
	{"end of private 172.16/12", "172.31.255.254"},
	{"private 192.168/16", "192.168.1.1"},
	{"CGNAT", "100.64.0.1"},
	{"end of CGNAT", "100.127.255.254"},
	{"link-local", "169.254.1.1"},
	{"cloud metadata", "169.254.169.254"},
	{"protocol assignments", "192.0.0.8"},
	{"documentation 1", "192.0.2.1"},
	{"documentation 2", "198.51.100.7"},
	{"documentation 3", "203.0.113.9"},
	{"6to4 relay", "192.88.99.1"},
	{"benchmarks", "198.19.0.1"},
	{"multicast", "224.0.0.1"},
	{"multicast, local", "239.255.255.250"},
	{"reserved", "240.0.0.1"},
	{"broadcast", "255.255.255.255"},

	{"IPv6 unspecified", "::"},
	{"IPv6 loopback", "::1"},
	{"IPv6 link-local", "fe80::1"},
	{"IPv6 site-local", "fec0::1"},
	{"unique local fc", "fc00::1"},
	{"unique local fd", "fd12:3456::1"},
	{"IPv6 multicast, interface", "ff01::1"},
	{"IPv6 multicast, link", "ff02::1"},
	{"IPv6 multicast, global", "ff0e::1"},
	{"discard only", "100::1"},
	{"IPv6 documentation", "2001:db8::1"},
	{"IPv6 documentation, new", "3fff::1"},
	{"IPv6 benchmarks", "2001:2::1"},
	{"ORCHID", "2001:20::1"},
	{"6bone", "3ffe::1"},
	{"segment routing", "5f00::1"},
	{"not given out", "4000::1"},

	{"mapped loopback", "::ffff:127.0.0.1"},
	{"mapped private", "::ffff:10.0.0.1"},
	{"mapped link-local", "::ffff:169.254.169.254"},
	{"mapped unspecified", "::ffff:0.0.0.0"},
	{"mapped broadcast", "::ffff:255.255.255.255"},
	{"mapped public", "::ffff:8.8.8.8"},
	{"compatible loopback", "::127.0.0.1"},
	{"compatible private", "::192.168.0.1"},
	{"translated loopback (SIIT)", "::ffff:0:127.0.0.1"},
	{"NAT64 loopback", "64:ff9b::127.0.0.1"},
	{"NAT64 private", "64:ff9b::10.0.0.1"},
	{"NAT64 of a network", "64:ff9b:1::10.0.0.1"},
	{"6to4 loopback", "2002:7f00:1::1"},
	{"6to4 private", "2002:c0a8:101::1"},
	{"Teredo", "2001::7f00:1"},
	{"Teredo, client at a private address", "2001:0:4136:e378:8000:63bf:3f57:fefe"},
	{"ISATAP loopback", "2a00:1:2:3::5efe:127.0.0.1"},
	{"ISATAP private, unique", "2a00:1:2:3:200:5efe:10.0.0.1"},
}

// public are addresses that packets may go to.
var public = []string{"8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "223.255.255.1",
	"2606:4700::1111", "2a00:1450::1", "2001:200::1", "2400:cb00::1"}

func TestPolicyRefusesForbidden(t *testing.T) {
	p := &policy{own: map[netip.Addr]bool{}}
	for _, f := range forbidden {
		if v := p.address(netip.MustParseAddr(f.addr)); v != refused {
			t.Errorf("%s, %s: verdict %d", f.name, f.addr, v)
		}
	}
	for _, addr := range []netip.Addr{{}, netip.MustParseAddr("2a00:1450::1%eth0")} {
		if p.address(addr) != refused {
			t.Errorf("%q was not refused", addr)
		}
	}
	for _, addr := range public {
		if v := p.address(netip.MustParseAddr(addr)); v != allowed {
			t.Errorf("%s: verdict %d", addr, v)
		}
	}
}

func TestPolicyNetworks(t *testing.T) {
	own := netip.MustParseAddr("9.9.9.9")
	p := &policy{
		allow: prefixes("10.0.0.0/8", "9.9.9.0/28", "fd00::/8"),
		deny:  prefixes("10.1.0.0/16", "8.8.8.0/24"),
		own:   map[netip.Addr]bool{own: true, netip.MustParseAddr("9.9.9.200"): true},
	}
	for addr, want := range map[string]verdict{
		"10.0.0.1:5000":             allowed,
		"10.1.0.1:5000":             refused,
		"[::ffff:10.0.0.1]:5000":    refused,
		"192.168.0.1:5000":          refused,
		"8.8.8.8:5000":              refused,
		"8.8.4.4:5000":              allowed,
		"8.8.4.4:443":               allowed,
		"8.8.4.4:53":                refused,
		"8.8.4.4:1023":              refused,
		"8.8.4.4:1024":              allowed,
		"8.8.4.4:0":                 refused,
		"9.9.9.200:5000":            ownAllocation,
		"9.9.9.9:5000":              allowed,
		"[fd00::1]:5000":            allowed,
		"[fc00::1]:5000":            refused,
		"[2606:4700::1111]:5000":    allowed,
		"[2606:4700::1111]:22":      refused,
		"255.255.255.255:5000":      refused,
		"[::ffff:10.0.0.1%x]:5000":  refused,
		"[64:ff9b::8.8.4.4]:5000":   refused,
		"[2002:808:404::1]:5000":    refused,
		"[::ffff:0:8.8.4.4]:5000":   refused,
		"[2606:4700::1111%x]:50000": refused,
	} {
		if v := p.destination(netip.MustParseAddrPort(addr)); v != want {
			t.Errorf("%s: verdict %d, want %d", addr, v, want)
		}
	}
}

func TestPolicyKnowsThisMachine(t *testing.T) {
	c := testConfig()
	c.Relay[0].Public = netip.MustParseAddr("9.8.7.6")
	p, err := newPolicy(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range []netip.Addr{loopback, c.Relay[0].Public} {
		if v := p.address(addr); v != ownAllocation {
			t.Errorf("%v: verdict %d", addr, v)
		}
	}
}

// What a policy without exceptions allows is never one of the addresses that name
// a host by an IPv4 address inside an IPv6 one.
func FuzzPolicy(f *testing.F) {
	for _, c := range forbidden {
		f.Add(netip.MustParseAddr(c.addr).AsSlice())
	}
	for _, addr := range public {
		f.Add(netip.MustParseAddr(addr).AsSlice())
	}
	p := &policy{own: map[netip.Addr]bool{}}
	f.Fuzz(func(t *testing.T, b []byte) {
		addr, _ := netip.AddrFromSlice(b)
		if p.address(addr) != allowed {
			return
		}
		if !addr.IsGlobalUnicast() || addr.IsPrivate() || addr.IsLoopback() || addr.Is4In6() {
			t.Errorf("%v is allowed", addr)
		}
		if addr.Is6() && addr.As16()[0]&0xe0 != 0x20 {
			t.Errorf("%v is allowed, but not global", addr)
		}
	})
}
