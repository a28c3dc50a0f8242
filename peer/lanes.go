package peer

import (
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
)

// maxLanes is how many QUIC connections carry a call at most: six reach 6 Mbit/s
// through 10 % of random loss at 40 ms, and 3 through 20 %.
const maxLanes = 6

// considerLanes gets the connection another lane if it should have one. Only the
// dialler may open it; the other side asks for it.
func (l *Link) considerLanes(now time.Time) {
	if !l.lanes.Want(now, l.session) {
		return
	}
	if l.outgoing {
		l.openLane()
	} else {
		l.call.send(new(quicproto.WantLane))
	}
}

// openLane adds a lane, unless there are enough. The call works without it.
func (l *Link) openLane() {
	if l.conn.Stats().Lanes+l.opening >= maxLanes || !l.call.media() {
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
