package main

import (
	"context"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto"
	"github.com/skulltech/prattle/quicproto/rendezvous"
)

// meetingPoint is what netcheck found out about one rendezvous.
type meetingPoint struct {
	server   certs.Server
	ready    time.Duration // until others could reach us there
	tls      bool          // they can because it is reached over TLS
	services rendezvous.Services
	err      error // why not; nil if all went well
}

// rendezvousPatience is how long a rendezvous has to answer, over UDP and, a second
// later, over TLS.
const rendezvousPatience = 7 * time.Second

// servicesPatience is how long one where we are registered has to name its services:
// it may have none.
const servicesPatience = time.Second

// lookAt registers at a rendezvous for as long as it takes.
func lookAt(ctx context.Context, id *certs.Identity, server certs.Server) meetingPoint {
	ctx, cancel := context.WithTimeout(ctx, rendezvousPatience)
	c := rendezvous.NewClient(rendezvous.ClientConfig{
		Identity: id, Server: server.Addr, ServerID: server.ID, Handle: func(rendezvous.Mail) {},
	})
	begun, ended := time.Now(), make(chan struct{})
	go func() {
		defer close(ended)
		c.Run(ctx)
	}()
	defer func() {
		cancel()
		<-ended
	}()
	p := meetingPoint{server: server, err: rendezvous.ErrUnreachable}
	for ctx.Err() == nil {
		changed := c.Changed()
		state := c.State()
		p.services = c.Services()
		switch {
		case state.Registered && p.ready == 0:
			p.ready, p.tls, p.err = time.Since(begun), state.TLS, nil
			time.AfterFunc(servicesPatience, cancel)
		case state.Registered && len(p.services.STUN)+len(p.services.TURN) > 0:
			return p
		case state.Err != nil:
			p.err = state.Err
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return p
}

// use adds the servers that a rendezvous names to those to be looked at.
func (p *meetingPoint) use(servers *quicproto.NetcheckConfig) {
	servers.STUN = append(servers.STUN, p.services.STUN...)
	for _, t := range p.services.TURN {
		servers.TURN = append(servers.TURN, quicproto.TURNServer{URL: t.URL, Username: t.Username, Password: t.Password})
	}
}

// words says how a rendezvous does.
func (p *meetingPoint) words() string {
	if p.err != nil {
		return media.CleanText(p.err.Error(), 200)
	}
	words := "others can reach this machine there after " + inMilliseconds(p.ready)
	if p.tls {
		words += ", over TLS alone: nothing came back from it over UDP"
	}
	return words
}

// meetingPointJSON is a meetingPoint as `prattle netcheck --json` prints it.
type meetingPointJSON struct {
	Server    string  `json:"server"`
	OK        bool    `json:"ok"`
	Transport string  `json:"transport,omitempty"` // udp, tls
	Ready     float64 `json:"ready_ms,omitempty"`
	Error     string  `json:"error,omitempty"`
}

func (p *meetingPoint) json() meetingPointJSON {
	if p.err != nil {
		return meetingPointJSON{Server: p.server.Addr, Error: media.CleanText(p.err.Error(), 200)}
	}
	transport := "udp"
	if p.tls {
		transport = "tls"
	}
	return meetingPointJSON{Server: p.server.Addr, OK: true, Transport: transport, Ready: milliseconds(p.ready)}
}
