package quicproto

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net/netip"
	"os"
	"strings"
)

// gatewayOf finds the router of the network that an address is on: that of the
// default route, of IPv4.
func gatewayOf(h host) netip.Addr {
	f, err := os.Open("/proc/net/route")
	if err != nil {
		return netip.Addr{}
	}
	defer f.Close()
	return parseRoutes(f, h.name)
}

// parseRoutes reads the table of routes as the kernel prints it: interface,
// destination, gateway...; addresses are words of the machine in hexadecimal.
func parseRoutes(r io.Reader, name string) netip.Addr {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 3 || f[0] != name || f[1] != "00000000" {
			continue
		}
		word, err := hex.DecodeString(f[2])
		if err != nil || len(word) != 4 {
			continue
		}
		var ip [4]byte
		binary.NativeEndian.PutUint32(ip[:], binary.BigEndian.Uint32(word))
		if ip != [4]byte{} {
			return netip.AddrFrom4(ip)
		}
	}
	return netip.Addr{}
}
