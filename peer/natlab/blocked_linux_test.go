package natlab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/skulltech/prattle/peer/prattletest"
	"github.com/skulltech/prattle/peer/traced"
)

// A blockade is where UDP does not come through, neither out nor in.
type blockade struct {
	name   string
	caller Kind
	callee Kind
}

var blockades = []blockade{
	{"on both sides", Blocked, Blocked},
	{"at the caller", Blocked, PortRestricted},
	{"at the callee", PortRestricted, Blocked},
	{"at the caller, the callee's NAT is symmetric", Blocked, Symmetric},
}

// TestBlockedUDP has peers call each other by name through a server of which they know
// the name alone, where UDP is blocked on one side or both.
func TestBlockedUDP(t *testing.T) {
	for _, b := range blockades {
		t.Run(b.name, func(t *testing.T) {
			w := openWorld(t, pair(far(b.caller), far(b.callee)))
			w.serve("server", "--metrics", metricsAddr)
			var all beginnings
			for range prattletest.Runs() {
				if !all.add(w, b) {
					return
				}
			}
			what := "UDP blocked " + b.name
			prattletest.Tell(what+": callee from its start to registered", prattletest.Spread(all.registered), "p95 2.5 s")
			prattletest.Tell(what+": caller from its start to connected", prattletest.Spread(all.connected), "p95 3 s")
			prattletest.Tell(what+": caller from its start to the first sound", prattletest.Spread(all.sound), "p95 4 s")
			prattletest.Tell(what+": caller from its start to the first picture", prattletest.Spread(all.picture), "p95 4 s")
			if prattletest.Percentile(all.sound, 0.5) > 8*time.Second || prattletest.Percentile(all.picture, 0.5) > 10*time.Second {
				t.Error("by far too late")
			}
		})
	}
}

// beginnings are how calls began: how long the callee took to register, and the
// caller from its start to what came then.
type beginnings struct{ registered, connected, sound, picture []time.Duration }

// add makes a call, and says whether it came about.
func (all *beginnings) add(w *world, b blockade) bool {
	w.t.Helper()
	sound := w.dir + "/ann.wav"
	began := time.Now()
	bob := w.listen("bob", smallPicture...)
	all.registered = append(all.registered, time.Since(began))
	defer bob.Stop()
	began = time.Now()
	ann := w.call("ann", bob, append([]string{"--speaker", "file:" + sound}, smallPicture...)...)
	defer ann.Stop()
	w.mustConnect(ann, bob)
	for s, kind := range map[*side]Kind{ann: b.caller, bob: b.callee} {
		if told := strings.Contains(s.Notes(), "over TLS: nothing came back over UDP"); told != (kind == Blocked) {
			w.t.Errorf("%v: is told that UDP is blocked: %v\n%s", kind, told, s.Notes())
		}
	}
	prattletest.After(w.t, 3*time.Second)
	picture, ok := ann.WaitFor(5*time.Second, func(e traced.Event) bool { return e.Ev == "show" })
	if !ok {
		w.t.Errorf("no picture came\n%s", ann.Notes())
		return false
	}
	w.checkTransports(b)
	connected, _ := ann.Trace().First(traced.Reached("connected"))
	_, path := ann.Trace().Now()
	ann.Stop()
	heard, err := firstSound(sound, ann.Trace())
	if err != nil || path != "relay" {
		w.t.Errorf("the call took the path %q: %v", path, err)
		return false
	}
	all.connected = append(all.connected, connected.At().Sub(began))
	all.sound = append(all.sound, heard.Sub(began))
	all.picture = append(all.picture, picture.At().Sub(began))
	return true
}

// checkTransports waits until what the server counts agrees with who has UDP: what is
// replaced goes on for a while.
func (w *world) checkTransports(b blockade) {
	w.t.Helper()
	over := map[bool]int{}
	over[b.caller == Blocked]++
	over[b.callee == Blocked]++
	for deadline := time.Now().Add(30 * time.Second); ; prattletest.After(w.t, 200*time.Millisecond) {
		secure, quic := w.counted(`prattled_rendezvous_connections{transport="tls"}`), w.counted(`prattled_rendezvous_connections{transport="quic"}`)
		if secure == over[true] && quic == over[false] {
			return
		}
		if time.Now().After(deadline) {
			w.t.Errorf("%d clients are connected over TLS and %d over QUIC, want %d and %d", secure, quic, over[true], over[false])
			return
		}
	}
}

// metricsAddr is where a server in a lab shows its counts.
const metricsAddr = "127.0.0.1:9729"

