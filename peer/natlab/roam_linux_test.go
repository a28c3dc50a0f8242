package natlab

import (
	"fmt"
	"testing"
	"time"

	"github.com/skulltech/prattle/peer/prattletest"
	"github.com/skulltech/prattle/peer/traced"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// roaming is a topology in which "ann" has a Wi-Fi and a phone, and "bob" stays
// where he is, with everything.
func roaming(wifi, phone Family) Topology {
	link := quictest.Link{Delay: 10 * time.Millisecond}
	return Topology{
		Routers: []Router{
			{Name: "wifi", Kind: PortRestricted, Family: wifi, Link: link},
			{Name: "phone", Kind: PortRestricted, Family: phone, Link: link},
			{Name: "b", Kind: PortRestricted, Link: link},
		},
		Hosts: []Host{{"ann", []string{"wifi", "phone"}}, {"bob", []string{"b"}}},
	}
}

// A roam is one change of network in a call.
type roam struct {
	caller   bool // she who moves has called
	from, to Family
}

func (r roam) String() string {
	who := "callee"
	if r.caller {
		who = "caller"
	}
	return fmt.Sprintf("%s, %v to %v", who, r.from, r.to)
}

// roams are the 18 cases.
func roams() (all []roam) {
	for _, caller := range []bool{true, false} {
		for _, from := range []Family{IPv4, IPv6, Dual} {
			for _, to := range []Family{IPv4, IPv6, Dual} {
				all = append(all, roam{caller, from, to})
			}
		}
	}
	return all
}

// join starts a call between ann and bob, and waits until it is direct and has
// settled.
func (r roam) join(w *world) (ann, bob *side) {
	w.t.Helper()
	if r.caller {
		bob = w.listen("bob")
		ann = w.call("ann", bob)
	} else {
		ann = w.listen("ann")
		bob = w.call("bob", ann)
	}
	w.mustConnect(ann, bob)
	w.direct(ann, bob)
	return ann, bob
}

// direct waits until the calls of these sides are direct, and a little longer.
func (w *world) direct(sides ...*side) {
	w.t.Helper()
	for _, s := range sides {
		if _, ok := s.WaitFor(soon, traced.OnPath("direct")); !ok {
			w.t.Fatalf("never direct\n%s", s.Notes())
		}
	}
	prattletest.After(w.t, 2*time.Second)
}

// settling is after how long sound must have come back, and a call that ended must
// have been noticed to.
const settling = 6 * time.Second

// outcome is what a change of networks has cost the two sides of a call.
type outcome struct {
	lasted bool          // the same call went on with sound, and nobody was rung
	gap    time.Duration // without sound, the longer of the two sides
}

// weigh waits until the sides have recovered from what has happened since a moment,
// and says what it has cost them.
func (w *world) weigh(at time.Time, sides ...*side) outcome {
	w.t.Helper()
	length := time.Since(at) + 2*time.Second
	prattletest.After(w.t, settling)
	o := outcome{lasted: true}
	for _, s := range sides {
		t := s.Trace()
		state, _ := t.Now()
		o.lasted = o.lasted && state == "connected" && t.HearsNow() && !s.Ended()
		o.gap = max(o.gap, t.Gap(at, length))
		for _, e := range t.States() {
			if e.At().After(at) && (e.State == "ringing" || e.State == "ended") {
				o.lasted = false
			}
		}
	}
	if !o.lasted {
		for _, s := range sides {
			w.t.Logf("%v\n%s", s.Trace().States(), s.Notes())
		}
	}
	return o
}

// TestRoamWithOverlap takes the Wi-Fi away while the phone is there already.
func TestRoamWithOverlap(t *testing.T) { testRoams(t, false) }

// TestRoamWithABreak takes the Wi-Fi away a second before the phone comes.
func TestRoamWithABreak(t *testing.T) { testRoams(t, true) }

// offline is how long there is no network in a break.
const offline = time.Second

// testRoams goes through the 18 cases.
func testRoams(t *testing.T, withBreak bool) {
	what, wanted := "network switch, the other is up already", 500*time.Millisecond
	if withBreak {
		what, wanted = "network switch, the other comes "+prattletest.Brief(offline)+" later", offline+300*time.Millisecond
	}
	lasted := 0
	var gaps []time.Duration
	for _, r := range roams() {
		t.Run(r.String(), func(t *testing.T) {
			o := prattletest.Steady(t, func(t *testing.T) outcome {
				w := openWorld(t, roaming(r.from, r.to))
				w.serve("server")
				return r.do(w, withBreak)
			})
			prattletest.Tell(t.Name(), fmt.Sprintf("goes on: %v, without sound %s", o.lasted, prattletest.Brief(o.gap)), prattletest.Brief(wanted))
			if o.lasted {
				lasted++
				gaps = append(gaps, o.gap)
			} else {
				t.Error("the call did not go on")
			}
		})
	}
	if prattletest.Asked() {
		prattletest.Tell(what, fmt.Sprintf("%d of 18, without sound %s", lasted, prattletest.Spread(gaps)), "18 of 18, p95 "+prattletest.Brief(wanted))
		if prattletest.Percentile(gaps, 0.5) > wanted+2*time.Second {
			t.Error("by far too long without sound")
		}
	}
}

// do changes the network in a call and says what that has cost.
func (r roam) do(w *world, withBreak bool) outcome {
	w.t.Helper()
	host := w.Host("ann")
	if withBreak {
		w.must(host.Leave("phone"))
	}
	ann, bob := r.join(w)
	at := time.Now()
	w.must(host.Leave("wifi"))
	if withBreak {
		prattletest.After(w.t, offline)
		w.must(host.Join("phone"))
	}
	return w.weigh(at, ann, bob)
}

// TestLinkDown takes the network away for 5 s, and once for 25 s: the device, or
// silently somewhere behind it.
func TestLinkDown(t *testing.T) {
	for _, c := range []outage{
		{"device down 5 s", 5 * time.Second, false},
		{"silently down 5 s", 5 * time.Second, true},
		{"silently down 25 s", 25 * time.Second, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := prattletest.Steady(t, func(t *testing.T) outcome {
				w := openWorld(t, roaming(Dual, Dual))
				w.serve("server")
				return c.do(w)
			})
			after := max(o.gap-c.length, 0)
			prattletest.Tell("link "+c.name, fmt.Sprintf("goes on: %v, sound back %s after", o.lasted, prattletest.Brief(after)), "1 s")
			if !o.lasted || after > 5*time.Second {
				t.Error("not back, or by far too late")
			}
		})
	}
}

