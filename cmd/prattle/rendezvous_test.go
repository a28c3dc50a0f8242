package main

import (
	"context"
	"net"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto/rendezvous"
)

// startRendezvous NAME starts a rendezvous on loopback until the script ends. $NAME
// is its PEERID@HOST:PORT.
func startRendezvous(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: start-rendezvous NAME")
	}
	id, err := certs.New()
	ts.Check(err)
	server, err := rendezvous.NewServer(rendezvous.ServerConfig{Identity: id})
	ts.Check(err)
	socket, err := net.ListenPacket("udp4", "127.0.0.1:0")
	ts.Check(err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		server.Serve(ctx, socket)
	}()
	ts.Defer(func() {
		cancel()
		<-ended
	})
	ts.Setenv(args[0], id.ID().String()+"@"+socket.LocalAddr().String())
}
