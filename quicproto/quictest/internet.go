package quictest

import (
	"net/netip"
	"sync"
	"time"
)

// Internet is a network of networks: hosts with addresses of the Internet, and
// sites behind NATs, which may have sites of their own. A packet takes the path
// from one outer address to another; inside a site it takes no time. It is safe for
// concurrent use.
type Internet struct {
	mu    sync.Mutex
	seed  uint64
	all   Link
	root  Site
	wires map[ends]*longWire
}

// ends are the outer addresses of a path.
type ends struct{ from, to netip.Addr }

type longWire struct {
	*Path[parcelUDP]
	timer *time.Timer
}

// parcelUDP is a UDP packet under way.
type parcelUDP struct {
	from, to netip.AddrPort
	data     []byte
}

// Site is a network in which addresses are unique.
type Site struct {
	internet *Internet
	nat      *NAT  // to the outer one; nil: this is the Internet
	outer    *Site // beyond the NAT
	hosts    map[netip.Addr]*Interface
	sites    map[netip.Addr]*Site // by the outer addresses of their NATs
}

// NewInternet makes a network all of whose paths begin as link.
func NewInternet(seed uint64, link Link) *Internet {
	n := &Internet{seed: seed, all: link, wires: make(map[ends]*longWire)}
	n.root = Site{internet: n}
	return n
}

// Root is the Internet itself as a site.
func (n *Internet) Root() *Site { return &n.root }

// Site makes a network behind a NAT whose outer address is one of s. With hairpin,
// its hosts reach each other by outer addresses. Without a NAT it is s itself.
func (s *Site) Site(kind NATKind, outer string, hairpin bool) *Site {
	if kind == NoNAT {
		return s
	}
	s.internet.mu.Lock()
	defer s.internet.mu.Unlock()
	addr := netip.MustParseAddr(outer)
	inner := &Site{internet: s.internet, outer: s, nat: newNAT(kind, addr, hairpin, s.internet.seed+uint64(len(s.sites)))}
	if s.sites == nil {
		s.sites = make(map[netip.Addr]*Site)
	}
	s.sites[addr] = inner
	return inner
}

// Rebind makes the NAT of a site forget its mappings.
func (s *Site) Rebind() {
	s.internet.mu.Lock()
	defer s.internet.mu.Unlock()
	s.nat.rebind()
}

// Set changes the path from one outer address to another from now on.
func (n *Internet) Set(from, to string, link Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	w := n.wire(ends{netip.MustParseAddr(from), netip.MustParseAddr(to)})
	now := time.Now()
	w.Change(now, link)
	n.arm(now, w)
}

// Stats returns what the path from one outer address to another did so far.
func (n *Internet) Stats(from, to string) PathStats {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.wire(ends{netip.MustParseAddr(from), netip.MustParseAddr(to)}).Stats()
}

// send takes a packet from a host or a NAT into a site.
func (s *Site) send(p parcelUDP) {
	if s.nat == nil {
		s.internet.transmit(p)
		return
	}
	if s.deliver(p) {
		return
	}
	from, ok := s.nat.out(p.from, p.to)
	switch {
	case !ok:
	case p.to.Addr() == s.nat.address:
		if s.nat.hairpin {
			s.enter(parcelUDP{from, p.to, p.data})
		}
	default:
		s.outer.send(parcelUDP{from, p.to, p.data})
	}
}

// deliver hands a packet over to the host or NAT of a site that it is for.
func (s *Site) deliver(p parcelUDP) bool {
	if h := s.hosts[p.to.Addr()]; h != nil {
		h.receive(p)
		return true
	}
	if inner := s.sites[p.to.Addr()]; inner != nil {
		inner.enter(p)
		return true
	}
	return false
}

// enter takes a packet from outside that has reached the NAT.
func (s *Site) enter(p parcelUDP) {
	if to, ok := s.nat.in(p.from, p.to.Port()); ok {
		s.deliver(parcelUDP{p.from, to, p.data})
	}
}

// transmit sends a packet from one outer address to another.
func (n *Internet) transmit(p parcelUDP) {
	now, w := time.Now(), n.wire(ends{p.from.Addr(), p.to.Addr()})
	w.Send(now, len(p.data)+headers, p)
	n.arm(now, w)
}

func (n *Internet) wire(e ends) *longWire {
	w := n.wires[e]
	if w == nil {
		from, to := e.from.As16(), e.to.As16()
		w = &longWire{Path: NewPath[parcelUDP](n.all, n.seed, uint64(from[15])<<8|uint64(to[15]))}
		n.wires[e] = w
	}
	return w
}

// arm sets the timer of a wire to its next event.
func (n *Internet) arm(now time.Time, w *longWire) {
	next := w.Next()
	switch {
	case next.IsZero():
	case w.timer == nil:
		w.timer = time.AfterFunc(next.Sub(now), func() { n.arrive(w) })
	default:
		w.timer.Reset(next.Sub(now))
	}
}

func (n *Internet) arrive(w *longWire) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	for p, ok := w.Pop(now); ok; p, ok = w.Pop(now) {
		n.root.deliver(p)
	}
	n.arm(now, w)
}

// Reflexive is where a socket's packets to a server on the Internet come from as
// that sees it. Not valid if they do not get there.
func (i *Interface) Reflexive(server netip.AddrPort) netip.AddrPort {
	n := i.site.internet
	n.mu.Lock()
	defer n.mu.Unlock()
	from := netip.AddrPortFrom(i.addr, i.host.port)
	for s := i.site; s.nat != nil; s = s.outer {
		var ok bool
		if from, ok = s.nat.out(from, server); !ok {
			return netip.AddrPort{}
		}
	}
	return from
}
