package quality

import (
	"testing"

	"golang.org/x/sys/unix"
)

// needNamespaces skips a test where network namespaces and TUN cannot be had.
func needNamespaces(t testing.TB) {
	t.Helper()
	n, tun, err := openEnd(nearAddr)
	if err != nil {
		t.Skipf("needs root and /dev/net/tun: %v", err)
	}
	tun.Close()
	n.Close()
}

func TestDestination(t *testing.T) {
	udp := make([]byte, 28)
	udp[0], udp[9], udp[22], udp[23] = 0x45, unix.IPPROTO_UDP, 0x1e, 0x30
	foreign := append([]byte(nil), udp...)
	foreign[0] = 0x65
	for _, c := range []struct {
		packet   []byte
		protocol byte
		port     uint16
	}{
		{udp, unix.IPPROTO_UDP, 7728},
		{foreign, 0, 0},
		{udp[:22], 0, 0},
		{udp[:5], 0, 0},
		{nil, 0, 0},
	} {
		if protocol, port := destination(c.packet); protocol != c.protocol || port != c.port {
			t.Errorf("% x: protocol %d, port %d", c.packet, protocol, port)
		}
	}
}
