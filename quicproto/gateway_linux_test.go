package quicproto

import (
	"strings"
	"testing"
)

const kernelRoutes = "Iface\tDestination\tGateway \tFlags\n" +
	"eth0\t0000A8C0\t00000000\t0001\n" +
	"wlan0\t00000000\t0101A8C0\t0003\n" +
	"eth0\t00000000\tFE00A8C0\t0003\n"

func TestParseRoutes(t *testing.T) {
	for name, want := range map[string]string{"eth0": "192.168.0.254", "wlan0": "192.168.1.1", "tun0": "invalid IP"} {
		if got := parseRoutes(strings.NewReader(kernelRoutes), name); got.String() != want {
			t.Errorf("the gateway of %s is %v, want %s", name, got, want)
		}
	}
}

func FuzzParseRoutes(f *testing.F) {
	f.Add(kernelRoutes)
	f.Add("eth0 00000000 zz")
	f.Fuzz(func(t *testing.T, s string) { parseRoutes(strings.NewReader(s), "eth0") })
}
