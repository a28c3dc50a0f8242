package quicproto

import (
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// miniupnpdScript makes a router of what miniupnpd is made for.
const miniupnpdScript = `ip addr add 192.168.77.1/24 dev lan &&
ip link add wan type veth peer name internet && ip link set wan up && ip addr add 5.6.7.8/24 dev wan &&
nft 'add table inet filter; add chain inet filter forward { type filter hook forward priority 0; };
add chain inet filter miniupnpd; add chain inet filter prerouting_miniupnpd; add chain inet filter postrouting_miniupnpd;' &&
cat >%[1]s <<END
ext_ifname=wan
listening_ip=lan
http_port=5000
enable_natpmp=yes
enable_upnp=yes
uuid=00000000-0000-0000-0000-000000000001
allow 1-65535 192.168.77.0/24 1-65535
END
exec miniupnpd -d -f %[1]s -P %[1]s.pid`

// TestARealRouterForwardsPorts has miniupnpd forward ports by both protocols.
func TestARealRouterForwardsPorts(t *testing.T) {
	for _, program := range []string{"miniupnpd", "nft"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s: %v", program, err)
		}
	}
	if !inNamespace(t) {
		return
	}
	withoutIPv6(t)
	config := filepath.Join(t.TempDir(), "miniupnpd.conf")
	startRouter(t, "wlan0", fmt.Sprintf(miniupnpdScript, config), "Listening for NAT-PMP")
	ip(t, "addr", "add", "192.168.77.2/24", "dev", "wlan0")
	ip(t, "route", "add", "default", "via", "192.168.77.1")
	link, err := net.InterfaceByName("wlan0")
	if err != nil {
		t.Fatal(err)
	}
	home := host{ip: netip.MustParseAddr("192.168.77.2"), iface: link.Index, name: "wlan0"}
	protocols := routerProtocols(home, 7000)
	if len(protocols) != 2 {
		t.Fatalf("protocols %v", protocols)
	}
	for _, p := range protocols {
		begin := time.Now()
		m, err := p.add(t.Context())
		if want := netip.MustParseAddrPort("5.6.7.8:7000"); err != nil || m.external != want || m.lifetime <= 0 {
			t.Errorf("%v: mapping %v for %v, %v; want %v", p, m.external, m.lifetime, err, want)
		}
		t.Logf("%v took %v", p, time.Since(begin))
		if again, err := p.add(t.Context()); err != nil || again.external != m.external {
			t.Errorf("%v: renewed %v, %v", p, again.external, err)
		}
		p.remove(t.Context())
	}
}
