package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/turn/v5"
)

// Server is a STUN and TURN server. Its methods may be called from any goroutine.
type Server struct {
	config      Config
	log         *slog.Logger
	metrics     Metrics
	settings    atomic.Pointer[settings]
	certificate certificate
	relayed     *relayed
	routines    sync.WaitGroup // of listeners and connections

	addresses [3][]netip.AddrPort // listened on: UDP, TCP, TLS
	turns     []*turn.Server      // of the UDP sockets
	listeners []net.Listener

	unproven sync.Mutex // of sources
	sources  *sources

	mu      sync.Mutex // of what follows
	users   users
	streams streams
	drained chan struct{} // not nil: draining; closed when no allocation is left
	closed  bool
	opening sync.WaitGroup // allocations
}

// settings is what Reload replaces.
type settings struct {
	limits  Limits
	policy  *policy
	secrets []string
}

// Listen opens the addresses of cfg and serves them until Close.
func Listen(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	s := &Server{
		config:  cfg,
		log:     cfg.Log,
		metrics: cfg.Metrics,
		relayed: newRelayed(),
		sources: newSources(),
		users:   users{byName: map[string]*user{}},
		streams: streams{open: map[*streamFront]bool{}, sources: map[netip.Addr]int{}},
	}
	err = s.apply(cfg)
	if err == nil {
		err = s.listen()
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("relay: %w", err)
	}
	s.log.Info("relay listens", "udp", len(cfg.UDP), "tcp", len(cfg.TCP), "tls", len(cfg.TLS), "sockets", len(s.turns))
	return s, nil
}

// Reload takes over secrets, limits, networks and the TLS certificate from cfg,
// and looks up the addresses of this machine again. Allocations live on; what they
// may no longer do ends at once. If something in cfg is wrong nothing changes.
func (s *Server) Reload(cfg Config) error {
	fixed := s.config
	fixed.Secrets, fixed.Limits, fixed.Allow, fixed.Deny = cfg.Secrets, cfg.Limits.withDefaults(), cfg.Allow, cfg.Deny
	fixed.CertFile, fixed.KeyFile = cfg.CertFile, cfg.KeyFile
	err := fixed.check()
	if err == nil {
		err = s.apply(fixed)
	}
	if err != nil {
		return fmt.Errorf("relay: reload: %w", err)
	}
	s.relayed.each(func(a *allocation) { a.rejudge(s.settings.Load().policy) })
	return nil
}

// apply makes cfg's settings those of s.
func (s *Server) apply(cfg Config) error {
	p, err := newPolicy(cfg)
	if err != nil {
		return fmt.Errorf("addresses of this machine: %w", err)
	}
	if len(cfg.TLS) > 0 {
		if err := s.certificate.load(cfg.CertFile, cfg.KeyFile); err != nil {
			return err
		}
	}
	s.settings.Store(&settings{limits: cfg.Limits, policy: p, secrets: append([]string(nil), cfg.Secrets...)})
	return nil
}

// Drain ends the making of allocations, and waits until none is left or ctx ends.
// It returns ctx's error then. Close ends what is left.
func (s *Server) Drain(ctx context.Context) error {
	s.mu.Lock()
	if s.drained == nil {
		s.drained = make(chan struct{})
		s.noteDrained()
	}
	drained := s.drained
	s.mu.Unlock()
	select {
	case <-drained:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("relay: %d allocations left: %w", s.Allocations(), ctx.Err())
	}
}

// noteDrained tells Drain when the last allocation is gone. s.mu is held.
func (s *Server) noteDrained() {
	if s.drained == nil || s.users.total > 0 {
		return
	}
	select {
	case <-s.drained:
	default:
		close(s.drained)
	}
}

// Close ends all allocations and connections and frees the addresses.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	conns := make([]*streamFront, 0, len(s.streams.open))
	for f := range s.streams.open {
		conns = append(conns, f)
	}
	s.mu.Unlock()
	var errs []error
	for _, l := range s.listeners {
		errs = append(errs, l.Close())
	}
	for _, t := range s.turns {
		errs = append(errs, t.Close())
	}
	for _, f := range conns {
		f.Close()
	}
	s.routines.Wait()
	s.opening.Wait()
	return errors.Join(errs...)
}

