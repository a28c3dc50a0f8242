package peer

import (
	"errors"
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
	if l.call.entry != nil {
		l.consultRoom(now)
		return
	}
	if l.call.asksRoom && l.call.state != StateEnded {
		l.answerAskRoom()
	}
	state, ready := l.call.state, l.call.ready()
	if c := &l.consulted; !l.woken && c.state == state && c.ready == ready {
		return
	}
	l.woken = false
	r := l.room
	r.mu.Lock()
	if ready && l.call.resume != nil && l.party.resumes == nil {
		if l.party.resumes = r.resumable(l, l.call.resume); l.party.resumes == nil {
			l.call.refuse(new(quicproto.Decline)) // that call is over
		}
	}
	redeem := l.party.consult(now, &r.line, l.call)
	r.mu.Unlock()
	if redeem {
		l.redeem(now)
	}
	l.consulted.state, l.consulted.ready = l.call.state, l.call.ready()
	l.leaveLobby()
}

// leaveLobby makes room in the lobby once the link has been decided about.
func (l *Link) leaveLobby() {
	if l.guest != nil && (l.call.media() || l.call.state == StateEnded) {
		l.room.mu.Lock()
		l.room.lobby.leave(l.guest)
		l.room.mu.Unlock()
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
	switch {
	case state == StateConnected && before != StateReconnecting:
		l.begin(now)
	case state == StateReconnecting:
		l.room.doubtRelays()
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
	if l.call.media() || l.state == StateEnded {
		l.decide()
	}
	path := l.Path()
	l.path.kind = path.Kind
	if l.public() && !l.replaced() {
		l.room.cfg.Trace.state(now, l.peer.String(), l.state, path)
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
	l.sendCandidates()
	if c := l.member.conference; c != nil {
		c.appear(l)
	} else {
		l.beginSAS()
		l.exportResume()
	}
	l.room.attach(l)
}
