package quicproto

import (
	"bytes"
	"net"
	"net/netip"
	"runtime"
	"sync"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// newRawSocket makes a raw socket of what the program opened.
func newRawSocket(conn net.PacketConn) rawSocket {
	switch c := conn.(type) {
	case *net.UDPConn:
		return newUDPSocket(c)
	case multihomed:
		return &multihomedSocket{c}
	}
	return &bareSocket{conn}
}

// udpSocket is a UDP socket that tells at which address of ours a packet came, and
// sends from the one that it is told (IP_PKTINFO, IPV6_PKTINFO of RFC 3542).
type udpSocket struct {
	*net.UDPConn
	v4      bool // for IPv4 alone; otherwise for both
	control bool // the system knows about packet information

	oob      [64]byte // what came with the packet read last
	last     []byte   // the part of oob that was parsed last, and what it says
	lastAt   local
	mu       sync.Mutex
	prepared map[local][]byte // for packets that leave
}

// maxPrepared bounds the locals remembered; a machine has a few.
const maxPrepared = 64

func newUDPSocket(c *net.UDPConn) *udpSocket {
	w := &udpSocket{UDPConn: c, prepared: make(map[local][]byte)}
	own, _ := c.LocalAddr().(*net.UDPAddr)
	w.v4 = own != nil && own.IP.To4() != nil
	// Where that is not implemented (Windows) the system chooses.
	if w.v4 {
		w.control = ipv4.NewPacketConn(c).SetControlMessage(ipv4.FlagDst|ipv4.FlagInterface, true) == nil
	} else {
		w.control = ipv6.NewPacketConn(c).SetControlMessage(ipv6.FlagDst|ipv6.FlagInterface, true) == nil
	}
	return w
}

func (w *udpSocket) read(b []byte) (int, netip.AddrPort, local, error) {
	if !w.control {
		n, from, err := w.ReadFromUDPAddrPort(b)
		return n, unmap(from), local{}, err
	}
	n, oobn, _, from, err := w.ReadMsgUDPAddrPort(b, w.oob[:])
	if err != nil {
		return 0, netip.AddrPort{}, local{}, err
	}
	if oob := w.oob[:oobn]; !bytes.Equal(oob, w.last) { // it seldom changes
		w.last, w.lastAt = append(w.last[:0], oob...), w.parse(oob)
	}
	return n, unmap(from), w.lastAt, nil
}

// parse reads at which address a packet came. What it cannot read is unknown.
func (w *udpSocket) parse(oob []byte) local {
	var dst net.IP
	var iface int
	if w.v4 {
		var m ipv4.ControlMessage
		if m.Parse(oob) == nil {
			dst, iface = m.Dst, m.IfIndex
		}
	} else {
		var m ipv6.ControlMessage
		if m.Parse(oob) == nil {
			dst, iface = m.Dst, m.IfIndex
		}
	}
	ip, ok := netip.AddrFromSlice(dst)
	if !ok || ip.IsMulticast() {
		return local{}
	}
	return local{ip: ip.Unmap(), iface: iface}
}

func (w *udpSocket) write(b []byte, from local, to netip.AddrPort) error {
	_, _, err := w.WriteMsgUDPAddrPort(b, w.controlFor(from, to.Addr()), to)
	return err
}

// controlFor is what the kernel is told besides so that a packet leaves from an
// address and by its interface. To this machine itself only the system knows the
// way.
func (w *udpSocket) controlFor(from local, to netip.Addr) []byte {
	if !w.control || !from.ip.IsValid() || from.ip.Is4() && !w.v4 && !mapsSource {
		return nil
	}
	from.relay = nil
	if to.IsLoopback() {
		from.iface = 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	oob, ok := w.prepared[from]
	if !ok {
		oob = marshalSource(from)
		if len(w.prepared) >= maxPrepared {
			clear(w.prepared)
		}
		w.prepared[from] = oob
	}
	return oob
}

// mapsSource says whether a socket for both families takes a source of IPv4: Linux
// does.
const mapsSource = runtime.GOOS == "linux"

func marshalSource(from local) []byte {
	src := from.ip.AsSlice()
	if from.ip.Is4() {
		return (&ipv4.ControlMessage{Src: src, IfIndex: from.iface}).Marshal()
	}
	return (&ipv6.ControlMessage{Src: src, IfIndex: from.iface}).Marshal()
}

func (w *udpSocket) pins() bool     { return w.control && (w.v4 || mapsSource) }
func (w *udpSocket) addr() net.Addr { return w.LocalAddr() }
func (w *udpSocket) close() error   { return w.UDPConn.Close() }
