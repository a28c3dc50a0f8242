package peer

import (
	"time"

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
		now := time.Now()
		l.session.Delay(now, now.Sub(l.popped))
		l.pending = nil
		l.considerLanes(now)
	case d := <-l.conn.Datagrams():
		l.handleDatagram(d)
	case m := <-l.conn.Messages():
		l.handleMessage(time.Now(), m)
	case f := <-l.video:
		l.sendVideo(time.Now(), f)
	case s := <-l.sound:
		if l.call.flows() {
			l.sendSound(time.Now(), s)
		}
	case f := <-l.commands:
		f(time.Now())
	case <-l.wake:
		l.woken = true
	case <-timer.C:
	case <-l.conn.Done():
		l.handleClosed()
	}
}

// advance does all that is due at now.
func (l *Link) advance(now time.Time) {
	l.hear(now)
	if l.slept(now) {
		l.conn.Abort(quicproto.CloseNormal)
		l.lost()
	}
	l.call.advance(now)
	l.consult(now)
	l.sendMessages()
	l.tell(now)
	if !l.call.media() {
		return
	}
	l.watchPath(now)
	l.session.SetMaxDatagram(l.conn.MaxDatagram())
	l.session.Advance(now)
	if l.session.Replay(now) {
		l.conn.Replay()
	}
	l.receive(now)
	if l.pending == nil {
		l.pending, l.popped = l.session.Pop(now), now
	}
	l.updateDemand(now)
	l.tellWish()
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
	candidates := []time.Time{l.jitter.Next(), l.nag, l.session.NextReplay()}
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
	if !l.call.flows() {
		l.drops.Add(1) // media before Accept, or on hold
		return
	}
	l.session.HandleDatagram(d.Received, d.Data)
}

func (l *Link) sendSound(now time.Time, s soundOut) {
	l.session.StampAudio(now, s.timestamp, s.captured)
	l.session.SendAudio(now, s.codec, s.timestamp, s.payload)
}

func (l *Link) sendVideo(now time.Time, f media.EncodedFrame) {
	if !l.call.flows() {
		return
	}
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

func (l *Link) sendStreams() {
	if !l.call.media() {
		return
	}
	muted, cameraOff := l.room.streams()
	l.call.send(&quicproto.Streams{Audio: !muted, Video: !cameraOff, Held: l.call.holding, Hand: l.room.handUp()})
}
