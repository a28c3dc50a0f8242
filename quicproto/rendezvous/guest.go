package rendezvous

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/time/rate"

	"github.com/skulltech/prattle/certs"
)

// guest is a client that is connected to a server.
type guest struct {
	*wire
	server   *Server
	peer     certs.PeerID
	byPeer   *quota
	bySource *quota
	inbox    *rate.Limiter // of letters for it

	// Of the goroutine that serves it:
	card   Card
	device Device
	entry  Entry // its registration; nil: there is none
}

const (
	// registerPatience is how long a connection may take to register.
	registerPatience = 10 * time.Second
	// directoryTimeout is the patience for other servers: a client asks again after
	// that.
	directoryTimeout = 2 * time.Second
	// serverLinger is how long a connection goes on when another has taken the place
	// of its registration: longer than the client's own linger, by which what is
	// under way arrives.
	serverLinger = 2 * linger
	// shortestOffer keeps credentials that are made to expire at once from being
	// made without end.
	shortestOffer = time.Second
)

var errUnexpected = fmt.Errorf("%w: it does not belong here", errBadMessage)

func newGuest(s *Server, l link, peer certs.PeerID, byPeer, bySource *quota) *guest {
	return &guest{
		wire: newWire(l), server: s, peer: peer, byPeer: byPeer, bySource: bySource,
		inbox: rate.NewLimiter(inboxRate, inboxBurst),
	}
}

// serve handles the client's requests until its connection ends.
func (g *guest) serve() {
	ctx := g.link.Context()
	impatience := time.AfterFunc(registerPatience, func() { g.close(closeSlow) })
	defer impatience.Stop()
	stream, err := g.link.acceptStream(ctx)
	if err != nil {
		return
	}
	g.attach(stream)
	g.server.running.Go(g.run)
	err = g.converse(ctx, impatience)
	if g.entry != nil {
		g.entry.Remove()
		g.server.counters.devices.Add(-1)
	}
	g.server.log.Debug("gone", "peer", g.peer.Short(), "address", g.link.RemoteAddr(), "why", err)
	if errors.Is(err, errBadMessage) || errors.Is(err, errMessageTooLong) {
		g.server.counters.malformed.Add(1)
	}
	g.close(closeProtocol) // if it has not ended by itself
}

// converse reads requests, the first of which registers.
func (g *guest) converse(ctx context.Context, impatience *time.Timer) error {
	for {
		m, err := g.receive(func(n int) error { return g.pace(ctx, n) })
		if err != nil {
			return err
		}
		if err := g.handle(ctx, m); err != nil {
			return err
		}
		if g.entry != nil {
			impatience.Stop()
		}
	}
}

// pace makes a client wait that sends more than it may.
func (g *guest) pace(ctx context.Context, n int) error {
	if err := g.byPeer.wait(ctx, n); err != nil {
		return err
	}
	return g.bySource.wait(ctx, n)
}

func (g *guest) handle(ctx context.Context, m message) error {
	if m, ok := m.(*register); ok {
		return g.handleRegister(ctx, m)
	}
	if g.entry == nil {
		return errUnexpected
	}
	switch m := m.(type) {
	case *lookup:
		return g.handleLookup(ctx, m)
	case *send:
		return g.handleSend(ctx, m)
	case *alive:
		g.answerAlive()
		return nil
	}
	return errUnexpected
}

// answerAlive shows the client that we are there too, if nothing else does. To one
// that does not read, nothing more is said.
func (g *guest) answerAlive() {
	if !g.link.acknowledges() {
		g.send(new(alive))
	}
}

