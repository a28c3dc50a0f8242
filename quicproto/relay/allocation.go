package relay

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// link leads to a client: a UDP socket, or a connection of its own.
type link interface {
	// deliver sends messages, at most batchSize, to the client at to and returns how
	// many were taken. It keeps none of them.
	deliver(b *batch, to netip.AddrPort, messages [][]byte) (sent int)
}

// allocation is a relayed address. To pion it is the socket behind that address, but
// one from which only those packets come that have no channel: the others go
// straight on to the client. Likewise packets from the client that have a channel
// go straight out here.
type allocation struct {
	server *Server
	front  *front
	client netip.AddrPort
	user   *user
	socket *socket
	public netip.AddrPort // what the client and its peers know
	opened time.Time
	closed sync.Once
	meter  meter

	channels atomic.Pointer[channels]

	mu        sync.Mutex // of what follows, and of who replaces channels
	permitted map[netip.Addr]bool
	expiry    *time.Timer

	// What came last, and how much of it pion has had. Pion's goroutine alone
	// knows these.
	batch *batch
	next  int
}

var errForbidden = errors.New("forbidden destination")

// ReadFrom returns the next packet from a peer that has no channel.
func (a *allocation) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		if a.batch == nil {
			b, err := a.socket.receive()
			if err != nil {
				return 0, nil, err
			}
			a.batch, a.next = b, 0
		}
		for a.next < a.batch.n {
			i := a.next
			a.next++
			if packet := a.batch.packet(i); len(packet) > 0 {
				return copy(p, packet), net.UDPAddrFromAddrPort(a.batch.from[i]), nil
			}
		}
		a.batch.release()
		a.batch = nil
	}
}

// toClient sends on what came from peers with a channel. It leaves in b what is
// pion's, and empties the rest.
func (a *allocation) toClient(b *batch) (rest bool) {
	now, s := time.Now(), a.server.settings.Load()
	list := *a.channels.Load()
	b.messages = b.messages[:0]
	bytes := 0
	for i := range b.n {
		c, ok := a.judge(now, s, list, b, i)
		switch {
		case !ok:
			b.size[i] = 0
		case c != nil:
			b.messages = append(b.messages, putChannelHeader(b.withHeadroom(i), c.number))
			bytes += b.size[i]
			b.size[i] = 0
		default:
			rest = true
		}
	}
	if len(b.messages) > 0 {
		sent := a.front.link.deliver(b, a.client, b.messages)
		a.server.count(ToClient, len(b.messages), sent, bytes)
	}
	return rest
}

// judge says whether packet i of b may go to the client, and by which channel; by
// none if c is nil.
func (a *allocation) judge(now time.Time, s *settings, list channels, b *batch, i int) (c *channel, ok bool) {
	from, ours := b.from[i], false
	if from.Addr() == a.socket.local.Addr() {
		if other := a.server.relayed.atLocal(from); other != nil {
			from, ours = other.public, true
			b.from[i] = from
		}
	}
	c = list.byPeer(from)
	var v verdict
	if c != nil {
		v = c.verdict
	} else if a.permits(from.Addr()) {
		v = s.policy.address(from.Addr())
	}
	if v == refused || v == ownAllocation && !ours {
		a.server.metrics.Refused(RefusedSender)
		return nil, false
	}
	return c, b.size[i] > 0 && a.take(now, s.limits, b.size[i])
}

// toPeer sends messages, at most batchSize, on a channel.
func (a *allocation) toPeer(b *batch, c *channel, messages [][]byte) {
	to, err := a.route(c.peer, c.verdict)
	if err != nil {
		a.server.metrics.Refused(RefusedPeer)
		return
	}
	bytes := 0
	for _, m := range messages {
		bytes += len(m)
	}
	a.server.count(ToPeer, len(messages), b.send(a.socket, to, messages), bytes)
}

// WriteTo sends a packet that came by a Send indication.
func (a *allocation) WriteTo(p []byte, addr net.Addr) (int, error) {
	peer := addrPortOf(addr)
	to, err := a.route(peer, a.server.settings.Load().policy.destination(peer))
	if err != nil {
		a.server.metrics.Refused(RefusedPeer)
		return 0, err
	}
	n, err := a.socket.WriteToUDPAddrPort(p, to)
	sent := 0
	if err == nil {
		sent = 1
	}
	a.server.count(ToPeer, 1, sent, len(p))
	return n, err
}

// route returns where to send what is for peer, of which the policy has said v.
// Another allocation of ours is reached at its local address.
func (a *allocation) route(peer netip.AddrPort, v verdict) (netip.AddrPort, error) {
	if v == refused {
		return netip.AddrPort{}, errForbidden
	}
	if other := a.server.relayed.atPublic(peer); other != nil {
		return other.socket.local, nil
	}
	if v == ownAllocation {
		return netip.AddrPort{}, errForbidden
	}
	return peer, nil
}

// take says whether the allocation and its user may have n more bytes relayed.
func (a *allocation) take(now time.Time, l Limits, n int) bool {
	if a.meter.take(now, l.Allocation, n) && a.user.meter.take(now, l.User, n) {
		return true
	}
	a.server.metrics.Refused(RefusedRate)
	return false
}

// Close ends the allocation; pion learns of it by ReadFrom.
func (a *allocation) Close() error {
	a.closed.Do(func() {
		a.mu.Lock()
		a.expiry.Stop()
		a.mu.Unlock()
		a.socket.Close()
		a.front.remove(a)
		a.server.release(a)
	})
	return nil
}

// LocalAddr is the relayed address.
func (a *allocation) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(a.public) }

// SetDeadline, SetReadDeadline and SetWriteDeadline make a net.PacketConn of an
// allocation. Pion does not use them.
func (a *allocation) SetDeadline(t time.Time) error      { return a.socket.SetDeadline(t) }
func (a *allocation) SetReadDeadline(t time.Time) error  { return a.socket.SetReadDeadline(t) }
func (a *allocation) SetWriteDeadline(t time.Time) error { return a.socket.SetWriteDeadline(t) }

// addrPortOf converts the addresses that pion uses. A mapped IPv4 address remains
// one, for the policy to refuse.
func addrPortOf(addr net.Addr) netip.AddrPort {
	switch a := addr.(type) {
	case *net.UDPAddr:
		return a.AddrPort()
	case *net.TCPAddr:
		return a.AddrPort()
	}
	return netip.AddrPort{}
}
