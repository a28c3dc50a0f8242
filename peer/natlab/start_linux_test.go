package natlab

import (
	"fmt"
	"testing"
	"time"

	"github.com/skulltech/prattle/peer/prattletest"
	"github.com/skulltech/prattle/peer/traced"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// far is a router from which the internet is 25 ms away: two of them are 100 ms
// there and back from each other, by whatever path.
func far(k Kind) Router {
	return Router{Kind: k, Family: IPv4, Link: quictest.Link{Delay: 25 * time.Millisecond}}
}

// smallPicture is what a call sends where its picture is measured.
var smallPicture = []string{"--video", "test", "--video-size", "320x180", "--fps", "30"}

// TestStartOverRelay times the first sound and picture where there is no path but
// the relay.
func TestStartOverRelay(t *testing.T) {
	w := openWorld(t, pair(far(Symmetric), far(Symmetric)))
	w.serve("server")
	var sound, picture []time.Duration
	for range prattletest.Runs() {
		bob := w.listen("bob", smallPicture...)
		ann := w.call("ann", bob, append([]string{"--speaker", "file:" + w.dir + "/ann.wav"}, smallPicture...)...)
		w.mustConnect(ann, bob)
		accepted, _ := bob.Trace().First(traced.Reached("connected"))
		prattletest.After(w.t, 3*time.Second)
		first, ok := ann.WaitFor(5*time.Second, func(e traced.Event) bool { return e.Ev == "show" })
		if !ok {
			t.Fatalf("no picture came\n%s", ann.Notes())
		}
		picture = append(picture, first.At().Sub(accepted.At()))
		ann.Stop()
		bob.Stop()
		heard, err := firstSound(w.dir+"/ann.wav", ann.Trace())
		if err != nil {
			t.Fatal(err)
		}
		sound = append(sound, heard.Sub(accepted.At()))
		if _, path := ann.Trace().Now(); path != "relay" {
			t.Errorf("the call took the path %q", path)
		}
	}
	prattletest.Tell("first sound over the relay, 100 ms", prattletest.Spread(sound), "p95 0.7 s")
	prattletest.Tell("first picture over the relay, 100 ms", prattletest.Spread(picture), "p95 1.2 s")
	if prattletest.Percentile(sound, 0.5) > 1500*time.Millisecond || prattletest.Percentile(picture, 0.5) > 2500*time.Millisecond {
		t.Error("by far too late")
	}
}

// TestRelayToDirect times how a call finds a better path, from its beginning, and
// from when there first is one, and what the change costs.
func TestRelayToDirect(t *testing.T) {
	var atOnce, later []time.Duration
	relayed, lost, freezes := 0, 0, 0
	for i := range prattletest.Runs() {
		t.Run(fmt.Sprint("run ", i+1), func(t *testing.T) {
			direct := prattletest.Steady(t, func(t *testing.T) betterPath { return findDirect(t, false) })
			change := prattletest.Steady(t, func(t *testing.T) betterPath { return findDirect(t, true) })
			atOnce, later = append(atOnce, direct.took), append(later, change.took)
			lost = max(lost, int(change.gap/audioFrame))
			freezes += change.freezes
			if direct.relayed {
				relayed++
			}
		})
	}
	if len(later) == 0 {
		return
	}
	prattletest.Tell("direct after connected, port-restricted both, 100 ms", fmt.Sprintf("%s; %d began on the relay", prattletest.Spread(atOnce), relayed), "p95 2 s")
	prattletest.Tell("relay to direct in a call, likewise, after the path opens", fmt.Sprintf("%s; at most %d audio frames lost, %d freezes", prattletest.Spread(later), lost, freezes), "p95 2 s, 1 frame, no freeze")
	if prattletest.Percentile(atOnce, 0.5) > 4*time.Second || prattletest.Percentile(later, 0.5) > 10*time.Second || lost > 10 {
		t.Error("by far too slow or lossy")
	}
}

// aftermath is how long after a change of paths packets may still be missed.
const aftermath = 300 * time.Millisecond

// A betterPath is how a call came to one.
type betterPath struct {
	relayed bool // it began on the relay
	took    time.Duration
	gap     time.Duration
	freezes int
}

// findDirect makes a call and waits until it is direct. If the path is closed at
// first, it counts from its opening.
func findDirect(t *testing.T, closed bool) (p betterPath) {
	w := openWorld(t, pair(far(PortRestricted), far(PortRestricted)))
	w.serve("server")
	if closed {
		w.closePath("a", "b")
	}
	bob := w.listen("bob", smallPicture...)
	ann := w.call("ann", bob, smallPicture...)
	w.mustConnect(ann, bob)
	connected, _ := ann.Trace().First(traced.Reached("connected"))
	p.relayed = connected.Path == "relay"
	from := connected.At()
	if closed {
		prattletest.After(w.t, 4*time.Second)
		from = time.Now()
		w.openPath("a", "b")
	}
	for _, s := range []*side{ann, bob} {
		direct, ok := s.WaitFor(40*time.Second, traced.OnPath("direct"))
		if !ok {
			t.Fatalf("never direct\n%s", s.Notes())
		}
		p.took = max(p.took, direct.At().Sub(from))
	}
	prattletest.After(w.t, 3*time.Second)
	for _, s := range []*side{ann, bob} {
		direct, _ := s.Trace().First(traced.OnPath("direct"))
		before, after := s.Trace().Across(direct.At(), aftermath)
		p.gap = max(p.gap, s.Trace().Gap(direct.At(), aftermath))
		p.freezes += int(after.Freezes - before.Freezes)
	}
	return p
}

// closePath has routers let in nothing but what the servers send.
func (w *world) closePath(routers ...string) {
	w.t.Helper()
	servers := w.topology.subnet4(w.topology.router(centre))
	for _, r := range routers {
		w.must(w.Router(r).Filter(fmt.Sprintf(`table ip closed {
	chain prerouting {
		type filter hook prerouting priority raw
		iifname "wan" ip saddr != %s drop
	}
}`, servers)))
	}
}

// openPath undoes closePath.
func (w *world) openPath(routers ...string) {
	w.t.Helper()
	for _, r := range routers {
		w.must(w.Router(r).Filter("delete table ip closed"))
	}
}

// audioFrame is the sound in a packet.
const audioFrame = 20 * time.Millisecond

// TestHandshakeThroughLoss times calls to an address while 30 % of all packets are
// lost, there and back.
func TestHandshakeThroughLoss(t *testing.T) {
	lossy := Router{Kind: PortRestricted, Family: IPv4, Link: quictest.Link{Loss: 0.3, Delay: 20 * time.Millisecond}}
	w := openWorld(t, pair(lossy, Router{Family: IPv4}))
	var took []time.Duration
	farewells := 0
	for range prattletest.Runs() {
		bob := w.listen("bob")
		began := time.Now()
		ann := w.callTo("ann", fmt.Sprintf("%s@%s:%d", bob.ID, w.Host("bob").Addrs("b")[0], 7728))
		if connected, ok := ann.WaitFor(30*time.Second, traced.Reached("connected")); ok {
			took = append(took, connected.At().Sub(began))
		} else {
			t.Logf("not connected: %s", ann.Notes())
		}
		ann.Stop()
		if _, ok := bob.WaitFor(3*time.Second, traced.Reached("ended")); ok {
			farewells++
		}
		bob.Stop()
	}
	prattletest.Tell("handshake at 30 % loss both ways", fmt.Sprintf("%d of %d, %s", len(took), prattletest.Runs(), prattletest.Spread(took)), "all, p95 10 s")
	prattletest.Tell("hanging up at 30 % loss is heard of within 3 s", fmt.Sprintf("%d of %d", farewells, prattletest.Runs()), "all")
	if len(took) < prattletest.Runs() || prattletest.Percentile(took, 0.5) > 10*time.Second {
		t.Error("not connected, or by far too late")
	}
}
