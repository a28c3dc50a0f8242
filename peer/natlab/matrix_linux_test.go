package natlab

import (
	"fmt"
	"testing"
	"time"

	"github.com/skulltech/prattle/peer/prattletest"
	"github.com/skulltech/prattle/peer/traced"
)

// soon is within what a call must have come about, and be direct if it can.
const soon = 15 * time.Second

// A meeting is how two hosts came together.
type meeting struct {
	connected bool
	direct    bool
	lan       bool
	up        time.Duration // from the start of the caller until connected
	better    time.Duration // from then until direct
}

func (m meeting) String() string {
	switch {
	case !m.connected:
		return "not connected"
	case m.lan:
		return fmt.Sprintf("LAN, up in %s", prattletest.Brief(m.up))
	case m.direct:
		return fmt.Sprintf("direct, up in %s, direct %s later", prattletest.Brief(m.up), prattletest.Brief(m.better))
	}
	return fmt.Sprintf("relay, up in %s", prattletest.Brief(m.up))
}

// meet lets ann call bob, and watches until the call is direct on both sides or
// will not be.
func (w *world) meet(patience time.Duration, flags ...string) meeting {
	w.t.Helper()
	bob := w.listen("bob", flags...)
	began := time.Now()
	ann := w.call("ann", bob, flags...)
	defer bob.Stop()
	defer ann.Stop()
	var m meeting
	var connected, direct [2]traced.Event
	for i, s := range []*side{ann, bob} {
		var ok bool
		if connected[i], ok = s.WaitFor(patience-time.Since(began), traced.Reached("connected")); !ok {
			w.t.Logf("not connected: %s\n%s", ann.Notes(), bob.Notes())
			return m
		}
	}
	m.connected, m.up = true, connected[0].At().Sub(began)
	m.direct = true
	for i, s := range []*side{ann, bob} {
		var ok bool
		direct[i], ok = s.WaitFor(patience-time.Since(began), traced.OnPath("direct"))
		m.direct = m.direct && ok
	}
	if m.direct {
		m.better = max(direct[0].At().Sub(connected[0].At()), direct[1].At().Sub(connected[1].At()))
		m.lan = direct[0].LAN && direct[1].LAN
	}
	return m
}

// TestMatrix is the table of which routers let two hosts through to each other.
func TestMatrix(t *testing.T) {
	kinds := []Kind{NoNAT, FullCone, PortRestricted, Symmetric}
	connected, direct, could := 0, 0, 0
	for _, a := range kinds {
		for _, b := range kinds {
			t.Run(fmt.Sprintf("%v to %v", a, b), func(t *testing.T) {
				w := openWorld(t, pair(Router{Kind: a, Family: IPv4}, Router{Kind: b, Family: IPv4}))
				w.serve("server")
				m := w.meet(soon)
				prattletest.Tell(t.Name(), m.String(), "connected")
				if m.connected {
					connected++
				} else {
					t.Error("not connected")
				}
				if m.direct {
					direct++
				}
				if !hopeless(a, b) {
					could++
					if !m.direct {
						t.Error("not direct")
					}
				}
			})
		}
	}
	if prattletest.Asked() {
		prattletest.Tell("NAT matrix", fmt.Sprintf("%d of 16 direct, %d connected; %d have a way without guessing ports", direct, connected, could), "at least 13 direct, 16 connected")
	}
}

// hopeless tells of routers between which there is no way but by guessing a port.
func hopeless(a, b Kind) bool {
	return a == Symmetric && (b == Symmetric || b == PortRestricted) || b == Symmetric && a == PortRestricted
}

// TestHardPlaces are those that the matrix has not.
func TestHardPlaces(t *testing.T) {
	home := func(name, via string) Router { return Router{Name: name, Kind: PortRestricted, Via: via, Family: IPv4} }
	provider := func(name string, hairpin bool) Router {
		return Router{Name: name, Kind: PortRestricted, Family: IPv4, Hairpin: hairpin}
	}
	hosts := func(a, b string) []Host { return []Host{{"ann", []string{a}}, {"bob", []string{b}}} }
	for _, c := range []struct {
		name     string
		topology Topology
		want     string // direct, lan, relay; at least
	}{
		{"double NAT to port-restricted", Topology{Routers: []Router{provider("isp", false), home("a", "isp"), home("b", "")}, Hosts: hosts("a", "b")}, "direct"},
		{"double NAT both, two providers", Topology{Routers: []Router{provider("isp", false), provider("isp2", false), home("a", "isp"), home("b", "isp2")}, Hosts: hosts("a", "b")}, "direct"},
		{"double NAT both, one provider that hairpins", Topology{Routers: []Router{provider("isp", true), home("a", "isp"), home("b", "isp")}, Hosts: hosts("a", "b")}, "direct"},
		{"double NAT both, one provider that does not", Topology{Routers: []Router{provider("isp", false), home("a", "isp"), home("b", "isp")}, Hosts: hosts("a", "b")}, "relay"},
		{"both behind one router", Topology{Routers: []Router{home("a", "")}, Hosts: hosts("a", "a")}, "lan"},
		{"both in one café, which hairpins", Topology{Routers: []Router{{Name: "a", Kind: PortRestricted, Hairpin: true, Isolated: true, Family: IPv4}}, Hosts: hosts("a", "a")}, "direct"},
		{"both in one café, which does not", Topology{Routers: []Router{{Name: "a", Kind: PortRestricted, Isolated: true, Family: IPv4}}, Hosts: hosts("a", "a")}, "relay"},
		{"address-restricted to symmetric", pair(Router{Kind: AddressRestricted, Family: IPv4}, Router{Kind: Symmetric, Family: IPv4}), "direct"},
		{"symmetric to symmetric, with IPv6", pair(Router{Kind: Symmetric}, Router{Kind: Symmetric}), "direct"},
		{"IPv6 only to IPv6 only", pair(Router{Kind: PortRestricted, Family: IPv6}, Router{Kind: PortRestricted, Family: IPv6}), "direct"},
		{"IPv6 only to IPv4 only", pair(Router{Kind: PortRestricted, Family: IPv6}, Router{Kind: PortRestricted, Family: IPv4}), "relay"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := openWorld(t, c.topology)
			w.serve("server")
			patience := soon
			if c.want == "relay" {
				patience = 10 * time.Second // nothing better is to come
			}
			m := w.meet(patience)
			prattletest.Tell(t.Name(), m.String(), c.want)
			if !m.connected || c.want != "relay" && !m.direct || c.want == "lan" && !m.lan {
				t.Errorf("%v, want %s", m, c.want)
			}
		})
	}
}