func (g *guest) handleRegister(ctx context.Context, m *register) error {
	g.server.counters.registers.Add(1)
	if err := g.byPeer.messages.WaitN(ctx, registerCost-1); err != nil {
		return err
	}
	now := time.Now()
	card, err := m.Card.open(g.peer)
	if err != nil {
		return fmt.Errorf("%w: %w", errBadMessage, err)
	}
	if g.entry != nil && card.device != g.device {
		return errUnexpected
	}
	out := answer{Request: m.Request, Time: uint64(now.Unix())}
	if !card.valid(now) {
		out.Code = codeClock
		return g.sendWhenDue(&out)
	}
	first := g.entry == nil
	out.Code = codeOf(g.register(m.Card, card.device))
	if err := g.sendWhenDue(&out); err != nil {
		return err
	}
	if first && out.Code == codeDone && g.server.config.Services != nil {
		g.server.running.Go(func() { g.offer(ctx) })
	}
	return nil
}

// register makes the client's device known, or its new card.
func (g *guest) register(card Card, device Device) error {
	if g.entry != nil {
		g.card = card
		g.entry.Renew(card)
		return nil
	}
	entry, err := g.server.config.Directory.Register(Registration{
		Peer: g.peer, Device: device, Card: card,
		Deliver:  g.deliver,
		Replaced: func() { time.AfterFunc(serverLinger, func() { g.close(closeReplaced) }) },
	})
	if err != nil {
		return err
	}
	g.server.counters.devices.Add(1)
	g.card, g.device, g.entry = card, device, entry
	g.server.log.Debug("registered", "peer", g.peer.Short(), "device", device, "address", g.link.RemoteAddr())
	return nil
}

// offer sends the client what it is offered besides, again and again in time.
func (g *guest) offer(ctx context.Context) {
	for {
		now := time.Now()
		offered := g.server.config.Services(g.peer, now)
		if err := g.send(offered.message(now)); err != nil {
			g.server.log.Debug("services not sent", "peer", g.peer.Short(), "why", err)
		}
		if offered.Expires.IsZero() {
			return
		}
		select {
		case <-time.After(max(offered.Expires.Sub(now)/2, shortestOffer)):
		case <-ctx.Done():
			return
		}
	}
}

func (g *guest) handleLookup(ctx context.Context, m *lookup) error {
	g.server.counters.lookups.Add(1)
	ctx, cancel := context.WithTimeout(ctx, directoryTimeout)
	defer cancel()
	cards, err := g.server.config.Directory.Lookup(ctx, certs.PeerID(m.Peer))
	return g.sendWhenDue(&answer{Request: m.Request, Code: codeOf(err), Cards: cards[:min(len(cards), MaxDevices)]})
}

func (g *guest) handleSend(ctx context.Context, m *send) error {
	c := &g.server.counters
	c.letters.Add(1)
	c.letterBytes.Add(uint64(len(m.Sealed)))
	ctx, cancel := context.WithTimeout(ctx, directoryTimeout)
	defer cancel()
	code := codeOf(g.server.config.Directory.Forward(ctx, Letter{
		From: g.peer, Card: g.card, To: certs.PeerID(m.To), Device: m.Device, Sealed: m.Sealed,
	}))
	switch code {
	case codeDone:
	case codeGone:
		c.offline.Add(1)
	default:
		c.busy.Add(1)
	}
	return g.sendWhenDue(&answer{Request: m.Request, Code: code})
}

// deliver queues a letter for the client.
func (g *guest) deliver(l Letter) error {
	if len(g.out) >= maxOutgoing/2 || !g.inbox.AllowN(time.Now(), 1) {
		return ErrBusy // the other half is for answers
	}
	if g.send(&mail{From: peerID(l.From), Card: l.Card, Sealed: l.Sealed}) != nil {
		return ErrBusy
	}
	return nil
}

// codeOf is how an error of the directory is told to a client.
func codeOf(err error) code {
	switch {
	case err == nil:
		return codeDone
	case errors.Is(err, ErrOffline):
		return codeGone
	case errors.Is(err, ErrTooManyDevices):
		return codeTooManyDevices
	case errors.Is(err, ErrUnavailable):
		return codeUnavailable
	}
	return codeBusy
}