// An outage is a time without a network.
type outage struct {
	name     string
	length   time.Duration
	silently bool // somewhere behind the device, which stays up
}

// do lets the outage happen in a call and says what it has cost, from its beginning.
func (c outage) do(w *world) outcome {
	w.t.Helper()
	host, wifi := w.Host("ann"), w.Router("wifi")
	w.must(host.Leave("phone"))
	ann, bob := roam{caller: true}.join(w)
	began := time.Now()
	if c.silently {
		wifi.SetLink(quictest.Link{Loss: 1})
		prattletest.After(w.t, c.length)
		wifi.SetLink(wifi.Link)
	} else {
		w.must(host.Leave("wifi"))
		prattletest.After(w.t, c.length)
		w.must(host.Join("wifi"))
	}
	return w.weigh(began, ann, bob)
}

// TestRebindingInACall has ann's router forget its mappings again and again.
func TestRebindingInACall(t *testing.T) {
	for _, kind := range []Kind{PortRestricted, Symmetric} {
		t.Run(kind.String(), func(t *testing.T) {
			var gaps []time.Duration
			o := prattletest.Steady(t, func(t *testing.T) outcome {
				w := openWorld(t, pair(far(kind), far(FullCone)))
				w.serve("server")
				var o outcome
				o, gaps = rebind(w)
				return o
			})
			prattletest.Tell("NAT rebinding every 5 s, "+kind.String()+", 100 ms", "without sound "+prattletest.Spread(gaps), "0.2 s each")
			if !o.lasted || prattletest.Percentile(gaps, 0.5) > time.Second {
				t.Error("ended, or by far too long without sound")
			}
		})
	}
}

// rebind has ann's router forget its mappings every 5 s, and says for how long each
// side then had no sound.
func rebind(w *world) (o outcome, gaps []time.Duration) {
	w.t.Helper()
	ann, bob := roam{caller: true}.join(w)
	for range max(prattletest.Runs(), 2) {
		at := time.Now()
		w.must(w.Router("a").Rebind())
		prattletest.After(w.t, 5*time.Second)
		for _, s := range []*side{ann, bob} {
			gaps = append(gaps, s.Trace().Gap(at, 2*time.Second))
		}
	}
	return w.weigh(time.Now(), ann, bob), gaps
}
