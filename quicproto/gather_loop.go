package quicproto

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/stun/v4"
)

// gathering is what the loop of a Gatherer knows. Nobody else touches it.
type gathering struct {
	*Gatherer
	ctx  context.Context
	cfg  GatherConfig
	port uint16     // of the socket
	addr netip.Addr // it is bound to

	hosts     []host
	listed    error // why hosts could not be listed
	stun      []serverName
	relays    []relayServer
	malformed []error // what was given as servers

	names    serverNames
	bindings bindings
	keepers  map[keeperKey]*keptRelay
	mappers  map[host]*keptMapping
	locals   []local // as told to the wire
	told     bool    // ever

	packets chan stunPacket
	tasks   sync.WaitGroup
}

// keeperKey is an address of ours and a server's name.
type keeperKey struct {
	ip     netip.Addr
	iface  int
	server string
}

// keptRelay is a relayKeeper and what it has reported.
type keptRelay struct {
	*relayKeeper
	stop context.CancelFunc
	live []*relay
	err  error
}

// keptMapping is a portMapper and what it has reported.
type keptMapping struct {
	stop context.CancelFunc
	addr netip.AddrPort
}

// stunPacket is one that has come by the socket.
type stunPacket struct {
	from netip.AddrPort
	data []byte
}

// maxStunPackets bounds those that wait for the loop.
const maxStunPackets = 64

// maxSTUNPacket bounds those that are looked at, in bytes.
const maxSTUNPacket = 1500

func newGathering(ctx context.Context, g *Gatherer, cfg GatherConfig) *gathering {
	s := &gathering{
		Gatherer: g, ctx: ctx, cfg: cfg,
		bindings: bindings{newID: stun.NewTransactionID},
		keepers:  make(map[keeperKey]*keptRelay),
		mappers:  make(map[host]*keptMapping),
		packets:  make(chan stunPacket, maxStunPackets),
	}
	if bound, ok := g.wire.Addr().(*net.UDPAddr); ok {
		addr := bound.AddrPort()
		s.addr, s.port = addr.Addr(), addr.Port()
	}
	return s
}

// run is the loop.
func (g *Gatherer) run(ctx context.Context, cfg GatherConfig) {
	s := newGathering(ctx, g, cfg)
	defer s.end()
	g.wire.setSTUNHandler(s.take)
	s.tasks.Go(func() { watchNetwork(ctx, func() { g.do((*gathering).look) }) })
	s.setServers(cfg.STUN, cfg.TURN)
	s.look()
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case f := <-g.wake:
			f(s)
		case p := <-s.packets:
			s.bindings.handle(time.Now(), p.from, p.data)
		case <-t.C:
		}
		if next := s.advance(time.Now()); !next.IsZero() {
			t.Reset(time.Until(next))
		}
	}
}

// end gives everything back and waits for it. The interfaces can go on being used.
func (s *gathering) end() {
	s.wire.setSTUNHandler(func(netip.AddrPort, netip.Addr, []byte) {})
	clear(s.keepers)
	s.tellLocals()
	ended := make(chan struct{})
	go func() {
		s.tasks.Wait()
		close(ended)
	}()
	for {
		select {
		case <-s.wake: // what tasks still report
		case <-ended:
			close(s.done)
			return
		}
	}
}

// take takes a STUN packet from the socket, unless too many wait.
func (s *gathering) take(from netip.AddrPort, _ netip.Addr, b []byte) {
	if len(b) > maxSTUNPacket {
		return
	}
	select {
	case s.packets <- stunPacket{netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), slices.Clone(b)}:
	default:
	}
}