// counted is a count of the server.
func (w *world) counted(name string) int {
	w.t.Helper()
	var page []byte
	w.must(w.Host("server").Do(func() (err error) {
		page, err = fetch(w.ctx, metricsAddr, "/metrics")
		return err
	}))
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\d+)$`).FindSubmatch(page)
	if found == nil {
		w.t.Fatalf("the server does not count %s:\n%s", name, page)
	}
	n, err := strconv.Atoi(string(found[1]))
	w.must(err)
	return n
}

// fetch asks for a page in the goroutine that calls it: others are elsewhere.
func fetch(ctx context.Context, addr, path string) (page []byte, err error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp4", addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if _, err = io.WriteString(c, "GET "+path+" HTTP/1.0\r\n\r\n"); err != nil {
		return nil, err
	}
	page, err = io.ReadAll(c)
	return page, errors.Join(err, ctx.Err())
}

// TestBlockedUDPIsTold has callers without UDP fail for want of what a server might
// offer, which they are told.
func TestBlockedUDPIsTold(t *testing.T) {
	for _, c := range []struct {
		name  string
		flags []string // of the server
		told  string
	}{
		{"no TLS", []string{"--relay", ":3478"}, "the rendezvous does not answer over UDP, and offers no TLS on port 443"},
		{"no relay over TLS", []string{"--relay", ":3478", "--listen-tls", ":443"}, "UDP does not come through here, and the server offers no relay over TLS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := openWorld(t, pair(Router{Kind: Blocked, Family: IPv4}, Router{Family: IPv4}))
			for _, network := range documentation {
				c.flags = append(c.flags, "--relay-allow", network)
			}
			w.serveOnly("server", c.flags...)
			bob := w.listen("bob")
			defer bob.Stop()
			ann := w.call("ann", bob)
			defer ann.Stop()
			select {
			case <-ann.Exited():
			case <-time.After(time.Minute):
			}
			_, connected := ann.Trace().First(traced.Reached("connected"))
			told := strings.Contains(ann.Notes(), c.told)
			prattletest.Tell(t.Name(), fmt.Sprintf("connected: %v, told: %v", connected, told), "told")
			if connected || !told {
				t.Errorf("the caller is told %s", ann.Notes())
			}
		})
	}
}

// TestBlockedUDPInNetcheck has netcheck look at a server from where UDP is blocked,
// and from where it is not.
func TestBlockedUDPInNetcheck(t *testing.T) {
	w := openWorld(t, pair(Router{Kind: Blocked, Family: IPv4}, Router{Kind: PortRestricted, Family: IPv4}))
	w.serve("server")
	for host, want := range map[string][]string{
		"ann": {"over TLS alone: nothing came back from it over UDP", "does not come through: calls take a relay over TCP or TLS", "over tls"},
		"bob": {"others can reach this machine there after", "comes through"},
	} {
		id := w.newSide().Identity
		p := w.run(host, "", w.environment(), nil, w.prattle, "netcheck", "--probes", "3", "--identity", id, "--server", w.server)
		if err := p.Wait(); err != nil {
			t.Errorf("%s: %v", host, err)
		}
		out := string(p.Output())
		missing := slices.DeleteFunc(want, func(s string) bool { return strings.Contains(out, s) })
		if len(missing) > 0 || host == "bob" && strings.Contains(out, "TLS alone") {
			t.Errorf("%s is not told %q:\n%s", host, missing, out)
		}
	}
}

// TestOutOfBlockedNetwork has the caller leave, in a call, a Wi-Fi that blocks UDP for
// a phone that does not: the call becomes direct, and the rendezvous is reached over
// UDP again.
func TestOutOfBlockedNetwork(t *testing.T) {
	o := prattletest.Steady(t, func(t *testing.T) outcome {
		topology := roaming(IPv4, IPv4)
		topology.Routers[0].Kind = Blocked
		topology.Routers[2].Family = IPv4
		w := openWorld(t, topology)
		w.serve("server", "--metrics", metricsAddr)
		w.must(w.Host("ann").Leave("phone"))
		bob := w.listen("bob")
		ann := w.call("ann", bob)
		w.mustConnect(ann, bob)
		w.waitForPath("relay", ann, bob)
		w.checkTransports(blockade{"", Blocked, PortRestricted})
		at := time.Now()
		w.must(w.Host("ann").Leave("wifi"))
		prattletest.After(w.t, offline)
		w.must(w.Host("ann").Join("phone"))
		w.waitForPath("direct", ann, bob)
		o := w.weigh(at, ann, bob)
		w.checkTransports(blockade{"", PortRestricted, PortRestricted})
		return o
	})
	prattletest.Tell(t.Name(), fmt.Sprintf("goes on: %v, without sound %s", o.lasted, prattletest.Brief(o.gap)), prattletest.Brief(offline+300*time.Millisecond))
	if !o.lasted || o.gap > offline+3*time.Second {
		t.Error("ended, or by far too long without sound")
	}
}
