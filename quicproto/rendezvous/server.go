package rendezvous

import (
	"context"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/skulltech/prattle/certs"
)

// ServerConfig says whom a server serves, and with what.
type ServerConfig struct {
	Identity  *certs.Identity // with an Ed25519 key
	Directory Directory       // nil: of this server alone
	Log       *slog.Logger    // nil: none. Peers are in it from level debug on, with their addresses

	// Allowed says who is served; nil: everybody. See Server.SetAllowed.
	Allowed func(certs.PeerID) bool

	// Services makes what a peer is offered besides, each time anew: before half of
	// the time is over after which it expires; nil: nothing. It must not block.
	Services func(peer certs.PeerID, now time.Time) Services
}

// Server registers devices and passes letters on between them.
type Server struct {
	config   ServerConfig
	log      *slog.Logger
	counters counters
	running  sync.WaitGroup // goroutines of guests

	mu      sync.Mutex
	allowed func(certs.PeerID) bool
	door    door
	peers   quotas[certs.PeerID]
	sources quotas[netip.Prefix]
	serving bool // no connection begins before, or after
	guests  map[*guest]struct{}
	emptied chan struct{} // while draining: closed when the last guest has gone
}

// NewServer makes a server; Serve makes it work.
func NewServer(config ServerConfig) (*Server, error) {
	if _, ok := config.Identity.Certificate().PrivateKey.(ed25519.PrivateKey); !ok {
		return nil, ErrKeyKind
	}
	if config.Directory == nil {
		config.Directory = NewMemory()
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{
		config:  config,
		log:     config.Log,
		allowed: config.Allowed,
		door:    newDoor(),
		peers:   newQuotas[certs.PeerID](peerTerms),
		sources: newQuotas[netip.Prefix](sourceTerms),
		guests:  make(map[*guest]struct{}),
	}, nil
}

// Serve takes connections on socket, and over TLS on TCP listeners, until ctx ends,
// and closes them then. Clients look for TLS at TLSPort. It is called once.
func (s *Server) Serve(ctx context.Context, socket net.PacketConn, listeners ...net.Listener) error {
	defer socket.Close()
	defer s.running.Wait()
	defer closeAll(listeners)
	transport, err := s.transport(socket)
	if err != nil {
		return err
	}
	defer transport.Close()
	l, err := transport.Listen(s.tlsConfig(), serverConfig())
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s.begin()
	defer s.stop()
	for _, l := range listeners {
		s.running.Go(func() { s.acceptTLS(ctx, l) })
	}
	for {
		q, err := l.Accept(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		s.running.Go(func() { s.receive(&quicLink{Conn: q}) })
	}
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		l.Close()
	}
}

func (s *Server) tlsConfig() *tls.Config {
	return s.config.Identity.TLSConfig(ALPN, nil, certs.AcceptAny)
}

func (s *Server) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serving = true
}

// stop ends all connections.
func (s *Server) stop() {
	s.mu.Lock()
	s.serving = false
	s.mu.Unlock()
	for _, g := range s.all() {
		g.close(closeGoingAway)
	}
}

// transport is QUIC on a socket. Its keys come from the identity, so that clients of
// the process before this one learn from stateless resets (RFC 9000, section 10.3)
// that it is gone.
func (s *Server) transport(socket net.PacketConn) (*quic.Transport, error) {
	reset, err := s.derive("stateless reset")
	if err != nil {
		return nil, err
	}
	token, err := s.derive("retry token")
	if err != nil {
		return nil, err
	}
	return &quic.Transport{
		Conn:                socket,
		ConnectionIDLength:  connectionIDLength,
		StatelessResetKey:   (*quic.StatelessResetKey)(reset),
		TokenGeneratorKey:   (*quic.TokenGeneratorKey)(token),
		VerifySourceAddress: s.suspect,
		ConnContext:         s.enter,
	}, nil
}

