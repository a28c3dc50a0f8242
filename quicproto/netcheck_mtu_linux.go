package quicproto

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/pion/stun/v4"
	"golang.org/x/sys/unix"
)

// mtuSizes are the sizes of IP packets that are tried, in bytes: of Ethernet, PPPoE,
// tunnels, VPNs, and the least of IPv6.
var mtuSizes = []int{1500, 1492, 1480, 1460, 1440, 1420, 1400, 1380, 1360, 1320, 1280}

const (
	// mtuTries is how often each size is sent.
	mtuTries = 3
	// mtuWait is the patience for the answers.
	mtuWait = 700 * time.Millisecond
)

// pathMTU finds the largest packet that arrives at a server in one piece: it is
// answered. 0: none.
func pathMTU(ctx context.Context, server netip.AddrPort) int {
	d := net.Dialer{Control: forbidFragments}
	dialled, err := d.DialContext(ctx, "udp", server.String())
	if err != nil {
		return 0
	}
	defer dialled.Close()
	stop := context.AfterFunc(ctx, func() { dialled.Close() })
	defer stop()
	best := 0
	for range mtuTries {
		sizes := sendPadded(dialled, server.Addr(), best)
		best = max(best, largestAnswered(dialled, sizes))
		if best == mtuSizes[0] {
			break
		}
	}
	return best
}

// forbidFragments has packets leave whole or not at all, whatever was learnt about
// the path before.
func forbidFragments(network, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		if network == "udp4" {
			failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE)
		} else {
			failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_PROBE)
		}
	})
	if err != nil {
		return err
	}
	return failed
}

// mtuPadding is an attribute that means nothing: servers skip those from 0x8000 up
// which they do not know (RFC 8489, section 14). PADDING of RFC 5780 is not among
// them, and would have a server log that it does not know it.
const mtuPadding stun.AttrType = 0xfffe

// sendPadded sends a request of each size above one that has arrived already.
func sendPadded(c net.Conn, server netip.Addr, above int) map[stunID]int {
	headers := 20 + 8 // IPv4, UDP
	if server.Is6() {
		headers = 40 + 8
	}
	const stunHeaders = 20 + 4 // of the message and of the attribute
	sizes := make(map[stunID]int)
	for _, size := range mtuSizes {
		if size <= above {
			break
		}
		id := stun.NewTransactionID()
		padding := stun.RawAttribute{Type: mtuPadding, Value: make([]byte, size-headers-stunHeaders)}
		if _, err := c.Write(bindingRequest(id, padding)); err == nil { // else the interface is narrower
			sizes[id] = size
		}
	}
	return sizes
}

// largestAnswered is the largest of sizes that was answered within mtuWait.
func largestAnswered(c net.Conn, sizes map[stunID]int) (best int) {
	largest := 0
	for _, size := range sizes {
		largest = max(largest, size)
	}
	c.SetReadDeadline(time.Now().Add(mtuWait))
	var b [maxTURNMessage]byte
	for best < largest {
		n, err := c.Read(b[:])
		if err != nil {
			return best
		}
		if a, err := parseSTUNAnswer(b[:n]); err == nil {
			best = max(best, sizes[a.id])
		}
	}
	return best
}
