package quicproto

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
)

// GatherConfig says by what means a peer makes itself reachable.
type GatherConfig struct {
	STUN []string     // servers, HOST[:PORT] or stun:HOST[:PORT] (RFC 7064)
	TURN []TURNServer // relays

	RelayOnly     bool // be reached through relays alone: nobody learns our addresses
	NoRelay       bool
	LANOnly       bool // nothing is sent beyond the subnets that we are on, not even DNS
	NoPortMapping bool // do not ask the router for a port (NAT-PMP, UPnP)

	Log *slog.Logger // or nil
}

// gatherSocket is what gathering needs of an Endpoint.
type gatherSocket interface {
	Addr() net.Addr
	setLocals([]local)
	setSTUNHandler(func(from netip.AddrPort, at netip.Addr, b []byte))
	sendRaw(l local, b []byte, to netip.AddrPort) error
	receive(l local, from netip.AddrPort, b []byte)
}

// Gatherer finds out at which addresses this machine can be reached, and keeps them
// alive: it watches the interfaces, asks STUN servers, holds relays and has routers
// forward a port.
type Gatherer struct {
	wire gatherSocket
	log  *slog.Logger
	done chan struct{} // closed when all has been given back

	mu         sync.Mutex
	candidates []Candidate
	problems   []error
	changed    chan struct{} // closed at the next change

	wake chan func(*gathering) // what the loop is to do
}

// maxWake bounds what waits for the loop.
const maxWake = 64

// Gather begins to find out where the endpoint can be reached, until ctx ends.
func (e *Endpoint) Gather(ctx context.Context, cfg GatherConfig) *Gatherer {
	return gather(ctx, e, cfg)
}

// gather begins to gather for a socket, until ctx ends.
func gather(ctx context.Context, w gatherSocket, cfg GatherConfig) *Gatherer {
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	g := &Gatherer{
		wire: w, log: log,
		done:    make(chan struct{}),
		changed: make(chan struct{}),
		wake:    make(chan func(*gathering), maxWake),
	}
	go g.run(ctx, cfg)
	return g
}

// Candidates lists the addresses known by now, best first, at most MaxCandidates.
func (g *Gatherer) Candidates() []Candidate {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.candidates
}

// Changed returns a channel that is closed when Candidates or Problems change next.
// Call it before them, and again after it was closed.
func (g *Gatherer) Changed() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.changed
}

// Problems says why kinds of candidates are missing. The errors wrap those above.
func (g *Gatherer) Problems() []error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.problems
}

// SetServers replaces the STUN and TURN servers. A relay in use stays until its
// server no longer wants the credentials it was made with.
func (g *Gatherer) SetServers(stun []string, turn []TURNServer) {
	g.do(func(s *gathering) { s.setServers(stun, turn) })
}

// Kick asks everything anew at once: the machine may have slept.
func (g *Gatherer) Kick() {
	g.do((*gathering).kick)
}

// Wait waits, after the context of Gather has ended, until relays and ports have
// been given back, which takes a round trip and at most a second or two.
func (g *Gatherer) Wait() { <-g.done }

// do has the loop call f, and waits until it takes it.
func (g *Gatherer) do(f func(*gathering)) {
	select {
	case g.wake <- f:
	case <-g.done:
	}
}

// publish shows what was found, if it is new.
func (g *Gatherer) publish(candidates []Candidate, problems []error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if slices.Equal(g.candidates, candidates) && sameErrors(g.problems, problems) {
		return
	}
	g.candidates, g.problems = candidates, problems
	close(g.changed)
	g.changed = make(chan struct{})
}