// derive makes a key for one purpose from that of the identity.
func (s *Server) derive(purpose string) (*[32]byte, error) {
	seed := s.config.Identity.Certificate().PrivateKey.(ed25519.PrivateKey).Seed()
	b, err := hkdf.Key(sha256.New, seed, nil, "prattle rendezvous "+purpose+" v1", 32)
	if err != nil {
		return nil, fmt.Errorf("derive a key: %w", err)
	}
	return (*[32]byte)(b), nil
}

func (s *Server) suspect(net.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.door.suspect(time.Now())
}

// shakenKey finds what is to be called when a handshake is complete, in the context
// of its connection.
type shakenKey struct{}

// enter lets a connection begin, or refuses it.
func (s *Server) enter(ctx context.Context, c *quic.ClientInfo) (context.Context, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.door.enter(time.Now(), c.RemoteAddr, c.AddrVerified); err != nil {
		s.counters.refused.Add(1)
		return nil, err
	}
	shaken := sync.OnceFunc(s.shake)
	context.AfterFunc(ctx, func() {
		shaken()
		s.leave()
	})
	return context.WithValue(ctx, shakenKey{}, shaken), nil
}

func (s *Server) shake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.door.shake()
}

func (s *Server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.door.leave()
}

// receive serves a connection whose handshake is complete until it ends.
func (s *Server) receive(l link) {
	defer l.free()
	if shaken, ok := l.Context().Value(shakenKey{}).(func()); ok {
		shaken()
	}
	g, code := s.admit(l)
	if g == nil {
		l.close(code)
		return
	}
	defer s.forget(g)
	g.serve()
}

// admit makes a guest of who has connected, or says why not.
func (s *Server) admit(l link) (*guest, closeCode) {
	now := time.Now()
	peer, err := certs.VerifyPeer(l.identities(), nil, now)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil, s.allowed != nil && !s.allowed(peer.ID):
		s.counters.notAllowed.Add(1)
		s.log.Debug("not allowed", "peer", peer.ID.Short(), "address", l.RemoteAddr())
		return nil, closeNotAllowed
	case s.door.closed, !s.serving:
		return nil, closeGoingAway
	}
	byPeer, err := s.peers.open(now, peer.ID)
	if err != nil {
		s.counters.refused.Add(1)
		return nil, closeTooMany
	}
	bySource, err := s.sources.open(now, sourceOf(l.RemoteAddr()))
	if err != nil {
		byPeer.open--
		s.counters.refused.Add(1)
		return nil, closeTooMany
	}
	s.counters.taken(l)
	g := newGuest(s, l, peer.ID, byPeer, bySource)
	s.guests[g] = struct{}{}
	return g, closeDone
}

// forget gives back what a guest had.
func (s *Server) forget(g *guest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.byPeer.open--
	g.bySource.open--
	delete(s.guests, g)
	if len(s.guests) == 0 && s.emptied != nil {
		close(s.emptied)
		s.emptied = nil
	}
}

// SetAllowed changes who is served; nil: everybody. Connections of others end.
func (s *Server) SetAllowed(allowed func(certs.PeerID) bool) {
	s.mu.Lock()
	s.allowed = allowed
	s.mu.Unlock()
	for _, g := range s.all() {
		if allowed != nil && !allowed(g.peer) {
			g.close(closeNotAllowed)
		}
	}
}

// Drain takes no more connections, sends the clients to other servers and waits
// until they have gone, or ctx ends. Serve goes on.
func (s *Server) Drain(ctx context.Context) {
	emptied := make(chan struct{})
	s.mu.Lock()
	s.door.closed = true
	if len(s.guests) == 0 {
		close(emptied)
	} else {
		s.emptied = emptied
	}
	s.mu.Unlock()
	for _, g := range s.all() {
		g.send(new(goAway))
	}
	select {
	case <-emptied:
	case <-ctx.Done():
	}
}

// all are the guests at present. What is done to them is done without the lock:
// QUIC asks the server at the same time who may come in.
func (s *Server) all() []*guest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.guests))
}
