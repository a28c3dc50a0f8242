package peer

import (
	"time"

	"github.com/skulltech/prattle/quicproto"
)

// pathWatch is what a link remembers of the path beneath its connection. Its
// goroutine owns it.
type pathWatch struct {
	switches uint64             // of the route, that the rate control knows of
	kind     quicproto.PathKind // as last told
}

// Path is where the link's packets go now.
func (l *Link) Path() quicproto.Path { return l.conn.Route().Path() }

// watchPath has the rate control forget a path that was left, and tells of a change
// of its kind.
func (l *Link) watchPath(now time.Time) {
	route, w := l.conn.Route(), &l.path
	if n := route.Switches(); n != w.switches {
		w.switches = n
		l.session.HandlePathChange(now)
	}
	path := route.Path()
	if path.Kind == w.kind || path.Kind == quicproto.PathNone {
		return
	}
	w.kind = path.Kind
	l.room.cfg.Trace.state(now, l.peer.String(), l.state, path)
	l.room.offer(Event{Kind: EventPath, Link: l})
}

// sendCandidates tells the other side where we can be reached. If nothing is heard
// from it, what is said in the call will not reach it either: then by letter.
func (l *Link) sendCandidates() {
	if l.room.gathering.found == nil || !l.call.media() {
		return
	}
	l.call.send(&quicproto.Candidates{List: l.room.candidates()})
	if l.call.state == StateReconnecting && l.meeting != nil {
		l.room.reply(l.meeting, &quicproto.Letter{Kind: quicproto.LetterMore, Call: l.meeting.key.call})
	}
	l.conn.Route().Kick()
}

const pathLabel = "EXPORTER-prattle-path"

// handleCandidates lets the call take other paths than the one on which it began.
func (l *Link) handleCandidates(m *quicproto.Candidates) {
	if l.room.gathering.found == nil || !l.call.media() {
		return
	}
	route := l.conn.Route()
	if l.meeting != nil || l.opened {
		route.AddRemote(m.List)
		return
	}
	secret, err := l.conn.Export(pathLabel, quicproto.RouteSecretSize)
	if err == nil {
		l.opened = true
		err = route.Open(quicproto.RouteConfig{
			Secret: [quicproto.RouteSecretSize]byte(secret), Initiator: l.outgoing, Remote: m.List, RelayOnly: l.room.relayOnly(),
		})
	}
	if err != nil {
		l.room.cfg.Log.Debug("the call stays on one path", "peer", l.peer.Short(), "reason", err)
	}
}

// closePaths ends what the link had beneath its connection.
func (l *Link) closePaths() {
	if l.meeting != nil {
		l.meeting.end()
		return
	}
	l.conn.Route().Close()
}

// pathName is a path in traces and summaries.
func pathName(p quicproto.Path) string {
	if p.Kind == quicproto.PathRelay {
		return "relay"
	}
	return "direct"
}
