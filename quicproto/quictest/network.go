package quictest

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/quic-go/quic-go/testutils/simnet"
)

// headers is what IPv4 and UDP add to a datagram, in bytes: they take their
// share of the bottleneck.
const headers = 28

// Network connects sockets by paths. It is safe for concurrent use.
type Network struct {
	mu    sync.Mutex
	seed  uint64
	nodes map[netip.AddrPort]simnet.PacketReceiver
	wires map[route]*wire
	all   Link
}

type route struct{ from, to netip.AddrPort }

// wire is a path and the timer that empties it.
type wire struct {
	*Path[simnet.Packet]
	timer    *time.Timer
	watchers map[route]func(Passage)
}

// NewNetwork makes a network all of whose paths begin as link.
func NewNetwork(seed uint64, link Link) *Network {
	return &Network{
		seed:  seed,
		nodes: make(map[netip.AddrPort]simnet.PacketReceiver),
		wires: make(map[route]*wire),
		all:   link,
	}
}

// Socket makes the n-th host of the network, n from 1 to 254.
func (n *Network) Socket(host int) net.PacketConn {
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 9, 0, byte(host)}), 7728)
	return simnet.NewSimConn(net.UDPAddrFromAddrPort(addr), n)
}

// Share makes all packets from one group of sockets to another take one path, as
// behind one line. It is called before they send anything.
func (n *Network) Share(from, to []net.PacketConn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	shared := n.wire(routeOf(from[0], to[0]))
	for _, f := range from {
		for _, t := range to {
			n.wires[routeOf(f, t)] = shared
		}
	}
}

// Set changes the path from one socket to another from now on.
func (n *Network) Set(from, to net.PacketConn, link Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.change(n.wire(routeOf(from, to)), link)
}

// SetAll changes all paths from now on.
func (n *Network) SetAll(link Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = link
	for _, w := range n.wires {
		n.change(w, link)
	}
}

func (n *Network) change(w *wire, link Link) {
	now := time.Now()
	w.Change(now, link)
	n.arm(now, w)
}

// Stats returns what the path from one socket to another did so far.
func (n *Network) Stats(from, to net.PacketConn) PathStats {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.wire(routeOf(from, to)).Stats()
}

// Watch calls f for each packet from one socket to another as its fate is
// decided. f must not call the network.
func (n *Network) Watch(from, to net.PacketConn, f func(Passage)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	r := routeOf(from, to)
	n.wire(r).watchers[r] = f
}

// AddNode implements simnet.Router.
func (n *Network) AddNode(addr net.Addr, r simnet.PacketReceiver) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.nodes[addrPort(addr)] = r
}

// SendPacket implements simnet.Router. Packets to nobody vanish, as they do on
// the Internet.
func (n *Network) SendPacket(p simnet.Packet) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	r := route{addrPort(p.From), addrPort(p.To)}
	if _, ok := n.nodes[r.to]; !ok {
		return nil
	}
	now, w := time.Now(), n.wire(r)
	w.Send(now, len(p.Data)+headers, p)
	n.arm(now, w)
	return nil
}

// arm sets the timer of a wire to its next event.
func (n *Network) arm(now time.Time, w *wire) {
	next := w.Next()
	switch {
	case next.IsZero():
	case w.timer == nil:
		w.timer = time.AfterFunc(next.Sub(now), func() { n.deliver(w) })
	default:
		w.timer.Reset(next.Sub(now))
	}
}

// deliver hands over what has arrived. A socket takes a packet or drops it, but
// never blocks.
func (n *Network) deliver(w *wire) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	for p, ok := w.Pop(now); ok; p, ok = w.Pop(now) {
		n.nodes[addrPort(p.To)].RecvPacket(p)
	}
	n.arm(now, w)
}

func (n *Network) wire(r route) *wire {
	w := n.wires[r]
	if w == nil {
		from, to := r.from.Addr().As4(), r.to.Addr().As4()
		w = &wire{
			Path:     NewPath[simnet.Packet](n.all, n.seed, uint64(from[3])<<8|uint64(to[3])),
			watchers: make(map[route]func(Passage)),
		}
		w.Path.Watch = func(p Passage, packet simnet.Packet) {
			if f := w.watchers[route{addrPort(packet.From), addrPort(packet.To)}]; f != nil {
				f(p)
			}
		}
		n.wires[r] = w
	}
	return w
}

func routeOf(from, to net.PacketConn) route {
	return route{addrPort(from.LocalAddr()), addrPort(to.LocalAddr())}
}

func addrPort(a net.Addr) netip.AddrPort {
	u, ok := a.(*net.UDPAddr)
	if !ok {
		panic(fmt.Sprintf("quictest: %T is no UDP address", a))
	}
	ap := u.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
