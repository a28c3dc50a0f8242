package quicproto

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// labPeer is an endpoint on a simulated Internet.
type labPeer struct {
	t        *testing.T
	endpoint *Endpoint
	host     *quictest.Host
	relay    *labRelay
	at       []*quictest.Interface
	route    *Route
	conn     *Conn
	accepted chan *Conn

	mu      sync.Mutex
	heard   []heardSound
	stop    chan struct{}
	stopped sync.WaitGroup
}

// heardSound is a packet of sound that arrived.
type heardSound struct {
	number uint32
	sent   time.Time
	at     time.Time
}

// stunServer is where the peers learn their reflexive addresses.
var stunServer = netip.MustParseAddrPort("198.51.100.1:3478")

const labPort = 7728

func newLabPeer(t *testing.T) *labPeer {
	h := quictest.NewHost(labPort)
	p := &labPeer{t: t, host: h, endpoint: Open(h), accepted: make(chan *Conn, 8), stop: make(chan struct{})}
	if err := p.endpoint.Listen(labTLS(t)); err != nil {
		t.Fatal(err)
	}
	p.stopped.Go(p.accept)
	return p
}

func labTLS(t testing.TB) *tls.Config {
	id, err := certs.New()
	if err != nil {
		t.Fatal(err)
	}
	return id.TLSConfig(ALPN, nil, certs.AcceptAny)
}

func (p *labPeer) accept() {
	for {
		in, err := p.endpoint.Accept(context.Background())
		if err != nil {
			return
		}
		if c, err := in.Open(context.Background()); err == nil && c != nil {
			p.accepted <- c
		}
	}
}

// join gives the peer an address in a site.
func (p *labPeer) join(s *quictest.Site, addr string) *quictest.Interface {
	i := p.host.Join(s, addr)
	p.at = append(p.at, i)
	p.tell()
	return i
}

// leave takes an address away.
func (p *labPeer) leave(i *quictest.Interface) {
	i.Leave()
	p.at = slices.DeleteFunc(p.at, func(other *quictest.Interface) bool { return other == i })
	p.tell()
}

// tell tells the endpoint by which ways packets may leave.
func (p *labPeer) tell() {
	var ways []local
	for n, i := range p.at {
		ways = append(ways, local{ip: i.Addr(), iface: n + 1})
	}
	if p.relay != nil {
		ways = append(ways, local{relay: p.relay})
	}
	p.endpoint.setLocals(ways)
}

// candidates are where the peer may be reached.
func (p *labPeer) candidates() (list []Candidate) {
	for _, i := range p.at {
		own := netip.AddrPortFrom(i.Addr(), labPort)
		list = append(list, Candidate{CandidateHost, own})
		if r := i.Reflexive(stunServer); r.IsValid() && r != own {
			list = append(list, Candidate{CandidateReflexive, r})
		}
	}
	if p.relay != nil {
		list = append(list, Candidate{CandidateRelay, p.relay.addr()})
	}
	return list
}

// meetByRoutes opens a route between two peers.
func meetByRoutes(t *testing.T, a, b *labPeer) {
	t.Helper()
	secret := [RouteSecretSize]byte{1, 2, 3}
	var err error
	if a.route, err = a.endpoint.NewRoute(RouteConfig{Secret: secret, Initiator: true, Remote: b.candidates()}); err != nil {
		t.Fatal(err)
	}
	if b.route, err = b.endpoint.NewRoute(RouteConfig{Secret: secret, Remote: a.candidates()}); err != nil {
		t.Fatal(err)
	}
}

// dialByRoutes connects a to b by their routes.
func dialByRoutes(t *testing.T, a, b *labPeer, patience time.Duration) {
	t.Helper()
	meetByRoutes(t, a, b)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	a.connect(ctx, a.route, b)
	if b.conn != nil && b.conn.Route() != b.route {
		t.Errorf("the connection came over %v, want %v", b.conn.Route(), b.route)
	}
}

// connect dials and waits until the other side has the connection.
func (p *labPeer) connect(ctx context.Context, route *Route, to *labPeer) {
	c, err := p.endpoint.Dial(ctx, route, labTLS(p.t))
	if err != nil {
		return
	}
	p.conn = c
	if err := c.Send(&Hello{}); err != nil {
		p.t.Error(err)
	}
	select {
	case to.conn = <-to.accepted:
	case <-ctx.Done():
		p.t.Error("the connection was not accepted")
	}
}

// talk sends sound both ways from now on: a packet each 20 ms.
func talk(peers ...*labPeer) {
	for _, p := range peers {
		c := p.conn
		p.stopped.Go(func() { p.speak(c) })
		p.stopped.Go(func() { p.listen(c) })
	}
}

