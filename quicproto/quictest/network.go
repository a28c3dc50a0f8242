package quictest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/quic-go/quic-go/testutils/simnet"
)

// Network connects sockets by links. It is safe for concurrent use.
type Network struct {
	mu    sync.Mutex
	seed  uint64
	nodes map[netip.AddrPort]simnet.PacketReceiver
	paths map[route]*path
	all   Link
}

type route struct{ from, to netip.AddrPort }

// NewNetwork makes a network all of whose paths begin as link.
func NewNetwork(seed uint64, link Link) *Network {
	return &Network{
		seed:  seed,
		nodes: make(map[netip.AddrPort]simnet.PacketReceiver),
		paths: make(map[route]*path),
		all:   link,
	}
}

// Socket makes the n-th host of the network, n from 1 to 254.
func (n *Network) Socket(host int) net.PacketConn {
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 9, 0, byte(host)}), 7728)
	return simnet.NewSimConn(net.UDPAddrFromAddrPort(addr), n)
}

// Set changes the path from one socket to another from now on.
func (n *Network) Set(from, to net.PacketConn, link Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.path(route{addrPort(from.LocalAddr()), addrPort(to.LocalAddr())}).link = link
}

// SetAll changes all paths from now on.
func (n *Network) SetAll(link Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = link
	for _, p := range n.paths {
		p.link = link
	}
}

// Stats returns what the path from one socket to another did so far.
func (n *Network) Stats(from, to net.PacketConn) PathStats {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.path(route{addrPort(from.LocalAddr()), addrPort(to.LocalAddr())}).stats
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
	to := addrPort(p.To)
	node, ok := n.nodes[to]
	if !ok {
		return nil
	}
	now := time.Now()
	if arrives, ok := n.path(route{addrPort(p.From), to}).send(now, len(p.Data)); ok {
		time.AfterFunc(arrives.Sub(now), func() { node.RecvPacket(p) })
	}
	return nil
}

func (n *Network) path(r route) *path {
	p := n.paths[r]
	if p == nil {
		from, to := r.from.Addr().As4(), r.to.Addr().As4()
		p = &path{link: n.all, rng: rand.New(rand.NewPCG(n.seed, uint64(from[3])<<8|uint64(to[3])))}
		n.paths[r] = p
	}
	return p
}

func addrPort(a net.Addr) netip.AddrPort {
	u, ok := a.(*net.UDPAddr)
	if !ok {
		panic(fmt.Sprintf("quictest: %T is no UDP address", a))
	}
	ap := u.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
