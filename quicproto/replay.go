package quicproto

import (
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
)

// replayer keeps the latest packet that each lane put on the wire, to send it
// again while the path is dead. QUIC itself would stay silent for long after the
// path has come back: its probe timeout has doubled with each probe (RFC 9002
// section 6.2). A packet that was lost in the outage is news to the other side,
// which acknowledges it at once, and with that ACK QUIC goes on.
type replayer struct {
	mu   sync.Mutex
	kept map[netip.AddrPort]*keptPackets
}

// keptPackets are those to one peer, one for each connection ID.
type keptPackets struct {
	users int // connections
	slots [MaxLanes]keptPacket
	next  int // slot to give to a new connection ID
}

type keptPacket struct {
	id   uint32 // start of the destination connection ID
	data []byte
	oob  []byte // what the kernel was told besides: ECN, segment size
}

// maxKept bounds a packet that is kept, in bytes: more than one leaves in a batch
// only in the middle of a file.
const maxKept = 4096

// watch begins to keep packets to addr, forget ends it.
func (r *replayer) watch(addr net.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept == nil {
		r.kept = make(map[netip.AddrPort]*keptPackets)
	}
	key := addrPort(addr)
	if r.kept[key] == nil {
		r.kept[key] = new(keptPackets)
	}
	r.kept[key].users++
}

func (r *replayer) forget(addr net.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.kept[addrPort(addr)]
	if k == nil {
		return
	}
	if k.users--; k.users == 0 {
		delete(r.kept, addrPort(addr))
	}
}

// note keeps a QUIC packet that leaves. Those with a long header belong to
// handshakes, which have timers of their own.
func (r *replayer) note(b, oob []byte, addr net.Addr) {
	const idAt, idSize = 1, 4
	if len(b) < idAt+idSize || len(b) > maxKept || b[0]&0x80 != 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.kept[addrPort(addr)]
	if k == nil {
		return
	}
	s := k.slot(binary.BigEndian.Uint32(b[idAt:]))
	s.data = append(s.data[:0], b...)
	s.oob = append(s.oob[:0], oob...)
}

func (k *keptPackets) slot(id uint32) *keptPacket {
	for i := range k.slots {
		if s := &k.slots[i]; s.id == id && len(s.data) > 0 {
			return s
		}
	}
	s := &k.slots[k.next]
	k.next = (k.next + 1) % len(k.slots)
	s.id = id
	return s
}

// each calls send with every packet kept for addr.
func (r *replayer) each(addr net.Addr, send func(b, oob []byte)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.kept[addrPort(addr)]
	if k == nil {
		return
	}
	for i := range k.slots {
		if s := &k.slots[i]; len(s.data) > 0 {
			send(s.data, s.oob)
		}
	}
}

// addrPort is a key for an address; on a socket for both families, an IPv4 one may
// come in either form.
func addrPort(addr net.Addr) netip.AddrPort {
	if u, ok := addr.(*net.UDPAddr); ok {
		a := u.AddrPort()
		return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	}
	a, _ := netip.ParseAddrPort(addr.String())
	return a
}

// replaySocket is a socket whose packets are noted as they leave.
type replaySocket interface {
	net.PacketConn
	watch(addr net.Addr)
	forget(addr net.Addr)
	replay(addr net.Addr)
}

// newReplaySocket wraps socket. QUIC uses what a UDP socket can do besides (batches,
// ECN); the wrapper must not hide it.
func newReplaySocket(socket net.PacketConn, r *replayer) replaySocket {
	if udp, ok := socket.(*net.UDPConn); ok {
		return &replayUDP{udp, r}
	}
	return &replayPlain{socket, r}
}

type replayUDP struct {
	*net.UDPConn
	*replayer
}

func (s *replayUDP) WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	s.note(b, oob, addr)
	return s.UDPConn.WriteMsgUDP(b, oob, addr)
}

func (s *replayUDP) WriteTo(b []byte, addr net.Addr) (int, error) {
	s.note(b, nil, addr)
	return s.UDPConn.WriteTo(b, addr)
}

func (s *replayUDP) replay(addr net.Addr) {
	to, ok := addr.(*net.UDPAddr)
	if !ok {
		return
	}
	s.each(addr, func(b, oob []byte) { s.UDPConn.WriteMsgUDP(b, oob, to) })
}

type replayPlain struct {
	net.PacketConn
	*replayer
}

// SetReadBuffer is asked for by QUIC.
func (s *replayPlain) SetReadBuffer(n int) error {
	if b, ok := s.PacketConn.(interface{ SetReadBuffer(int) error }); ok {
		return b.SetReadBuffer(n)
	}
	return nil
}

func (s *replayPlain) WriteTo(b []byte, addr net.Addr) (int, error) {
	s.note(b, nil, addr)
	return s.PacketConn.WriteTo(b, addr)
}

func (s *replayPlain) replay(addr net.Addr) {
	s.each(addr, func(b, _ []byte) { s.PacketConn.WriteTo(b, addr) })
}
