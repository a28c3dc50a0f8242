package quicproto

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
)

// relay is an allocation of ours on a TURN server (RFC 8656).
//
// pion/turn makes the allocation and carries requests to the server. The packets
// are ours, for pion's own connection waits in the midst of sending until the
// server has answered.
type relay struct {
	local   local          // this one
	addr    netip.AddrPort // at which others reach us
	way     turnWay
	account turnAccount
	conn    turnConn
	client  *turn.Client
	pion    net.PacketConn // pion's side of the allocation; it refreshes
	deliver func(l local, from netip.AddrPort, b []byte)

	stop  context.CancelFunc
	tasks sync.WaitGroup
	ended chan struct{} // closed when nothing can be received any more
	poke  chan struct{} // there may be something to ask the server for
	doubt chan struct{} // the server may be gone
	heard *atomic.Int64 // Unix nanoseconds of its last packet

	mu    sync.Mutex
	peers relayPeers
	nonce stun.Nonce
	code  stun.ErrorCode // of the last refusal
	out   []byte
}

// Errors of sending through a relay.
var (
	errRelayForbids = errors.New("the relay does not carry packets to that address")
	errRelayFamily  = errors.New("the relay has no address of that family")
)

// send sends a packet to a peer and does not wait.
func (r *relay) send(b []byte, to netip.AddrPort) error {
	if to.Addr().Is4() != r.addr.Addr().Is4() {
		return errRelayFamily
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	verdict, channel := r.peers.send(time.Now(), to, b)
	switch verdict {
	case relayChannelled:
		return r.sendChannelled(channel, b)
	case relayIndicate:
		r.wake()
		return r.indicate(relayPacket{to, b})
	case relayWait:
		r.wake()
		return nil
	}
	return errRelayForbids
}

func (r *relay) sendChannelled(channel uint16, b []byte) error {
	r.out = binary.BigEndian.AppendUint16(r.out[:0], channel)
	r.out = binary.BigEndian.AppendUint16(r.out, uint16(len(b)))
	r.out = append(r.out, b...)
	return r.conn.send(r.out)
}

// indicate sends a packet with its address, as is done until there is a channel.
func (r *relay) indicate(p relayPacket) error {
	m, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication),
		peerAddress(p.to), stun.RawAttribute{Type: stun.AttrData, Value: p.data})
	if err != nil {
		return err
	}
	return r.conn.send(m.Raw)
}

// permit says that peers may be at addrs, whose packets the relay shall let in. It
// does not wait.
func (r *relay) permit(addrs []netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, ip := range addrs {
		if ip.Is4() == r.addr.Addr().Is4() {
			r.peers.permit(time.Now(), ip)
		}
	}
	r.wake()
}

func (r *relay) wake() {
	select {
	case r.poke <- struct{}{}:
	default:
	}
}

// maxReadErrors ends a socket on which nothing but errors is read.
const maxReadErrors = 64

// receive takes in what the server sends until the connection ends.
func (r *relay) receive() {
	defer close(r.ended)
	for failed := 0; failed < maxReadErrors; failed++ {
		b, err := r.conn.read()
		switch {
		case err == nil:
			failed = 0
			r.heard.Store(time.Now().UnixNano())
			r.handle(b)
		case r.way.transport != turnUDP || errors.Is(err, net.ErrClosed):
			return
		default: // ICMP: nobody listens there any more
			r.suspect()
		}
	}
}

func (r *relay) suspect() {
	select {
	case r.doubt <- struct{}{}:
	default:
	}
}

// handle takes a message of the server.
func (r *relay) handle(b []byte) {
	switch {
	case len(b) >= 4 && b[0]>>6 == 1:
		r.handleChannelled(binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:])), b[4:])
	case stun.IsMessage(b):
		var m stun.Message
		if stun.Decode(b, &m) == nil {
			r.handleSTUN(&m)
		}
	}
}

func (r *relay) handleChannelled(channel uint16, size int, b []byte) {
	r.mu.Lock()
	from, ok := r.peers.sender(channel)
	r.mu.Unlock()
	if ok && size <= len(b) {
		r.deliver(r.local, from, b[:size])
	}
}

func (r *relay) handleSTUN(m *stun.Message) {
	switch m.Type.Class {
	case stun.ClassIndication:
		r.handleIndication(m)
	case stun.ClassSuccessResponse, stun.ClassErrorResponse:
		r.noteAnswer(m)
		// What it has to say is in the answers of the requests.
		_, _ = r.client.HandleInbound(m.Raw, r.conn.RemoteAddr())
	}
}

func (r *relay) handleIndication(m *stun.Message) {
	var from stun.XORMappedAddress
	if m.Type.Method != stun.MethodData || from.GetFromAs(m, stun.AttrXORPeerAddress) != nil {
		return
	}
	data, err := m.Get(stun.AttrData)
	if addr := stunAddr(from.IP, from.Port); err == nil && reachable(addr) {
		r.deliver(r.local, addr, data)
	}
}

// maxNonce bounds the server's nonce in bytes (RFC 8489, section 14.10).
const maxNonce = 763

// noteAnswer keeps what following requests need: the nonce, and why one was refused.
func (r *relay) noteAnswer(m *stun.Message) {
	if m.Type.Class != stun.ClassErrorResponse {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if nonce, err := m.Get(stun.AttrNonce); err == nil && len(nonce) <= maxNonce {
		r.nonce = append(stun.Nonce(nil), nonce...)
	}
	var code stun.ErrorCodeAttribute
	if code.GetFrom(m) == nil {
		r.code = code.Code
	}
}

// maintain asks the server for what peers need, until ctx ends.
func (r *relay) maintain(ctx context.Context) {
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.ended:
			return
		case <-r.poke:
		case <-t.C:
		}
		if next := r.askDue(ctx); !next.IsZero() {
			t.Reset(time.Until(next))
		}
	}
}

// askDue begins the requests that are due, and says when the next ones are.
func (r *relay) askDue(ctx context.Context) (next time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		request, ok := r.peers.pop(time.Now())
		if !ok {
			return r.peers.next()
		}
		r.tasks.Go(func() { r.ask(ctx, request) })
	}
}

// ask puts a request to the server and sends what waited for it.
func (r *relay) ask(ctx context.Context, request relayRequest) {
	var err error
	if request.permit.IsValid() {
		_, err = r.request(ctx, stun.MethodCreatePermission, peerAddress(netip.AddrPortFrom(request.permit, 0)))
	} else {
		_, err = r.request(ctx, stun.MethodChannelBind, channelNumber(request.channel), peerAddress(request.to))
	}
	if errors.Is(err, errAllocationGone) {
		r.suspect()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.peers.handle(time.Now(), request, outcomeOf(err)) {
		r.indicate(p)
	}
	r.wake()
}

func outcomeOf(err error) relayOutcome {
	var refused *refusedError
	switch {
	case err == nil:
		return relayGranted
	case errors.As(err, &refused):
		return relayRefused
	}
	return relayLost
}

// lastHeard is when the server last said something.
func (r *relay) lastHeard() time.Time { return time.Unix(0, r.heard.Load()) }

// busy says whether somebody may send to us through the relay.
func (r *relay) busy() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.peers.peers) > 0
}
