package natlab

import (
	"fmt"
	"testing"
	"time"
)

// TestServerDies kills the rendezvous with its relay in a call and starts it again.
func TestServerDies(t *testing.T) {
	for _, c := range []struct {
		path   string
		kind   Kind
		wanted string
	}{
		{"direct", PortRestricted, "nothing lost"},
		{"relay", Symmetric, "back in 5 s"},
	} {
		t.Run(c.path, func(t *testing.T) {
			w := openWorld(t, pair(Router{Kind: c.kind, Family: IPv4}, Router{Kind: c.kind, Family: IPv4}))
			server := w.serve("server")
			bob := w.listen("bob")
			ann := w.call("ann", bob)
			w.mustConnect(ann, bob)
			w.waitForPath(c.path, ann, bob)
			at := time.Now()
			server.kill()
			w.after(time.Second)
			server.start()
			back := time.Now()
			o := w.weigh(at, ann, bob)
			tell("prattled killed and back after "+brief(back.Sub(at))+", "+c.path, fmt.Sprintf("goes on: %v, without sound %s", o.lasted, brief(o.gap)), c.wanted)
			if !o.lasted || o.gap > 8*time.Second || c.path == "direct" && o.gap > time.Second {
				t.Error("ended, or by far too long without sound")
			}
			ann.Stop()
			bob.waitFor(20*time.Second, reached("ended"))
			w.reachable(bob)
		})
	}
}

// waitForPath waits until the calls of these sides take a path, and a little longer.
func (w *world) waitForPath(path string, sides ...*side) {
	w.t.Helper()
	for _, s := range sides {
		if _, ok := s.waitFor(soon, onPath(path)); !ok {
			w.t.Fatalf("never %s\n%s", path, s.Notes())
		}
	}
	w.after(2 * time.Second)
}

// reachable times how soon a listener can be called again.
func (w *world) reachable(s *side) {
	w.t.Helper()
	began := time.Now()
	for time.Since(began) < 40*time.Second {
		again := w.call("ann", s)
		_, ok := again.waitFor(10*time.Second, reached("connected"))
		again.Stop()
		if ok {
			w.t.Logf("called again %s later", brief(time.Since(began)))
			return
		}
	}
	w.t.Error("the listener has not come back to the rendezvous")
}