// UDP, TCP and TLS return the addresses that the server listens on, with the ports
// that were free where the configuration said 0.
func (s *Server) UDP() []netip.AddrPort { return s.addresses[0] }
func (s *Server) TCP() []netip.AddrPort { return s.addresses[1] }
func (s *Server) TLS() []netip.AddrPort { return s.addresses[2] }

// Allocations returns how many there are now.
func (s *Server) Allocations() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.users.total
}

// allocate makes an allocation for the client whose message front has in hand.
func (s *Server) allocate(f *front, v6 bool, userName string) (*allocation, error) {
	now, l := time.Now(), s.settings.Load().limits
	s.mu.Lock()
	if s.closed || s.drained != nil {
		s.mu.Unlock()
		return nil, errDraining
	}
	who, err := s.users.open(now, l, userName)
	if err == nil {
		s.opening.Add(1)
	}
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	socket, public, err := openRelayed(s.config.Relay, s.config.Ports, v6)
	if err != nil {
		s.leave(who)
		return nil, err
	}
	a := &allocation{
		server: s, front: f, client: f.source, user: who, socket: socket, public: public, opened: now,
		permitted: map[netip.Addr]bool{},
	}
	a.setChannels(nil)
	socket.onArrival(a.toClient)
	a.expire(l.Lifetime)
	s.relayed.add(a)
	f.mu.Lock()
	f.clients[a.client] = a
	f.mu.Unlock()
	s.metrics.AllocationOpened()
	s.log.Debug("relay: allocation opened", "user", userName, "relayed", public)
	return a, nil
}

// release forgets an allocation that is closed.
func (s *Server) release(a *allocation) {
	s.relayed.remove(a)
	age := time.Since(a.opened)
	s.metrics.AllocationClosed(age)
	s.log.Debug("relay: allocation closed", "user", a.user.name, "relayed", a.public, "age", age)
	s.leave(a.user)
}

// leave takes one allocation of a user back.
func (s *Server) leave(who *user) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users.close(time.Now(), who)
	s.noteDrained()
	s.opening.Done()
}

// hasRoomFor says whether a user may have one more allocation.
func (s *Server) hasRoomFor(userName string) bool {
	s.mu.Lock()
	who := s.users.byName[userName]
	ok := who == nil || who.allocations < s.settings.Load().limits.AllocationsPerUser
	s.mu.Unlock()
	if !ok {
		s.metrics.Refused(RefusedUserQuota)
	}
	return ok
}

// admit says whether a request from a source without an allocation may be handled.
func (s *Server) admit(now time.Time, st *settings, from netip.Addr, n int) bool {
	s.unproven.Lock()
	ok := s.sources.admit(now, st.limits, from, n)
	s.unproven.Unlock()
	if !ok {
		s.metrics.Refused(RefusedSource)
	}
	return ok
}

// spend says whether a source without an allocation may be sent n bytes.
func (s *Server) spend(to netip.Addr, n int) bool {
	s.unproven.Lock()
	defer s.unproven.Unlock()
	return s.sources.spend(time.Now(), to, n)
}

// count tells the metrics what became of packets.
func (s *Server) count(d Direction, packets, sent, bytes int) {
	s.metrics.Relayed(d, packets, bytes)
	if sent < packets {
		s.metrics.Dropped(d, packets-sent)
	}
}

// connect counts a connection that was accepted, if the limits have room for it. It
// is also a request of its source: a handshake costs more than any other.
func (s *Server) connect(conn net.Conn) bool {
	st, from := s.settings.Load(), addrPortOf(conn.RemoteAddr()).Addr()
	if !s.admit(time.Now(), st, from, 0) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.closed && s.streams.add(st.limits, from)
}

// connected notes a connection, for Close to end it.
func (s *Server) connected(f *streamFront) bool {
	s.mu.Lock()
	s.streams.open[f] = true
	closed := s.closed
	s.mu.Unlock()
	if closed {
		f.Close()
	}
	return !closed
}

// disconnected forgets a connection.
func (s *Server) disconnected(f *streamFront) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.streams.open, f)
	s.streams.remove(f.remote.Addr())
}

// socketsFor is how many sockets share an address: one for each core, as each has
// one goroutine that reads.
func socketsFor(configured int) int {
	switch {
	case !canShareAddress:
		return 1
	case configured > 0:
		return configured
	}
	return runtime.GOMAXPROCS(0)
}
