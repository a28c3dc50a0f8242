package natlab

import (
	"fmt"
	"testing"
	"time"

	"github.com/skulltech/prattle/peer/prattletest"
	"github.com/skulltech/prattle/peer/traced"
)

// TestTwoServers has two peers meet who are registered at different servers, of
// which one then dies.
func TestTwoServers(t *testing.T) {
	home := Router{Kind: PortRestricted, Family: IPv4}
	topology := pair(home, home)
	topology.Hosts = append(topology.Hosts, Host{"second", []string{centre}}, Host{"nats", []string{centre}})
	topology.Names = map[string][]string{"servers": {"server", "second"}}
	w := openWorld(t, topology)
	nats := w.startNATS("nats")
	second := w.serve("second", "--nats", nats)
	either := second.id + "@servers.example"
	bob := w.listen("bob", "--server", either)
	w.serve("server", "--nats", nats, "--identity", second.identity()) // now the name leads to two
	ann := w.call("ann", bob)
	w.mustConnect(ann, bob)
	w.waitForPath("direct", ann, bob)
	at := time.Now()
	second.kill()
	o := w.weigh(at, ann, bob)
	prattletest.Tell("two prattled on one NATS, the callee's killed", fmt.Sprintf("goes on: %v, without sound %s", o.lasted, prattletest.Brief(o.gap)), "nothing lost")
	if !o.lasted || o.gap > time.Second {
		t.Error("ended, or by far too long without sound")
	}
	ann.Stop()
	bob.WaitFor(20*time.Second, traced.Reached("ended"))
	w.reachable(bob)
}

// TestStandIns uses coturn for STUN and TURN, and prattled for the rendezvous alone.
func TestStandIns(t *testing.T) {
	for _, c := range []struct {
		name string
		kind Kind
		path string
		url  string
	}{
		{"direct by its STUN", PortRestricted, "direct", ""},
		{"relayed over UDP", Symmetric, "relay", "turn:%s@second.example"},
		{"relayed over TCP, port 443", Symmetric, "relay", "turn:%s@second.example:443?transport=tcp"},
	} {
		t.Run(c.name, func(t *testing.T) {
			topology := pair(Router{Kind: c.kind, Family: IPv4}, Router{Kind: Symmetric, Family: IPv4})
			if c.path == "direct" {
				topology.Routers[1].Kind = PortRestricted
			}
			topology.Hosts = append(topology.Hosts, Host{"second", []string{centre}})
			w := openWorld(t, topology)
			w.serveOnly("server")
			w.startCoturn("second")
			flags := []string{"--stun", "second.example"}
			if c.url != "" {
				flags = append(flags, "--turn", fmt.Sprintf(c.url, coturnUser))
			}
			m := w.meet(10*time.Second, flags...)
			prattletest.Tell("coturn: "+c.name, m.String(), c.path)
			if !m.connected || m.direct != (c.path == "direct") {
				t.Errorf("%v, want %s", m, c.path)
			}
		})
	}
}
