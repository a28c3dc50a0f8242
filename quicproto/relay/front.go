package relay

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
)

// front is where clients come in: a UDP socket or a single connection. Each has a
// pion server of its own, whose goroutine reads one message, handles it to the end
// and reads the next. So front knows which message the questions that pion asks in
// between are about, although pion tells only parts of it.
type front struct {
	server *Server
	link   link
	stream bool // the addresses of clients are proven by TCP

	mu      sync.Mutex // of what follows
	clients map[netip.AddrPort]*allocation
	source  netip.AddrPort // of the message in hand
	proven  bool           // it came from a client with an allocation

	message []byte // in hand; pion's goroutine alone knows it
}

func newFront(s *Server, stream bool) *front {
	return &front{server: s, stream: stream, clients: map[netip.AddrPort]*allocation{}}
}

// serve makes pion read from conn until that fails.
func (f *front) serve(conn net.PacketConn) (*turn.Server, error) {
	return turn.NewServer(turn.ServerConfig{
		Realm: f.server.config.Realm,
		PacketConnConfigs: []turn.PacketConnConfig{{
			PacketConn:            conn,
			RelayAddressGenerator: generator{f},
			PermissionHandler:     f.permit,
		}},
		// Who asks for no family gets IPv4 (RFC 8656, section 7.2), over IPv6 too: there
		// it is the way to those who have IPv4 alone.
		StrictAddressFamily: true,

		AuthHandler:  f.authenticate,
		QuotaHandler: f.quota,
		EventHandler: turn.EventHandler{
			OnAuth:              f.onAuth,
			OnPermissionCreated: f.onPermissionCreated,
			OnPermissionDeleted: f.onPermissionDeleted,
			OnChannelCreated:    f.onChannelCreated,
			OnChannelDeleted:    f.onChannelDeleted,
		},
		InboundMTU:    maxDatagram,
		LoggerFactory: pionLog{f.server.log},
	})
}

// intake judges a message from a client, whose allocation is a or nil. It returns
// the channel and the data of a ChannelData message; pass is true for what is pion's.
func (f *front) intake(now time.Time, s *settings, a *allocation, from netip.AddrPort, message []byte) (c *channel, data []byte, pass bool) {
	if a == nil {
		return nil, nil, !isChannelData(message) && f.server.admit(now, s, from.Addr(), len(message))
	}
	if !a.take(now, s.limits, len(message)) {
		return nil, nil, false
	}
	number, data, ok := parseChannelData(message)
	if !ok {
		return nil, nil, !isChannelData(message)
	}
	if c = (*a.channels.Load()).byNumber(number); c != nil && c.verdict == refused {
		f.server.metrics.Refused(RefusedPeer)
		c = nil
	}
	return c, data, false
}

// handOver notes which message pion gets next.
func (f *front) handOver(from netip.AddrPort, message []byte) {
	f.message = message
	f.mu.Lock()
	defer f.mu.Unlock()
	f.source, f.proven = from, f.clients[from] != nil
}

// mayAnswer says whether n bytes may be sent to a client: those without an
// allocation get no more than they have sent.
func (f *front) mayAnswer(to netip.AddrPort, n int) bool {
	f.mu.Lock()
	proven := f.stream || f.clients[to] != nil || f.proven && to == f.source
	f.mu.Unlock()
	return proven || f.server.spend(to.Addr(), n)
}

// allocationOf returns the allocation of a client, or nil.
func (f *front) allocationOf(client netip.AddrPort) *allocation {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.clients[client]
}

func (f *front) remove(a *allocation) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.clients[a.client] == a {
		delete(f.clients, a.client)
	}
}

// authenticate finds the key of the message in hand. Credentials need to be valid
// when an allocation is made; what is done with it later only has to be authentic.
func (f *front) authenticate(r *turn.RequestAttributes) (userID string, key []byte, ok bool) {
	expiry, user, err := parseUsername(r.Username)
	if err != nil || r.Realm != f.server.config.Realm {
		f.server.metrics.Refused(RefusedCredentials)
		return "", nil, false
	}
	if time.Now().After(expiry) {
		a := f.allocationOf(f.source)
		if r.Method == stun.MethodAllocate || a == nil || a.user.name != user {
			f.server.metrics.Refused(RefusedCredentials)
			return "", nil, false
		}
	}
	return user, findKey(f.server.settings.Load().secrets, r.Username, r.Realm, f.message), true
}

