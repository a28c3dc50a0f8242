package peer

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
)

// Listen begins to take calls, which Events tells of.
func (r *Room) Listen() error {
	if err := r.endpoint.Listen(r.listenConfig()); err != nil {
		return err
	}
	r.routines.Add(1)
	go r.routineAccept()
	return nil
}

// listenConfig decides on a peer in the handshake: whoever is blocked gets no
// further, and leaves no trace; of others that fail, a line in the debug log.
func (r *Room) listenConfig() *tls.Config {
	conf := r.tlsConfig(r.notBlocked)
	verify := conf.VerifyConnection
	conf.VerifyConnection = func(cs tls.ConnectionState) error {
		err := verify(cs)
		if err != nil && err != certs.ErrBlockedPeer {
			r.cfg.Log.Debug("refused a connection", "reason", err)
		}
		return err
	}
	return conf
}

func (r *Room) tlsConfig(accept func(certs.Peer) error) *tls.Config {
	return r.cfg.Identity.TLSConfig(quicproto.ALPN, r.cfg.Authorities, accept)
}

// notBlocked accepts whoever may at least knock.
func (r *Room) notBlocked(p certs.Peer) error {
	if r.admission(p) == AdmitNever {
		return certs.ErrBlockedPeer
	}
	return nil
}

func (r *Room) routineAccept() {
	defer r.routines.Done()
	for {
		in, err := r.endpoint.Accept(r.ctx)
		if err != nil {
			return
		}
		r.welcome(in)
	}
}

// welcome lets an incoming peer in, if there is room for it.
func (r *Room) welcome(in *quicproto.Incoming) {
	them, err := certs.VerifyPeer(in.TLS(), r.cfg.Authorities, time.Now())
	if err == nil && them.ID == r.cfg.Identity.ID() && r.isOurs(in.RemoteAddr()) {
		err = ErrSelf
	}
	if err != nil {
		r.cfg.Log.Debug("refused a connection", "reason", err)
		in.Refuse(quicproto.CloseIdentity)
		return
	}
	admission := r.admission(them) // now that the key is proven
	if admission == AdmitNever {
		in.Refuse(quicproto.CloseRefused)
		return
	}
	g := &guest{peer: them.ID, source: in.Source(), friend: admission == AdmitRing}
	r.mu.Lock()
	g.friend = g.friend || r.line.talksTo(them.ID)
	entered := r.lobby.enter(g)
	r.mu.Unlock()
	if !entered {
		in.Refuse(quicproto.CloseBusy)
		return
	}
	r.routines.Add(1)
	go func() {
		defer r.routines.Done()
		r.greet(in, them, admission, g)
	}()
}

// greet lets a peer speak who has proved its key.
func (r *Room) greet(in *quicproto.Incoming, them certs.Peer, admission Admission, g *guest) {
	conn, err := in.Open(r.ctx)
	if err != nil || conn == nil || context.Cause(r.ctx) != nil {
		r.mu.Lock()
		r.lobby.leave(g)
		r.mu.Unlock()
	}
	switch {
	case err != nil:
		r.cfg.Log.Debug("lost a connection before it said anything", "peer", them.ID.Short(), "reason", err)
	case conn == nil: // a lane of a connection that we have
	case context.Cause(r.ctx) != nil:
		conn.Close(quicproto.CloseNormal, "")
	default:
		r.takeCall(conn, them, admission, g)
	}
}

// takeCall makes a link of an incoming connection.
func (r *Room) takeCall(conn *quicproto.Conn, them certs.Peer, admission Admission, g *guest) {
	var price int
	if admission == AdmitStranger {
		price = puzzleBits
	}
	l := r.newLink(conn, them, newCall(time.Now(), r.hello(conn), nil, price))
	l.guest = g
	l.meet(r.meetingOn(conn.Route()))
	l.party = &party{peer: them.ID, admission: admission, link: l, wake: l.rouse}
	r.mu.Lock()
	r.line.greet(l.party)
	r.mu.Unlock()
	l.start()
}
