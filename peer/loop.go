package peer

import (
	"errors"
	"net"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto"
)

// routineLink owns the link from its first message to its last.
func (l *Link) routineLink() {
	defer media.RestoreOnPanic()
	defer l.room.routines.Done()
	defer l.finish()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for now := time.Now(); ; now = time.Now() {
		l.advance(now)
		if l.call.state == StateEnded {
			return
		}
		timer.Reset(max(l.next(now).Sub(now), 0))
		l.wait(timer)
	}
}

// wait sleeps until something happens, and handles it.
func (l *Link) wait(timer *time.Timer) {
	var outgoing chan<- []byte
	if l.pending != nil {
		outgoing = l.conn.Outgoing()
	}
	select {
	case outgoing <- l.pending:
		l.pending = nil
	case d := <-l.conn.Datagrams():
		l.handleDatagram(d)
	case m := <-l.conn.Messages():
		l.handleMessage(time.Now(), m)
	case f := <-l.video:
		l.sendVideo(time.Now(), f)
	case s := <-l.sound:
		l.session.SendAudio(time.Now(), s.codec, s.timestamp, s.payload)
	case f := <-l.commands:
		f(time.Now())
	case <-timer.C:
	case <-l.conn.Done():
		l.handleClosed()
	}
}

// advance does all that is due at now.
func (l *Link) advance(now time.Time) {
	l.call.advance(now)
	l.sendMessages()
	l.tell(now)
	if !l.call.media() {
		return
	}
	l.session.SetMaxDatagram(l.conn.MaxDatagram())
	l.session.Advance(now)
	l.receive(now)
	if l.pending == nil {
		l.pending = l.session.Pop(now)
	}
	l.updateDemand()
	if now.Sub(l.meter.last) >= statsInterval {
		l.report(now)
	}
}

// next says when advance has something to do.
func (l *Link) next(now time.Time) time.Time {
	next := now.Add(time.Second)
	for _, t := range []time.Time{l.call.next(), l.nextMedia(now)} {
		if !t.IsZero() && t.Before(next) {
			next = t
		}
	}
	return next
}

func (l *Link) nextMedia(now time.Time) time.Time {
	if !l.call.media() {
		return time.Time{}
	}
	next := l.meter.last.Add(statsInterval)
	candidates := []time.Time{l.jitter.Next(), l.nag}
	if l.pending == nil { // else QUIC has to take it first
		candidates = append(candidates, l.session.Next(now))
	}
	for _, t := range candidates {
		if !t.IsZero() && t.Before(next) {
			next = t
		}
	}
	return next
}

func (l *Link) handleDatagram(d quicproto.Datagram) {
	l.call.handleHeard(d.Received)
	if !l.call.media() {
		l.drops.Add(1) // media before Accept
		return
	}
	l.session.HandleDatagram(d.Received, d.Data)
}

func (l *Link) sendVideo(now time.Time, f media.EncodedFrame) {
	if err := l.session.SendVideo(now, &f); err != nil {
		l.room.cfg.Log.Warn("cannot send a picture", "reason", err)
	}
}

func (l *Link) sendMessages() {
	for _, m := range l.call.out {
		if err := l.conn.Send(m); err != nil {
			l.room.cfg.Log.Debug("cannot send a message", "reason", err)
		}
	}
	l.call.out = l.call.out[:0]
}

// tell makes a change of state known, and does what it means.
func (l *Link) tell(now time.Time) {
	state := l.call.state
	if state == l.state {
		return
	}
	before := l.state
	l.state = state
	l.busy.Store(l.outgoing || state != StateDialing)
	l.remote.mu.Lock()
	l.remote.state = state
	l.remote.mu.Unlock()
	l.room.cfg.Trace.state(now, l.peer.String(), state)
	if state == StateRinging && !l.outgoing {
		l.ring()
		return
	}
	if state == StateConnected && before != StateReconnecting {
		l.begin(now)
	}
	if state != StateEnded { // finish tells of the end
		l.room.emit(Event{Kind: EventState, Link: l})
	}
}

// ring lets an incoming call through to the person, unless the line is busy.
func (l *Link) ring() {
	if l.room.engaged(l) {
		l.call.refuse(new(quicproto.Busy))
		l.sendMessages()
		l.busy.Store(false)
		return
	}
	l.room.emit(Event{Kind: EventRing, Link: l})
}

// begin starts the media of an accepted call.
func (l *Link) begin(now time.Time) {
	l.meter.begin(now)
	l.sendStreams()
	l.room.attach(l)
	if l.outgoing {
		l.room.routines.Add(1)
		go l.routineLanes()
	}
}

// lanes is how many QUIC connections carry a call: six reach 6 Mbit/s through
// 10 % of random loss at 40 ms, and 3 through 20 %. laneDelay keeps their
// handshakes out of the way of the first picture.
const (
	lanes     = 6
	laneDelay = 500 * time.Millisecond
)

// routineLanes adds lanes to the connection. The call works without them.
func (l *Link) routineLanes() {
	defer l.room.routines.Done()
	select {
	case <-time.After(laneDelay):
	case <-l.ctx.Done():
		return
	}
	conf := l.room.cfg.Identity.TLSConfig(quicproto.ALPN, nil, certs.AcceptOnly(l.peer))
	if err := l.room.endpoint.OpenLanes(l.ctx, l.conn, conf, lanes); err != nil {
		l.room.cfg.Log.Debug("one lane less", "peer", l.peer.Short(), "reason", err)
	}
}

func (l *Link) sendStreams() {
	if !l.call.media() {
		return
	}
	muted, cameraOff := l.room.streams()
	l.call.send(&quicproto.Streams{Audio: !muted, Video: !cameraOff})
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
	err := l.conn.Err()
	var closed *quicproto.CloseError
	switch {
	case errors.Is(err, net.ErrClosed):
		err = nil
	case errors.Is(err, quicproto.ErrSilent):
		err = ErrLost
	case errors.As(err, &closed) && closed.Code == quicproto.CloseNormal && l.call.media():
		err = nil
	}
	l.call.end(err)
}

func (l *Link) finish() {
	l.cancel()
	l.sendMessages()
	l.err = l.call.err
	if l.call.err == ErrProtocol {
		l.conn.Close(quicproto.CloseProtocol, "")
	} else {
		l.conn.Close(quicproto.CloseNormal, "")
	}
	now := time.Now()
	l.tell(now)
	if !l.meter.started.IsZero() {
		s := l.summarise(now, l.room.currentPipeline())
		l.summary = &s
	}
	l.room.leave(l)
	close(l.done)
	l.room.emit(Event{Kind: EventState, Link: l, Err: l.err})
}