// advance does what is due, shows what is known, and says when it is to be called
// again.
func (s *gathering) advance(now time.Time) (next time.Time) {
	for {
		name, ok := s.names.pop(now)
		if !ok {
			break
		}
		s.tasks.Go(func() { s.resolve(name) })
	}
	for {
		to, packet, ok := s.bindings.pop(now)
		if !ok {
			break
		}
		if err := s.wire.sendRaw(to.local, packet, to.server); err != nil {
			s.log.Debug("STUN request not sent", "from", to.local.ip, "to", to.server, "err", err)
		}
	}
	s.show()
	next = s.bindings.next()
	if t := s.names.next(); next.IsZero() || !t.IsZero() && t.Before(next) {
		next = t
	}
	return next
}

// resolve looks a name up.
func (s *gathering) resolve(name string) {
	ctx, cancel := context.WithTimeout(s.ctx, nameTimeout)
	defer cancel()
	addrs, err := lookUp(ctx, name)
	s.do(func(s *gathering) {
		s.names.handle(time.Now(), name, addrs, err)
		s.reconcile()
	})
}

// lookUp asks DNS for the addresses of a host, which may be one itself.
func lookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrServerName, err)
	}
	for i := range addrs {
		addrs[i] = addrs[i].Unmap().WithZone("")
	}
	return addrs, nil
}

// setServers says which servers are to be used from now on.
func (s *gathering) setServers(stun []string, turn []TURNServer) {
	s.stun, s.relays, s.malformed = nil, nil, nil
	if s.cfg.LANOnly {
		return
	}
	if !s.cfg.RelayOnly {
		for _, server := range stun[:min(len(stun), maxServers)] {
			name, err := parseSTUNServer(server)
			if err != nil {
				s.malformed = append(s.malformed, err)
				continue
			}
			s.stun = append(s.stun, name)
		}
	}
	if !s.cfg.NoRelay {
		relays, malformed := relayServers(turn)
		s.relays, s.malformed = relays, append(s.malformed, malformed...)
	}
	var hosts []string
	for _, name := range s.stun {
		hosts = append(hosts, name.host)
	}
	for _, server := range s.relays {
		hosts = append(hosts, server.host)
	}
	s.names.set(time.Now(), hosts)
	s.reconcile()
}

// look lists the addresses of this machine again.
func (s *gathering) look() {
	all, err := hosts()
	s.listed = err
	all = boundHosts(s.addr, all)
	if slices.Equal(all, s.hosts) {
		return
	}
	s.hosts = all
	s.log.Debug("network changed", "addresses", len(all))
	s.names.kick(time.Now())
	s.reconcile()
}

// kick asks everything anew.
func (s *gathering) kick() {
	s.look()
	now := time.Now()
	s.names.kick(now)
	s.bindings.kick(now)
	for _, k := range s.keepers {
		k.hurry()
	}
}

// reconcile makes what is going on be what it should be, after a change of
// addresses, servers or their addresses.
func (s *gathering) reconcile() {
	s.bindings.set(time.Now(), s.wantedBindings())
	s.reconcileRelays()
	s.reconcileMappings()
	s.tellLocals()
}

// wantedBindings lists who is to ask which STUN server.
func (s *gathering) wantedBindings() []bindingKey {
	var keys []bindingKey
	for _, name := range s.stun {
		for _, h := range s.hosts {
			if h.virtual {
				continue
			}
			for _, ip := range s.names.addrs(name.host, h.ip) {
				k := bindingKey{h.local(), netip.AddrPortFrom(ip, name.port)}
				if !slices.Contains(keys, k) {
					keys = append(keys, k)
				}
			}
		}
	}
	return keys
}

func (h host) local() local { return local{ip: h.ip, iface: h.iface} }

// tellLocals tells the wire by which ways packets may leave.
func (s *gathering) tellLocals() {
	var locals []local
	if !s.cfg.RelayOnly {
		for _, h := range s.hosts {
			locals = append(locals, h.local())
		}
	}
	for _, k := range s.keepersInOrder() {
		for _, r := range k.live {
			locals = append(locals, r.local)
		}
	}
	if !s.told || !slices.Equal(locals, s.locals) {
		s.told, s.locals = true, locals
		s.wire.setLocals(slices.Clone(locals))
	}
}
