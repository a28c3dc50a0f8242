package peer

import (
	"errors"
	"net"
	"time"

	"github.com/skulltech/prattle/quicproto"
)

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
	err := l.closed(l.conn.Err())
	switch {
	case l.call.state == StateEnded:
	case err == ErrLost && l.call.media():
		l.lost()
	default:
		l.call.lose(err)
	}
}

// lost keeps a call between two until it can go on over another connection. In a
// room, members find each other anew.
func (l *Link) lost() {
	if l.call.entry != nil {
		l.call.lose(ErrLost)
		return
	}
	l.awaitSuccessor()
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
		if l.call.entry != nil {
			return ErrRemoved
		}
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
	now := time.Now()
	l.tell(now)
	talked := !l.meter.started.IsZero()
	if c := l.member.conference; c != nil {
		c.part(now, l)
	}
	if !talked && !l.outgoing {
		l.tellEnd(now) // who is asked about a call need not wait for QUIC to see it off
	}
	l.close()
	l.closePaths()
	if talked {
		s := l.summarise(now, l.room.currentPipeline())
		l.summary = &s
	}
	l.room.leave(l)
	if c := l.member.conference; c != nil {
		c.keep(l)
	}
	close(l.done)
	if talked || l.outgoing {
		l.tellEnd(now)
	}
}

// tellEnd tells the person that the call has ended, and if it was missed.
func (l *Link) tellEnd(now time.Time) {
	if l.public() && l.Successor() == nil && l.worthTelling() {
		l.room.emit(Event{Kind: EventState, Link: l, Err: l.err})
	}
	l.tellMissed(now)
}

// worthTelling says whether the person should hear how the link has ended. In a room
// many come to nothing: two have dialled each other, or one is about to leave.
func (l *Link) worthTelling() bool {
	if l.member.conference == nil || l.member.opened {
		return true
	}
	switch l.err {
	case nil, ErrBusy, ErrLost, ErrNoAnswer, errLinked:
		return false
	}
	return true
}

// close closes the connection with the code that the end of the call has.
func (l *Link) close() {
	switch err := l.call.err; {
	case l.call.removes: // at once: the code tells it as well as our last message
		l.conn.Abort(quicproto.CloseRevoked)
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

// Successor is the link on which the call takes place instead: the other side called
// at the same time, or has taken the call on another device, or the connection was
// lost and there is a new one; nil if there is none.
func (l *Link) Successor() *Link {
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
