package natlab

import (
	"fmt"
	"testing"
	"time"

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
	for range *runs {
		bob := w.listen("bob", smallPicture...)
		ann := w.call("ann", bob, append([]string{"--speaker", "file:" + w.dir + "/ann.wav"}, smallPicture...)...)
		w.mustConnect(ann, bob)
		accepted, _ := bob.read().first(reached("connected"))
		w.after(3 * time.Second)
		first, ok := ann.waitFor(5*time.Second, func(e event) bool { return e.Ev == "show" })
		if !ok {
			t.Fatalf("no picture came\n%s", ann.Notes())
		}
		picture = append(picture, first.at().Sub(accepted.at()))
		ann.Stop()
		bob.Stop()
		heard, err := firstSound(w.dir+"/ann.wav", ann.read())
		if err != nil {
			t.Fatal(err)
		}
		sound = append(sound, heard.Sub(accepted.at()))
		if _, path := ann.read().now(); path != "relay" {
			t.Errorf("the call took the path %q", path)
		}
	}
	tell("first sound over the relay, 100 ms", spread(sound), "p95 0.7 s")
	tell("first picture over the relay, 100 ms", spread(picture), "p95 1.2 s")
	if percentile(sound, 0.5) > 1500*time.Millisecond || percentile(picture, 0.5) > 2500*time.Millisecond {
		t.Error("by far too late")
	}
}

// TestRelayToDirect times how a call finds a better path, from its beginning, and
// from when there first is one, and what the change costs.
func TestRelayToDirect(t *testing.T) {
	var atOnce, later []time.Duration
	relayed, lost, freezes := 0, 0, 0
	for i := range *runs {
		t.Run(fmt.Sprint("run ", i+1), func(t *testing.T) {
			direct := steady(t, func(t *testing.T) betterPath { return findDirect(t, false) })
			change := steady(t, func(t *testing.T) betterPath { return findDirect(t, true) })
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
	tell("direct after connected, port-restricted both, 100 ms", fmt.Sprintf("%s; %d began on the relay", spread(atOnce), relayed), "p95 2 s")
	tell("relay to direct in a call, likewise, after the path opens", fmt.Sprintf("%s; at most %d audio frames lost, %d freezes", spread(later), lost, freezes), "p95 2 s, 1 frame, no freeze")
	if percentile(atOnce, 0.5) > 4*time.Second || percentile(later, 0.5) > 10*time.Second || lost > 10 {
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
	connected, _ := ann.read().first(reached("connected"))
	p.relayed = connected.Path == "relay"
	from := connected.at()
	if closed {
		w.after(4 * time.Second)
		from = time.Now()
		w.openPath("a", "b")
	}
	for _, s := range []*side{ann, bob} {
		direct, ok := s.waitFor(40*time.Second, onPath("direct"))
		if !ok {
			t.Fatalf("never direct\n%s", s.Notes())
		}
		p.took = max(p.took, direct.at().Sub(from))
	}
	w.after(3 * time.Second)
	for _, s := range []*side{ann, bob} {
		direct, _ := s.read().first(onPath("direct"))
		before, after := s.read().across(direct.at(), aftermath)
		p.gap = max(p.gap, s.read().gap(direct.at(), aftermath))
		p.freezes += int(after.Freezes - before.Freezes)
	}
	return p
}

// closePath has routers let in nothing but what the servers send.
func (w *world) closePath(routers ...string) {
	w.t.Helper()
	servers := w.topology.subnet4(w.topology.router(centre))
	for _, r := range routers {
		w.must(run(w.Router(r).Namespace, fmt.Sprintf(`table ip closed {
	chain prerouting {
		type filter hook prerouting priority raw
		iifname "wan" ip saddr != %s drop
	}
}`, servers), "nft", "-f", "-"))
	}
}

// openPath undoes closePath.
func (w *world) openPath(routers ...string) {
	w.t.Helper()
	for _, r := range routers {
		w.must(run(w.Router(r).Namespace, "delete table ip closed", "nft", "-f", "-"))
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
	for range *runs {
		bob := w.listen("bob")
		began := time.Now()
		ann := w.callTo("ann", fmt.Sprintf("%s@%s:%d", bob.id, w.Host("bob").Addrs("b")[0], 7728))
		if connected, ok := ann.waitFor(30*time.Second, reached("connected")); ok {
			took = append(took, connected.at().Sub(began))
		} else {
			t.Logf("not connected: %s", ann.Notes())
		}
		ann.Stop()
		if _, ok := bob.waitFor(3*time.Second, reached("ended")); ok {
			farewells++
		}
		bob.Stop()
	}
	tell("handshake at 30 % loss both ways", fmt.Sprintf("%d of %d, %s", len(took), *runs, spread(took)), "all, p95 10 s")
	tell("hanging up at 30 % loss is heard of within 3 s", fmt.Sprintf("%d of %d", farewells, *runs), "all")
	if len(took) < *runs || percentile(took, 0.5) > 10*time.Second {
		t.Error("not connected, or by far too late")
	}
}
