package main

import (
	"net"

	"github.com/pion/turn/v5"
	"github.com/rogpeppe/go-internal/testscript"
)

// startRelay NAME starts a relay on loopback, which knows alice with the password
// secret, until the script ends. $NAME is its HOST:PORT. It is a STUN server too.
func startRelay(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: start-relay NAME")
	}
	streams, err := net.Listen("tcp4", "127.0.0.1:0")
	ts.Check(err)
	packets, err := net.ListenPacket("udp4", streams.Addr().String())
	ts.Check(err)
	relays := &turn.RelayAddressGeneratorNone{Address: "127.0.0.1"}
	server, err := turn.NewServer(turn.ServerConfig{
		Realm: "test",
		AuthHandler: func(r *turn.RequestAttributes) (string, []byte, bool) {
			return r.Username, turn.GenerateAuthKey("alice", r.Realm, "secret"), r.Username == "alice"
		},
		PacketConnConfigs: []turn.PacketConnConfig{{PacketConn: packets, RelayAddressGenerator: relays}},
		ListenerConfigs:   []turn.ListenerConfig{{Listener: streams, RelayAddressGenerator: relays}},
	})
	ts.Check(err)
	ts.Defer(func() { server.Close() })
	ts.Setenv(args[0], packets.LocalAddr().String())
}
