package peer

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
)

// consent is what a link remembers of its part in who may talk to whom. Its
// goroutine owns it, but for party, which the room's lock guards.
type consent struct {
	party     *party
	guest     *guest // in the lobby; nil if this side called
	call      *call
	state     State // as last told
	asked     bool  // EventRing was sent
	consulted struct {
		state State
		ready bool
	}
	woken    bool
	solving  bool
	sas      *certs.SAS
	received uint64    // QUIC packets,
	looked   time.Time // when last looked at
}

// rouse has the link look for an order of the line.
func (l *Link) rouse() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// consult puts what has happened to the call before the line, and does what it
// says.
func (l *Link) consult(now time.Time) {
	state, ready := l.call.state, l.call.ready()
	if c := &l.consulted; !l.woken && c.state == state && c.ready == ready {
		return
	}
	l.woken = false
	r := l.room
	r.mu.Lock()
	redeem := l.party.consult(now, &r.line, l.call)
	r.mu.Unlock()
	if redeem {
		l.redeem(now)
	}
	l.consulted.state, l.consulted.ready = l.call.state, l.call.ready()
	if l.guest != nil && (l.call.media() || l.call.state == StateEnded) {
		r.mu.Lock()
		r.lobby.leave(l.guest)
		r.mu.Unlock()
	}
}