// quota says whether a user may have one more allocation.
func (f *front) quota(user, _ string, _ net.Addr) bool { return f.server.hasRoomFor(user) }

// permit says whether the message in hand may permit, or bind a channel to, ip.
func (f *front) permit(_ net.Addr, ip net.IP) bool {
	addr, _ := netip.AddrFromSlice(ip)
	s := f.server.settings.Load()
	if s.policy.address(addr) == refused {
		f.server.metrics.Refused(RefusedPeer)
		return false
	}
	a := f.allocationOf(f.source)
	if a == nil || !a.hasRoomFor(addr, s.limits.Permissions) {
		f.server.metrics.Refused(RefusedPermissions)
		return false
	}
	return f.permitChannel(a, s)
}

// permitChannel looks at what pion does not tell permit: the number and the port of
// a ChannelBind request.
func (f *front) permitChannel(a *allocation, s *settings) bool {
	m := &stun.Message{Raw: append([]byte(nil), f.message...)}
	if err := m.Decode(); err != nil || m.Type.Method != stun.MethodChannelBind {
		return err == nil
	}
	number, err := m.Get(stun.AttrChannelNumber)
	if err != nil || len(number) < 2 || number[0]&0xf0 != firstChannel>>8 {
		return false
	}
	if !a.hasRoomForChannel(uint16(number[0])<<8|uint16(number[1]), s.limits.Permissions) {
		f.server.metrics.Refused(RefusedPermissions)
		return false
	}
	var peer stun.XORMappedAddress
	if peer.GetFromAs(m, stun.AttrXORPeerAddress) != nil {
		return false
	}
	if s.policy.destination(addrPortOf(&net.UDPAddr{IP: peer.IP, Port: peer.Port})) == refused {
		f.server.metrics.Refused(RefusedPeer)
		return false
	}
	return true
}

func (f *front) onAuth(_, _ net.Addr, _, _, _, _ string, authentic bool) {
	if !authentic {
		f.server.metrics.Refused(RefusedCredentials)
	}
}

func (f *front) onPermissionCreated(_, _ net.Addr, _, _, _ string, relayed net.Addr, peer net.IP) {
	if a := f.server.relayed.atPublic(addrPortOf(relayed)); a != nil {
		addr, _ := netip.AddrFromSlice(peer)
		a.permit(addr)
	}
}

func (f *front) onPermissionDeleted(_, _ net.Addr, _, _, _ string, relayed net.Addr, peer net.IP) {
	if a := f.server.relayed.atPublic(addrPortOf(relayed)); a != nil {
		addr, _ := netip.AddrFromSlice(peer)
		a.forbid(addr)
	}
}

func (f *front) onChannelCreated(_, _ net.Addr, _, _, _ string, relayed, peer net.Addr, number uint16) {
	if a := f.server.relayed.atPublic(addrPortOf(relayed)); a != nil {
		a.bind(number, addrPortOf(peer))
	}
}

func (f *front) onChannelDeleted(_, _ net.Addr, _, _, _ string, relayed, _ net.Addr, number uint16) {
	if a := f.server.relayed.atPublic(addrPortOf(relayed)); a != nil {
		a.unbind(number)
	}
}

// generator makes relayed addresses for pion.
type generator struct{ *front }

// Validate has nothing to check: Listen did.
func (generator) Validate() error { return nil }

// AllocatePacketConn makes an allocation for the client whose message is in hand.
// Pion asks without a user when it looks for a port to reserve (EVEN-PORT), which
// nobody needs for QUIC.
func (g generator) AllocatePacketConn(c turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	if c.UserID == "" || c.RequestedPort != 0 {
		return nil, nil, errNoTCP
	}
	a, err := g.server.allocate(g.front, c.Network == "udp6", c.UserID)
	if err != nil {
		g.server.metrics.Refused(reasonOf(err))
		return nil, nil, err
	}
	return a, a.LocalAddr(), nil
}

// AllocateListener refuses: there is no relaying of TCP.
func (generator) AllocateListener(turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errNoTCP
}

// AllocateConn refuses, also where a client asks for a connection of a UDP allocation.
func (generator) AllocateConn(turn.AllocateConnConfig) (net.Conn, error) { return nil, errNoTCP }

// reasonOf says as what an error of Server.allocate is counted.
func reasonOf(err error) Reason {
	switch {
	case errors.Is(err, errDraining):
		return RefusedDraining
	case errors.Is(err, errUserQuota):
		return RefusedUserQuota
	}
	return RefusedCapacity
}
