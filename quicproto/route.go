package quicproto

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Route is where QUIC sends to: the address of a peer as QUIC knows it, a
// [net.Addr]. It stays the same while the paths beneath it change.
//
// A plain route has one remote address. A route with probes has pairs of local and
// remote addresses, of which its pathChooser takes the best that works; it comes from
// [Endpoint.NewRoute], or from a plain one by Open.
type Route struct {
	socket    *socket
	name      string
	remote    netip.AddrPort // of a plain one; else that on which it began, if any
	initiator bool           // with probes: this side dials
	conns     atomic.Int32   // connections that have been established

	// Owned by the table.
	users   int            // connections, and attempts at one
	probes  bool           // it has probes
	ids     []connectionID // of packets that come by it
	origins []origin       // of its probes

	mu      sync.Mutex
	kept    keptPackets
	at      local // of a plain one: where its packets arrive
	pinned  bool  // of a plain one: packets leave from there
	chooser *pathChooser
	keys    probeKeys
	probe   [probeSize]byte // on its way
	timer   *time.Timer
	due     time.Time // when timer fires; zero: not
	closed  bool
}

// RouteConfig is what makes a route one with probes.
type RouteConfig struct {
	Secret    [RouteSecretSize]byte // known to both sides and to nobody else
	Initiator bool                  // this side dials
	Remote    []Candidate           // where the other side may be; AddRemote tells of more
	RelayOnly bool                  // send through relays of ours alone, which hides our address
}

// newStrangerRoute makes a plain route of which QUIC is to learn by a packet from
// its address. Nothing but QUIC knows it until a connection comes about.
func newStrangerRoute(s *socket, from netip.AddrPort, at local) *Route {
	return &Route{socket: s, name: from.String(), remote: from, at: local{ip: at.ip}, pinned: true}
}

// NewRoute makes a route with probes, on which the side that is the initiator may
// dial. Probes leave from now on, until Close.
func (e *Endpoint) NewRoute(c RouteConfig) (*Route, error) {
	r := &Route{socket: e.socket}
	if err := r.open(c, netip.AddrPort{}); err != nil {
		return nil, fmt.Errorf("open a route: %w", err)
	}
	return r, nil
}

// Open makes a plain route one with probes. Packets take the path that they took
// until the other side's probes show another.
func (r *Route) Open(c RouteConfig) error {
	if err := r.open(c, r.remote); err != nil {
		return fmt.Errorf("open a route: %w", err)
	}
	return nil
}

func (r *Route) open(c RouteConfig, proven netip.AddrPort) error {
	keys, err := deriveProbeKeys(c.Secret, c.Initiator)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return net.ErrClosed
	case r.chooser != nil:
		return errRouteOpen
	}
	if r.name == "" {
		r.name = fmt.Sprintf("route-%08x", uint32(keys.id))
	}
	r.keys, r.initiator = keys, c.Initiator
	if err := r.socket.table.add(r, keys.id); err != nil {
		return err
	}
	now := time.Now()
	r.chooser = newPathChooser(now, c.Initiator, c.RelayOnly)
	r.chooser.setLocals(now, r.socket.ways())
	r.chooser.addRemotes(now, c.Remote)
	if proven.IsValid() {
		r.chooser.trust(now, r.at, proven)
	}
	r.permit()
	r.drive(now)
	return nil
}

// AddRemote tells of further addresses of the other side. Those known already may be
// among them; none is taken back.
func (r *Route) AddRemote(list []Candidate) {
	r.update(func(now time.Time, c *pathChooser) {
		c.addRemotes(now, list)
		r.permit()
	})
}

// Kick makes the route doubt all that it knows: the machine has slept, or the
// network is another.
func (r *Route) Kick() { r.update(func(now time.Time, c *pathChooser) { c.kick(now) }) }

// setLocals tells by which ways packets may leave.
func (r *Route) setLocals(locals []local) {
	r.update(func(now time.Time, c *pathChooser) {
		c.setLocals(now, locals)
		r.permit()
	})
}

// update changes a route with probes and does what follows; on another it does
// nothing.
func (r *Route) update(change func(time.Time, *pathChooser)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.chooser == nil || r.closed {
		return
	}
	now := time.Now()
	change(now, r.chooser)
	r.drive(now)
}

// permit has our relays let the other side's packets through.
func (r *Route) permit() {
	addrs := r.chooser.remoteAddrs()
	for _, l := range r.chooser.locals {
		if l.relay != nil {
			l.relay.permit(addrs)
		}
	}
}

// Close ends the probes. What QUIC still has to say goes by the path in use.
func (r *Route) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = r.chooser != nil
	if r.timer != nil {
		r.timer.Stop()
	}
	if r.closed {
		r.socket.table.forget(r, r.keys.id)
	}
	return nil
}

// Path is where the route leads now.
func (r *Route) Path() Path {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.chooser == nil {
		return Path{Kind: pathKind(r.at, Candidate{Addr: r.remote}), Local: r.localAddr(r.at), Remote: r.remote, Alive: true}
	}
	p, at := r.chooser.path()
	p.Local = r.localAddr(at)
	return p
}

