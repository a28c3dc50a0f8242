package peer

import (
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
)

// considerLanes gets the connection another lane if it should have one. Only the
// dialler may open it; the other side asks for it.
func (l *Link) considerLanes(now time.Time) {
	if !l.session.WantLane(now, l.conn.Carry) {
		return
	}
	if l.outgoing {
		l.openLane()
	} else {
		l.call.send(new(quicproto.WantLane))
	}
}

// wantedInterval is how often the other side may have us open a lane at most. It
// could close them as fast, and each costs a handshake.
const wantedInterval = 100 * time.Millisecond

// handleWantLane opens a lane because the other side needs one.
func (l *Link) handleWantLane(now time.Time) {
	if !l.outgoing || now.Sub(l.wanted) < wantedInterval {
		return
	}
	l.wanted = now
	l.openLane()
}

// openLane adds a lane, unless there are enough. The call works without it.
func (l *Link) openLane() {
	if l.conn.Stats().Lanes+l.opening >= quicproto.MaxLanes || !l.call.media() {
		return
	}
	l.opening++
	l.room.routines.Add(1)
	go l.routineOpenLane()
}

func (l *Link) routineOpenLane() {
	defer l.room.routines.Done()
	conf := l.room.tlsConfig(certs.AcceptOnly(l.peer))
	if err := l.room.endpoint.OpenLane(l.ctx, l.conn, conf); err != nil {
		l.room.cfg.Log.Debug("one lane less", "peer", l.peer.Short(), "reason", err)
	}
	l.do(func(time.Time) { l.opening-- })
}
