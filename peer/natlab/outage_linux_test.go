package natlab

import (
	"fmt"
	"testing"
	"time"

	"github.com/skulltech/prattle/peer/prattletest"
	"github.com/skulltech/prattle/peer/traced"
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
			prattletest.After(w.t, time.Second)
			server.start()
			back := time.Now()
			o := w.weigh(at, ann, bob)
			prattletest.Tell("prattled killed and back after "+prattletest.Brief(back.Sub(at))+", "+c.path, fmt.Sprintf("goes on: %v, without sound %s", o.lasted, prattletest.Brief(o.gap)), c.wanted)
			if !o.lasted || o.gap > 8*time.Second || c.path == "direct" && o.gap > time.Second {
				t.Error("ended, or by far too long without sound")
			}
			ann.Stop()
			bob.WaitFor(20*time.Second, traced.Reached("ended"))
			w.reachable(bob)
		})
	}
}

// waitForPath waits until the calls of these sides take a path, and a little longer.
func (w *world) waitForPath(path string, sides ...*side) {
	w.t.Helper()
	for _, s := range sides {
		if _, ok := s.WaitFor(soon, traced.OnPath(path)); !ok {
			w.t.Fatalf("never %s\n%s", path, s.Notes())
		}
	}
	prattletest.After(w.t, 2*time.Second)
}

// reachable times how soon a listener can be called again.
func (w *world) reachable(s *side) {
	w.t.Helper()
	began := time.Now()
	for time.Since(began) < 40*time.Second {
		again := w.call("ann", s)
		_, ok := again.WaitFor(10*time.Second, traced.Reached("connected"))
		again.Stop()
		if ok {
			w.t.Logf("called again %s later", prattletest.Brief(time.Since(began)))
			return
		}
	}
	w.t.Error("the listener has not come back to the rendezvous")
}