const soundInterval = 20 * time.Millisecond

func (p *labPeer) speak(c *Conn) {
	beat := time.NewTicker(soundInterval)
	defer beat.Stop()
	for n := uint32(0); ; n++ {
		b := binary.BigEndian.AppendUint32(make([]byte, 0, 120), n)
		b = binary.BigEndian.AppendUint64(b, uint64(time.Now().UnixNano()))
		select {
		case <-beat.C:
		case <-p.stop:
			return
		}
		select {
		case c.Outgoing() <- b[:120]:
		case <-time.After(soundInterval / 2):
		case <-p.stop:
			return
		}
	}
}

func (p *labPeer) listen(c *Conn) {
	for {
		select {
		case d := <-c.Datagrams():
			p.mu.Lock()
			p.heard = append(p.heard, heardSound{
				number: binary.BigEndian.Uint32(d.Data),
				sent:   time.Unix(0, int64(binary.BigEndian.Uint64(d.Data[4:]))),
				at:     d.Received,
			})
			p.mu.Unlock()
		case <-p.stop:
			return
		}
	}
}

// silence is the longest time without sound since a time.
func (p *labPeer) silence(since time.Time) (longest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := since
	for _, h := range p.heard {
		if h.at.After(since) {
			longest = max(longest, h.at.Sub(last))
			last = h.at
		}
	}
	return max(longest, time.Since(last))
}

// lost counts the packets of sound sent in a span of time that did not arrive.
func (p *labPeer) lost(from, to time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	came := make(map[uint32]bool)
	for _, h := range p.heard {
		if !h.sent.Before(from) && h.sent.Before(to) {
			came[h.number] = true
		}
	}
	return int(to.Sub(from)/soundInterval) - len(came)
}

// close ends the peer.
func (p *labPeer) close() {
	close(p.stop)
	if p.conn != nil {
		p.conn.Abort(CloseNormal)
	}
	p.endpoint.Close()
	for len(p.accepted) > 0 {
		(<-p.accepted).Abort(CloseNormal)
	}
	if p.relay != nil {
		p.relay.close()
	}
	p.stopped.Wait()
}

// labRelay is a relay that a peer reaches whatever lies between: over TCP, say.
type labRelay struct {
	peer  *labPeer
	host  *quictest.Host
	at    *quictest.Interface
	delay time.Duration // between the peer and the relay
	ended chan struct{}

	mu        sync.Mutex
	permitted map[netip.Addr]bool
	dead      bool
}

// lease gives the peer a relay at an address of the Internet.
func (p *labPeer) lease(n *quictest.Internet, addr string, delay time.Duration) {
	h := quictest.NewHost(50000)
	r := &labRelay{peer: p, host: h, delay: delay, ended: make(chan struct{}), permitted: make(map[netip.Addr]bool)}
	r.at = h.Join(n.Root(), addr)
	p.relay = r
	go r.read()
	p.tell()
}

func (r *labRelay) addr() netip.AddrPort { return netip.AddrPortFrom(r.at.Addr(), 50000) }

func (r *labRelay) send(b []byte, to netip.AddrPort) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.dead && r.permitted[to.Addr()] {
		b = slices.Clone(b)
		time.AfterFunc(r.delay, func() { r.host.WriteFrom(b, r.at.Addr(), to) })
	}
	return nil
}

func (r *labRelay) permit(addrs []netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range addrs {
		r.permitted[a] = true
	}
}

func (r *labRelay) read() {
	defer close(r.ended)
	for {
		b := make([]byte, 1500)
		n, from, _, err := r.host.ReadAt(b)
		if err != nil {
			return
		}
		r.mu.Lock()
		if !r.dead && r.permitted[from.Addr()] {
			time.AfterFunc(r.delay, func() { r.peer.endpoint.receive(local{relay: r}, from, b[:n]) })
		}
		r.mu.Unlock()
	}
}

// kill makes the relay do nothing more; revive undoes it.
func (r *labRelay) kill(dead bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dead = dead
}

func (r *labRelay) close() {
	r.host.Close()
	<-r.ended
}

// connectPlain dials another peer at its first address.
func (p *labPeer) connectPlain(to *labPeer) {
	c, err := p.endpoint.Dial(context.Background(), net.UDPAddrFromAddrPort(to.candidates()[0].Addr), labTLS(p.t))
	if err != nil {
		p.t.Fatal(err)
	}
	p.conn = c
	if err := c.Send(&Hello{}); err != nil {
		p.t.Error(err)
	}
	to.conn = <-to.accepted
}
