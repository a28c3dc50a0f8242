package relay

import (
	"net"
	"net/netip"
	"time"
)

// udpBuffer is what the sockets of fronts ask the system for, in bytes: 50 ms of a
// gigabit.
const udpBuffer = 6 << 20

// udpFront is a UDP socket to which clients send. Pion reads from it what is not
// ChannelData.
type udpFront struct {
	*front
	*socket

	// What came last, and how much of it pion has had. Pion's goroutine alone
	// knows these.
	batch *batch
	next  int
	from  [batchSize]*allocation
	on    [batchSize]*channel
	data  [batchSize][]byte
}

func newUDPFront(s *Server, socket *socket) *udpFront {
	f := &udpFront{front: newFront(s, false), socket: socket}
	f.link = f
	f.onArrival(f.handle)
	return f
}

// ReadFrom returns the next message for pion.
func (f *udpFront) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		if f.batch == nil {
			b, err := f.receive()
			if err != nil {
				return 0, nil, err
			}
			f.batch, f.next = b, 0
		}
		for f.next < f.batch.n {
			i := f.next
			f.next++
			if message := f.batch.packet(i); len(message) > 0 {
				n := copy(p, message)
				f.handOver(f.batch.from[i], p[:n])
				return n, net.UDPAddrFromAddrPort(f.batch.from[i]), nil
			}
		}
		f.batch.release()
		f.batch = nil
	}
}

// handle sends on what belongs to channels. It leaves in b what is pion's, and
// empties the rest.
func (f *udpFront) handle(b *batch) (rest bool) {
	rest = f.sort(b)
	f.toPeers(b)
	return rest
}

// sort finds out to which channel each datagram of b belongs.
func (f *udpFront) sort(b *batch) (rest bool) {
	f.mu.Lock()
	for i := range b.n {
		f.from[i] = f.clients[b.from[i]]
	}
	f.mu.Unlock()
	now, s := time.Now(), f.server.settings.Load()
	for i := range b.n {
		if f.on[i] = nil; b.size[i] == 0 {
			continue
		}
		var pass bool
		f.on[i], f.data[i], pass = f.intake(now, s, f.from[i], b.from[i], b.packet(i))
		if rest = rest || pass; !pass {
			b.size[i] = 0
		}
	}
	return rest
}

// toPeers sends on what belongs to channels, all of a channel together.
func (f *udpFront) toPeers(b *batch) {
	for i := range b.n {
		c := f.on[i]
		if c == nil {
			continue
		}
		b.messages = b.messages[:0]
		for j := i; j < b.n; j++ {
			if f.on[j] == c {
				b.messages = append(b.messages, f.data[j])
				f.on[j] = nil
			}
		}
		f.from[i].toPeer(b, c, b.messages)
	}
}

// WriteTo sends what pion has to say.
func (f *udpFront) WriteTo(p []byte, addr net.Addr) (int, error) {
	to := addrPortOf(addr)
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	if !f.mayAnswer(to, len(p)) {
		f.server.metrics.Refused(RefusedUnproven)
		return len(p), nil
	}
	return f.WriteToUDPAddrPort(p, to)
}

// deliver sends ChannelData messages.
func (f *udpFront) deliver(b *batch, to netip.AddrPort, messages [][]byte) int {
	return b.send(f.socket, to, messages)
}
