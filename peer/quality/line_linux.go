package quality

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/skulltech/prattle/peer/netns"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// A line joins two network namespaces by a link in real time. It is what
// `make quality-net` makes calls over.
type line struct {
	near, far *end
	*netns.Line
}

// An end is one of the two networks that a line joins.
type end struct {
	*netns.Namespace
	addr netip.Addr
}

// Addresses at the two ends of every line. Each line has namespaces of its own,
// so they never collide.
var (
	nearAddr = netip.AddrFrom4([4]byte{10, 77, 28, 1})
	farAddr  = netip.AddrFrom4([4]byte{10, 77, 28, 2})
)

// openLine makes a line both of whose directions begin as l. watch is told of
// each packet from near to far; it must not block.
func openLine(l quictest.Link, seed uint64, watch func(quictest.Passage, []byte)) (_ *line, err error) {
	x := new(line)
	defer func() {
		if err != nil {
			x.close()
		}
	}()
	var near, far *netns.TUN
	if x.near, near, err = openEnd(nearAddr); err != nil {
		return nil, err
	}
	if x.far, far, err = openEnd(farAddr); err != nil {
		near.Close()
		return nil, err
	}
	if x.Line, err = netns.Join(near, far, l, seed, watch); err != nil {
		near.Close()
		far.Close()
		return nil, err
	}
	return x, nil
}

// openEnd makes a namespace with one device that leads out of it.
func openEnd(addr netip.Addr) (*end, *netns.TUN, error) {
	n, err := netns.Open()
	if err != nil {
		return nil, nil, err
	}
	tun, err := n.OpenTUN("prattle0", netip.PrefixFrom(addr, 24))
	if err != nil {
		n.Close()
		return nil, nil, err
	}
	return &end{n, addr}, tun, nil
}

// close ends the line. Nothing of it is left in the system.
func (x *line) close() error {
	var errs []error
	if x.Line != nil {
		errs = append(errs, x.Line.Close())
	}
	for _, e := range []*end{x.near, x.far} {
		if e != nil {
			e.Close()
		}
	}
	return errors.Join(errs...)
}

// minIPv4 is the length of the shortest IPv4 header, in bytes.
const minIPv4 = 20

// destination is the port that an IPv4 packet of UDP or TCP is for, and which of
// the two it is; zero for anything else.
func destination(packet []byte) (protocol byte, port uint16) {
	if len(packet) < minIPv4 || packet[0]>>4 != 4 {
		return 0, 0
	}
	header := int(packet[0]&15) * 4
	protocol = packet[9]
	if protocol != unix.IPPROTO_UDP && protocol != unix.IPPROTO_TCP || len(packet) < header+4 {
		return 0, 0
	}
	return protocol, binary.BigEndian.Uint16(packet[header+2:])
}
