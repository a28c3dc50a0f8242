package main

import (
	"log/slog"
	"net"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
)

// serverPort is the UDP port of a rendezvous, one after our own.
const serverPort = "7729"

// reachFlags say by what means a call comes about beyond an address.
type reachFlags struct {
	servers   []string
	stun      []string
	turn      []string
	relayOnly bool
	noRelay   bool
	lan       bool
}

func (f *reachFlags) register(c *cobra.Command) {
	s := c.Flags()
	s.StringArrayVar(&f.servers, "server", nil, "`[PEERID@]HOST[:PORT]` of a rendezvous (prattled), where peers without an address find each other; may be repeated")
	s.StringArrayVar(&f.stun, "stun", nil, "STUN server `HOST[:PORT]` to use too; may be repeated")
	s.StringArrayVar(&f.turn, "turn", nil, "relay `turn:[USER:PASSWORD@]HOST[:PORT]` (or turns:) to use too; may be repeated")
	s.BoolVar(&f.relayOnly, "relay-only", false, "hide your address: nothing goes to the other side but through a relay")
	s.BoolVar(&f.noRelay, "no-relay", false, "use no relay")
	f.registerLAN(c)
}

func (f *reachFlags) registerLAN(c *cobra.Command) {
	c.Flags().BoolVar(&f.lan, "lan", false, "send nothing beyond the local network")
}

// check finds flags that contradict each other.
func (f *reachFlags) check() error {
	switch {
	case f.relayOnly && f.noRelay:
		return usage("leave one of them away", "--relay-only and --no-relay contradict each other")
	case f.lan && (f.relayOnly || len(f.servers)+len(f.stun)+len(f.turn) > 0):
		return usage("--lan uses no server", "--lan and a server or relay contradict each other")
	case f.relayOnly && len(f.servers)+len(f.turn) == 0:
		return usage("--server names a rendezvous, which has one; --turn any other", "--relay-only needs a relay")
	}
	if _, err := parseServers(f.servers); err != nil {
		return usage("it takes HOST, HOST:PORT or, as prattled prints it, PEERID@HOST:PORT", "--server: %w", err)
	}
	_, err := parseRelays(f.turn)
	return err
}

// parseServers reads [PEERID@]HOST[:PORT].
func parseServers(list []string) (servers []certs.Server, err error) {
	for _, s := range list {
		who, addr, pinned := strings.Cut(s, "@")
		if !pinned {
			who, addr = "", s
		}
		addr = withDefaultPort(addr, serverPort)
		if pinned {
			addr = who + "@" + addr
		}
		server, err := certs.ParseServer(addr)
		if err != nil {
			return nil, err
		}
		servers = append(servers, server)
	}
	return servers, nil
}

// parseRelays takes USER:PASSWORD@ out of the URLs of relays.
func parseRelays(list []string) (relays []quicproto.TURNServer, err error) {
	for _, s := range list {
		scheme, rest, ok := strings.Cut(s, ":")
		if !ok || scheme != "turn" && scheme != "turns" {
			return nil, usage("it takes turn:USER:PASSWORD@HOST[:PORT] or turns:…", "--turn: not the URL of a relay")
		}
		relay := quicproto.TURNServer{URL: s}
		if at := strings.LastIndexByte(rest, '@'); at >= 0 {
			relay.Username, relay.Password, _ = strings.Cut(rest[:at], ":")
			relay.URL = scheme + ":" + rest[at+1:]
		}
		relays = append(relays, relay)
	}
	return relays, nil
}

// gather is how the room finds out where it can be reached.
func (f *reachFlags) gather(log *slog.Logger) *quicproto.GatherConfig {
	turn, _ := parseRelays(f.turn) // checked
	return &quicproto.GatherConfig{
		STUN: f.stun, TURN: turn, RelayOnly: f.relayOnly, NoRelay: f.noRelay, LANOnly: f.lan,
		NoPortMapping: len(f.servers) == 0, Log: log,
	}
}

// withDefaultPort adds a port to a host that has none.
func withDefaultPort(host, port string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), port)
}
