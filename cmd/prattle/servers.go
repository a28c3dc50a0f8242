package main

import (
	"context"
	"slices"
	"sync"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/quicproto"
	"github.com/skulltech/prattle/quicproto/rendezvous"
)

// servers are the rendezvous of a session, each with a client that stays registered.
type servers struct {
	session *session
	ctx     context.Context
	cancel  context.CancelFunc

	mu       sync.Mutex
	clients  map[certs.Server]*rendezvous.Client
	routines sync.WaitGroup
}

func newServers(s *session) *servers {
	ctx, cancel := context.WithCancel(context.Background())
	return &servers{session: s, ctx: ctx, cancel: cancel, clients: make(map[certs.Server]*rendezvous.Client)}
}

// enlist registers at a rendezvous, once.
func (v *servers) enlist(server certs.Server) *rendezvous.Client {
	v.mu.Lock()
	defer v.mu.Unlock()
	if c := v.clients[server]; c != nil {
		return c
	}
	var c *rendezvous.Client
	c = rendezvous.NewClient(rendezvous.ClientConfig{
		Identity: v.session.settings.id,
		Server:   server.Addr,
		ServerID: server.ID,
		Handle:   func(m rendezvous.Mail) { v.session.room.Receive(c, m) },
		Log:      v.session.log,
	})
	v.clients[server] = c
	v.routines.Go(func() { c.Run(v.ctx) })
	v.routines.Go(func() { v.watch(c, server) })
	return c
}

// enlist registers at all rendezvous that the person has named.
func (s *session) enlist() {
	list, _ := parseServers(s.settings.servers) // checked
	s.servers.exchanges(list)
}

// exchanges registers at each of the servers.
func (v *servers) exchanges(list []certs.Server) (all []peer.Exchange) {
	for _, server := range list {
		all = append(all, v.enlist(server))
	}
	return all
}

// watch passes on what a rendezvous offers besides, and tells once whether others
// can reach us there.
func (v *servers) watch(c *rendezvous.Client, server certs.Server) {
	var told, registered bool
	for {
		changed := c.Changed()
		v.offer()
		state := c.State()
		switch {
		case state.Registered && !registered:
			v.session.console.printf("registered at %s", server.Addr+overTLS(state))
			told = false
		case !state.Registered && state.Err != nil && !told:
			v.session.console.printf("prattle: warning: %s: %v", server.Addr, state.Err)
			told = true
		}
		registered = state.Registered
		select {
		case <-changed:
		case <-v.ctx.Done():
			return
		}
	}
}

// overTLS says of a rendezvous where we are registered that it takes TLS.
func overTLS(s rendezvous.State) string {
	if s.TLS {
		return " over TLS: nothing came back over UDP"
	}
	return ""
}

// offer gives the room the servers that there are to help.
func (v *servers) offer() { v.session.room.SetServers(v.offered()) }

// offered are the STUN and TURN servers that all rendezvous name, besides those of
// the command line.
func (v *servers) offered() (stun []string, turn []quicproto.TURNServer) {
	f := &v.session.settings.reachFlags
	stun = slices.Clone(f.stun)
	turn, _ = parseRelays(f.turn) // checked
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range v.clients {
		services := c.Services()
		stun = append(stun, services.STUN...)
		for _, t := range services.TURN {
			turn = append(turn, quicproto.TURNServer{URL: t.URL, Username: t.Username, Password: t.Password})
		}
	}
	return stun, turn
}

// moved has all rendezvous learn where we are now, at once.
func (v *servers) moved() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range v.clients {
		c.Kick()
	}
}

func (v *servers) close() {
	v.cancel()
	v.routines.Wait()
}