// redeem has the caller's ticket looked at.
func (l *Link) redeem(now time.Time) {
	r := l.room
	err := ErrTicketUnknown
	if r.cfg.Redeem != nil {
		err = r.cfg.Redeem((*certs.Secret)(l.call.ticket), l.cert)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l.party.redeemed(now, &r.line, l.call, err == nil, declineCode(err))
}

func declineCode(err error) quicproto.DeclineCode {
	switch {
	case errors.Is(err, ErrTicketUsed):
		return quicproto.DeclineTicketUsed
	case errors.Is(err, ErrTicketExpired):
		return quicproto.DeclineTicketExpired
	}
	return quicproto.DeclineTicketUnknown
}

// handlePuzzle begins to solve the other side's puzzle, if it has set one.
func (l *Link) handlePuzzle() {
	if l.call.puzzle == 0 || l.solving {
		return
	}
	l.solving = true
	seed, err := l.conn.Export(puzzleLabel, puzzleSeed)
	if err != nil {
		l.call.end(err)
		return
	}
	l.room.routines.Add(1)
	go l.routineSolve(seed, l.call.puzzle)
}

func (l *Link) routineSolve(seed []byte, difficulty int) {
	defer l.room.routines.Done()
	if nonce, ok := solve(l.ctx, seed, difficulty); ok {
		l.do(func(time.Time) { l.call.prove(nonce) })
	}
}

// handleProof looks at the solution of our puzzle.
func (l *Link) handleProof(now time.Time, m *quicproto.Proof) {
	seed, err := l.conn.Export(puzzleLabel, puzzleSeed)
	if err != nil {
		l.call.end(err)
		return
	}
	l.call.handleProof(now, solved(seed, l.call.price, m.Nonce))
}

// hearInterval is how often a link looks whether QUIC has heard anything.
const hearInterval = 250 * time.Millisecond

// hear notes that the other side lives where no media tells: muted, or on hold,
// its keep-alives come once a second.
func (l *Link) hear(now time.Time) {
	if now.Sub(l.looked) < hearInterval {
		return
	}
	l.looked = now
	if n := l.conn.Received(); n != l.received {
		l.received = n
		l.call.handleHeard(now)
	}
}

// tell makes a change of state known, and does what it means.
func (l *Link) tell(now time.Time) {
	if l.call.asked && !l.asked {
		l.asked = true
		l.publish(now)
		l.room.emit(Event{Kind: EventRing, Link: l})
	}
	state := l.call.state
	if state == l.state {
		return
	}
	before := l.state
	l.publish(now)
	if state == StateConnected && before != StateReconnecting {
		l.begin(now)
	}
	if state != StateDialing && state != StateEnded && l.outgoing || l.call.media() { // finish tells of the end
		l.room.emit(Event{Kind: EventState, Link: l})
	}
}

// publish lets others see the state. What a stranger causes who does not ring
// leaves no trace.
func (l *Link) publish(now time.Time) {
	if l.state == l.call.state {
		return
	}
	l.state = l.call.state
	l.remote.mu.Lock()
	l.remote.state = l.state
	l.remote.mu.Unlock()
	if l.state != StateDialing {
		l.settle()
	}
	if l.public() {
		l.room.cfg.Trace.state(now, l.peer.String(), l.state)
	}
}

// public says whether the person knows of the link.
func (l *Link) public() bool {
	return l.outgoing || l.asked || !l.meter.started.IsZero() || l.call.media()
}

// begin starts the media of an accepted call.
func (l *Link) begin(now time.Time) {
	l.meter.begin(now)
	if !l.outgoing {
		l.room.endpoint.ExpectLanes(l.conn)
	}
	l.sendStreams()
	l.beginSAS()
	l.room.attach(l)
}

// handleClosed ends the call because its connection ended. What the other side
// said before counts first.
func (l *Link) handleClosed() {
	for {
		select {
		case m := <-l.conn.Messages():
			l.handleMessage(time.Now(), m)
			continue
		default:
		}
		break
	}
	if l.call.state != StateEnded {
		l.call.lose(l.closed(l.conn.Err()))
	}
}

// closed says what the end of the connection means for the call.
func (l *Link) closed(err error) error {
	var closed *quicproto.CloseError
	switch {
	case errors.Is(err, net.ErrClosed):
		return nil
	case errors.Is(err, quicproto.ErrSilent):
		return ErrLost
	case !errors.As(err, &closed):
		return err
	}
	switch closed.Code {
	case quicproto.CloseNormal:
		if l.call.media() {
			return nil
		}
		return ErrNoAnswer
	case quicproto.CloseProtocol:
		return ErrProtocol
	case quicproto.CloseIdentity, quicproto.CloseRefused:
		return quicproto.ErrRefused
	case quicproto.CloseRevoked:
		return ErrRevoked
	case quicproto.CloseBusy:
		return ErrBusy
	}
	return err
}

// finish ends what belongs to the link.
func (l *Link) finish() {
	l.cancel()
	l.sendMessages()
	l.err = l.call.err
	l.close()
	now := time.Now()
	l.tell(now)
	if !l.meter.started.IsZero() {
		s := l.summarise(now, l.room.currentPipeline())
		l.summary = &s
	}
	l.room.leave(l)
	l.tellMissed(now)
	close(l.done)
	if l.public() && l.successor() == nil {
		l.room.emit(Event{Kind: EventState, Link: l, Err: l.err})
	}
}

// close closes the connection with the code that the end of the call has.
func (l *Link) close() {
	switch err := l.call.err; {
	case err == ErrRevoked:
		l.conn.Abort(quicproto.CloseRevoked)
	case isSAS(err):
		l.conn.Abort(quicproto.CloseIdentity)
	case err == ErrProtocol:
		l.conn.Close(quicproto.CloseProtocol, "")
	default:
		l.conn.Close(quicproto.CloseNormal, "")
	}
}

// successor is the link on which the call takes place instead, because the other
// side called at the same time; nil if there is none.
func (l *Link) successor() *Link {
	l.room.mu.Lock()
	defer l.room.mu.Unlock()
	if l.party.with == nil {
		return nil
	}
	return l.party.with.link
}

// tellMissed notes a call that nobody took, and tells of it.
func (l *Link) tellMissed(now time.Time) {
	if l.call.missed == "" {
		return
	}
	r := l.room
	m := Missed{Peer: l.cert, Name: l.Name(), Why: l.call.missed, At: now}
	r.mu.Lock()
	if r.line.involves(l.party) {
		r.mu.Unlock()
		return // we talk to that peer, or are about to
	}
	sum, tell := r.missed.add(m, l.party.admission < AdmitRing)
	r.mu.Unlock()
	if tell {
		r.offer(Event{Kind: EventMissed, Link: l, Missed: sum})
	}
}

// Reconsider asks Config.Admit about the peers of all links again, and looks at
// their certificates again. Those that are not admitted any more lose the call at
// once, with ErrRevoked on both sides.
func (r *Room) Reconsider() {
	for _, l := range r.Links() {
		_, err := certs.VerifyPeer(l.conn.TLS(), r.cfg.Authorities, time.Now())
		if err == nil && r.admission(l.cert) != AdmitNever {
			continue
		}
		r.mu.Lock()
		l.party.give(orderRevoke, stepOver)
		r.line.settle()
		r.mu.Unlock()
	}
}

// admission is how far a peer gets.
func (r *Room) admission(p certs.Peer) Admission {
	if r.cfg.Admit == nil {
		return AdmitRing
	}
	return r.cfg.Admit(p)
}

// awaitRinging waits until the callee's bell rings, or the call is decided, and
// returns the link on which it takes place.
func (l *Link) awaitRinging(ctx context.Context) (*Link, error) {
	select {
	case <-l.settled:
		if s := l.successor(); s != nil {
			return s, nil
		}
		return l, nil
	case <-ctx.Done():
		l.HangUp()
		<-l.done
		if s := l.successor(); s != nil {
			return s, nil
		}
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, ErrNoAnswer
		}
		return nil, ctx.Err()
	}
}
