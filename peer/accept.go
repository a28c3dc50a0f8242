package peer

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
)

// maxGreeting bounds the incoming connections that have not rung yet. More are
// refused at once: they cost a handshake, not a place.
const maxGreeting = 8

// Listen begins to take calls, which Events tells of.
func (r *Room) Listen() error {
	if err := r.endpoint.Listen(r.cfg.Identity.TLSConfig(quicproto.ALPN, nil, certs.AcceptAny)); err != nil {
		return err
	}
	r.routines.Add(1)
	go r.routineAccept()
	return nil
}

func (r *Room) routineAccept() {
	defer r.routines.Done()
	var greeting atomic.Int32
	for {
		in, err := r.endpoint.Accept(r.ctx)
		if err != nil {
			return
		}
		if greeting.Load() >= maxGreeting {
			in.Refuse(quicproto.CloseRefused)
			continue
		}
		greeting.Add(1)
		r.routines.Add(1)
		go func() {
			defer r.routines.Done()
			defer greeting.Add(-1)
			r.greet(in)
		}()
	}
}

// greet lets an incoming peer speak, if it is somebody.
func (r *Room) greet(in *quicproto.Incoming) {
	them, err := certs.VerifyPeer(in.TLS(), nil, time.Now())
	if err != nil {
		r.cfg.Log.Info("refused a connection", "reason", err)
		in.Refuse(quicproto.CloseIdentity)
		return
	}
	conn, err := in.Open(r.ctx)
	if err != nil {
		r.cfg.Log.Info("lost a connection before it said anything", "peer", them.ID.Short(), "reason", err)
		return
	}
	if conn == nil {
		return // a lane of a connection that we have
	}
	if context.Cause(r.ctx) != nil {
		conn.Close(quicproto.CloseNormal, "")
		return
	}
	r.newLink(conn, them.ID, false)
}

// engaged says whether the person is in a call, or being rung by somebody else
// than l. A room for two takes no third.
func (r *Room) engaged(l *Link) bool {
	for _, other := range r.Links() {
		if other != l && other.busy.Load() {
			return true
		}
	}
	return false
}