// localAddr is an address of ours with the port of the socket.
func (r *Route) localAddr(l local) netip.AddrPort {
	own := addrPort(r.socket.LocalAddr())
	if l.ip.IsValid() {
		return netip.AddrPortFrom(l.ip, own.Port())
	}
	return own
}

// answered says whether the other side has answered probes.
func (r *Route) answered() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.chooser != nil && r.chooser.active != nil
}

// Switches is how often packets have begun to take another path, the first not
// counted. What was learnt of the one before is of no use then.
func (r *Route) Switches() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.chooser == nil {
		return 0
	}
	return r.chooser.switches
}

// Network implements [net.Addr].
func (r *Route) Network() string { return "udp" }

// String implements [net.Addr]. It never changes: QUIC knows routes by it. A route
// that began as a plain one keeps the name of its first remote address.
func (r *Route) String() string { return r.name }

// AddrPort is the remote address in use; not valid while there is none.
func (r *Route) AddrPort() netip.AddrPort {
	if p := r.Path(); p.Remote.IsValid() {
		return p.Remote
	}
	return r.remote
}

// UDPAddr is AddrPort for those who want a [net.UDPAddr]; nil while there is none.
func (r *Route) UDPAddr() *net.UDPAddr {
	if a := r.AddrPort(); a.IsValid() {
		return net.UDPAddrFromAddrPort(a)
	}
	return nil
}

// join counts a connection that uses the route; leave is its end.
func (r *Route) join() {
	r.conns.Add(1)
	r.socket.table.use(r)
}

func (r *Route) leave() {
	r.conns.Add(-1)
	r.socket.table.unuse(r)
}

// send puts a packet of QUIC on its way. On a route with probes, and while a
// connection uses it, failure is no error: the next path may carry it.
func (r *Route) send(b []byte) error {
	r.learn(sourceID(b))
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.chooser == nil {
		return r.sendPlain(b)
	}
	r.kept.note(b)
	r.carry(time.Now(), b)
	return nil
}

// sendPlain sends by the only path that there is.
func (r *Route) sendPlain(b []byte) error {
	established := r.conns.Load() > 0
	if established && b[0]&longHeader == 0 {
		r.kept.note(b)
	}
	var from local
	if r.pinned {
		from = r.at
	}
	err := r.socket.raw.write(b, from, r.remote)
	if err != nil && r.pinned { // the address has gone
		err = r.socket.raw.write(b, local{}, r.remote)
	}
	if established {
		return nil
	}
	return err
}

// carry sends a packet by the pairs that the chooser names.
func (r *Route) carry(now time.Time, b []byte) {
	for _, p := range r.chooser.carriers(now) {
		if err := r.socket.write(b, p.local, p.remote); err != nil {
			r.chooser.handleFailure(now, p)
		}
	}
	r.drive(now)
}

// learn notes a connection ID of ours.
func (r *Route) learn(id []byte) {
	if id != nil {
		r.socket.table.learn(r, connectionID(binary.BigEndian.Uint32(id)))
	}
}

// replay sends the latest packet of each lane again, so that a path that is dead is
// known to live as soon as it does. A route with probes finds that out by itself.
func (r *Route) replay() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.kept.latest() {
		switch {
		case r.chooser == nil:
			r.sendPlain(slices.Clone(b)) // which notes it
		case r.chooser.alive():
			r.carry(time.Now(), b)
		}
	}
}

// handlePacket takes note of a packet of QUIC that has come.
func (r *Route) handlePacket(now time.Time, at local, from netip.AddrPort, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.chooser == nil
	switch {
	case r.closed:
		return
	case known:
		r.at = local{ip: at.ip}
	default:
		known = r.chooser.handlePacket(now, at, from, len(b))
		r.drive(now)
	}
	if known && b[0]&longHeader == 0 {
		r.learn(destinationID(b))
	}
}

// handleProbe takes what may be a probe of the other side.
func (r *Route) handleProbe(now time.Time, at local, from netip.AddrPort, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	if p, ok := r.keys.parseProbe(b); ok && r.chooser.handleProbe(now, at, from, p) {
		r.socket.table.claim(r, origin{at.relay, from})
		r.drive(now)
	}
}

// drive does what the chooser wants done now, and sets the timer.
func (r *Route) drive(now time.Time) {
	if r.closed {
		return
	}
	r.chooser.advance(now)
	for {
		o, ok := r.chooser.pop()
		if !ok {
			break
		}
		if err := r.socket.write(r.keys.appendProbe(r.probe[:0], o.probe), o.local, o.remote); err != nil && o.pair != nil {
			r.chooser.handleFailure(now, o.pair)
		}
	}
	if r.chooser.revive() {
		for _, b := range r.kept.all() {
			for _, p := range r.chooser.resenders(now) {
				r.socket.write(b, p.local, p.remote)
			}
		}
	}
	r.arm(now)
}

// arm has tick called when the chooser has something to do.
func (r *Route) arm(now time.Time) {
	next := r.chooser.next()
	switch {
	case next.IsZero() || !r.due.IsZero() && !next.Before(r.due):
	case r.timer == nil:
		r.due, r.timer = next, time.AfterFunc(next.Sub(now), r.tick)
	default:
		r.due = next
		r.timer.Reset(next.Sub(now))
	}
}

func (r *Route) tick() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.due = time.Time{}
	r.drive(time.Now())
}
