package peer

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
)

// For other worlds: go test ./peer -run TestMembershipModel -v -args -membership-seed N -membership-worlds M
var (
	membershipSeed   = flag.Uint64("membership-seed", 1, "seed of the first world of TestMembershipModel")
	membershipWorlds = flag.Uint64("membership-worlds", 10, "how many worlds it tries, one a seed")
)

// TestMembershipModel has people come, go, crash, return, be cut off, admitted and
// removed at random, and now and then leaves them alone: then all who can know of each
// other must soon be one room.
func TestMembershipModel(t *testing.T) {
	worlds := *membershipWorlds
	if testing.Short() {
		worlds = min(worlds, 4)
	}
	steps, dials, wasted, slowest := 0, 0, 0, time.Duration(0)
	for seed := *membershipSeed; seed < *membershipSeed+worlds; seed++ {
		c := &chaos{roomWorld: newChaos(t, seed)}
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			c.t = t
			c.run()
		})
		steps, dials, wasted, slowest = steps+c.steps, dials+c.dials, wasted+c.wasted, max(slowest, c.slowest)
	}
	t.Logf("%d steps, %d dials, %d connections too many; one room again after %v at most", steps, dials, wasted, slowest)
	if least := int(worlds) * 500; steps < least {
		t.Errorf("%d steps: hardly anything happened", steps)
	}
}

// chaos is a world in which things go wrong.
type chaos struct {
	*roomWorld
	slowest time.Duration // until one room
	log     []string
	// acquainted are those of whom one knew of the other since it has been calm.
	acquainted map[[2]*roomRun]bool
}

const (
	chaosRounds  = 4
	chaosActions = 25
	// settleTime is how soon those who are left alone are one room. It takes longest
	// for who has asked its one acquaintance to let it in when that one crashed: eight
	// seconds until the connection ends, and what is left of the pause between dials.
	settleTime = 11 * time.Second
	calmGlance = 20 * time.Millisecond // between two looks
)

// newChaos returns a world that the seed has made as it is.
func newChaos(t *testing.T, seed uint64) *roomWorld {
	shape := rand.New(rand.NewPCG(seed, 1))
	w := newRoomWorld(t, seed, 2+shape.IntN(15))
	w.delay = []time.Duration{time.Millisecond, 20 * time.Millisecond, 150 * time.Millisecond}[shape.IntN(3)]
	w.sightings = []float64{0, 0.5, 1}[shape.IntN(3)]
	w.loss = []float64{0, 0.05}[shape.IntN(2)]
	for _, p := range w.people {
		p.asks = shape.IntN(4) == 0
	}
	return w
}

func (c *chaos) run() {
	for range chaosRounds {
		for range chaosActions {
			c.act()
			c.pass(c.between(0, 1200*time.Millisecond))
		}
		c.calm()
	}
}

// act does something at random to somebody.
func (c *chaos) act() {
	p := c.people[c.rng.IntN(len(c.people))]
	other := c.people[c.rng.IntN(len(c.people))]
	switch n := c.rng.IntN(100); {
	case p.run == nil:
		c.note("%v joins", p.addr)
		c.join(p, c.known(p)...)
	case n < 8:
		c.note("%v leaves", p.addr)
		c.stop(p.run, true)
	case n < 20:
		c.note("%v crashes", p.addr)
		c.stop(p.run, false)
		if n < 14 {
			c.note("%v is back", p.addr)
			c.join(p, c.known(p)...)
		}
	case n < 28:
		groups := 1 + c.rng.IntN(3)
		c.note("%d groups", groups)
		c.regroup(func(int) int { return c.rng.IntN(groups) })
	case n < 30:
		c.note("%v removes %v", p.addr, other.addr)
		p.run.m.remove(other.id)
	case n < 36:
		c.note("%v admits %v", p.addr, other.addr)
		p.run.m.admit(other.id)
	case n < 40:
		c.note("%v locks: %v", p.addr, n < 38)
		p.run.m.setLocked(n < 38)
	}
	if p.run != nil {
		c.serve(p.run)
	}
}

func (c *chaos) note(format string, args ...any) {
	c.log = append(c.log, fmt.Sprintf("%v %d: ", c.now.Sub(time.Unix(1000, 0)), c.steps)+fmt.Sprintf(format, args...))
}

// known is the address that a newcomer was given, if it needs one.
func (c *chaos) known(p *roomPerson) []netip.AddrPort {
	runs := slices.DeleteFunc(c.running(), func(r *roomRun) bool { return r.roomPerson == p })
	if c.sightings > 0 || len(runs) == 0 {
		return nil
	}
	return []netip.AddrPort{runs[c.rng.IntN(len(runs))].addr}
}

// calm mends the network, opens the room, readmits those removed and waits until all
// who can know of each other are one room.
func (c *chaos) calm() {
	c.note("calm")
	if lossy := c.sightings; lossy > 0 {
		c.sightings = 1
		defer func() { c.sightings = lossy }()
	}
	c.regroup(func(int) int { return 0 })
	for _, r := range c.running() {
		r.m.setLocked(false)
		c.serve(r)
	}
	c.acquainted = make(map[[2]*roomRun]bool)
	start, seen := c.now, time.Time{}
	if !c.until(settleTime, func() bool {
		if c.now.Sub(seen) < calmGlance {
			return false
		}
		seen = c.now
		return c.complete() == nil
	}) && c.complete() != nil {
		for _, line := range c.log {
			c.t.Log(line)
		}
		for _, r := range c.running() {
			c.t.Log(c.describe(r))
		}
		c.t.Fatalf("not one room after %v: %v", settleTime, c.complete())
	}
	c.slowest = max(c.slowest, c.now.Sub(start))
}

// describe is what a run's membership knows, for a failed test.
func (w *roomWorld) describe(r *roomRun) string {
	name := func(id certs.PeerID) string {
		for _, p := range w.people {
			if p.id == id {
				return p.addr.String()
			}
		}
		return "?"
	}
	s := fmt.Sprintf("%v %x (asks: %v):", r.addr, r.instance[:2], r.asks)
	for _, l := range r.m.links {
		s += fmt.Sprintf("\n  link to %v %x open %v silent %v list %d outgoing %v since %v", name(l.peer), l.instance[:2], l.open, l.silent, len(l.list), l.outgoing, w.now.Sub(l.since))
	}
	for _, t := range r.m.targets {
		s += fmt.Sprintf("\n  target %d %v %x lost %v introduced %v declined %v failures %d due in %v settled %v", t.source, name(t.peer), t.instance[:2], t.lost, t.introduced, t.declined, t.failures, t.due.Sub(w.now), r.m.settled(t))
	}
	for _, d := range r.m.decisions {
		s += fmt.Sprintf("\n  %v verdict %d counter %d", name(d.peer), d.verdict, d.counter)
	}
	return s
}

// rooms are those who have known of each other, directly or not, and among whom nobody
// has removed anybody.
func (c *chaos) rooms() [][]*roomRun {
	var rooms [][]*roomRun
	for _, r := range c.welcome() {
		room := []*roomRun{r}
		rooms = slices.DeleteFunc(rooms, func(other []*roomRun) bool {
			if !slices.ContainsFunc(other, func(o *roomRun) bool { return c.acquaint(r, o) }) {
				return false
			}
			room = append(room, other...)
			return true
		})
		rooms = append(rooms, room)
	}
	return rooms
}

// welcome are those whom nobody has removed.
func (c *chaos) welcome() []*roomRun {
	runs := c.running()
	return slices.DeleteFunc(c.running(), func(r *roomRun) bool {
		return slices.ContainsFunc(runs, func(o *roomRun) bool { return o.m.removed(r.id) })
	})
}

// acquaint says whether one of two knows of the other, or did.
func (c *chaos) acquaint(a, b *roomRun) bool {
	pair := [2]*roomRun{a, b}
	if bytes.Compare(a.id[:], b.id[:]) > 0 {
		pair = [2]*roomRun{b, a}
	}
	if !c.acquainted[pair] {
		c.acquainted[pair] = c.knows(a, b) || c.knows(b, a)
	}
	return c.acquainted[pair]
}

// knows says whether a will find b of its own.
func (c *chaos) knows(a, b *roomRun) bool {
	if c.sightings > 0 {
		return true
	}
	for _, l := range a.m.links {
		if e := a.ends[l.key]; e.other.run == b {
			return true
		}
	}
	return slices.ContainsFunc(a.m.targets, func(t *target) bool {
		return slices.Contains(t.addrs, b.addr) && (t.peer == b.id && t.instance == b.instance || t.source == sourceAddress)
	})
}

// complete says what is missing for all who know of each other to be one room.
func (c *chaos) complete() error {
	for _, room := range c.rooms() {
		if err := c.whole(room); err != nil {
			return err
		}
	}
	return nil
}

// whole says what is missing for a room to be one: each must have a link to each, and
// to nobody who is gone, and all must have been told the same. (Who was removed by
// somebody whom others had removed may have links or not.)
func (w *roomWorld) whole(room []*roomRun) error {
	for _, r := range room {
		for _, l := range r.m.links {
			if l.live() && r.ends[l.key].other.gone() {
				return fmt.Errorf("%v has a live link to %x, who is gone", r.addr, l.instance)
			}
		}
		for _, o := range room {
			if o != r && !linked(r, o) {
				return fmt.Errorf("%v has no link to %v", r.addr, o.addr)
			}
		}
		if r.m.lock != room[0].m.lock {
			return fmt.Errorf("%v knows the lock as %+v, %v as %+v", r.addr, r.m.lock, room[0].addr, room[0].m.lock)
		}
		for _, d := range room[0].m.decisions {
			if d.register != r.m.registerOf(d.peer) && d.peer != r.id {
				return fmt.Errorf("%v decided %+v, %v %+v", room[0].addr, d.register, r.addr, r.m.registerOf(d.peer))
			}
		}
	}
	return nil
}

// linked says whether two have a live link at both of its ends, and whether the one has
// heard from the other of all its links.
func linked(r, o *roomRun) bool {
	for _, l := range r.m.links {
		if e := r.ends[l.key]; l.live() && e.other.run == o && !e.other.closed {
			back := o.m.find(e.other.key)
			return back != nil && back.live() && len(l.list) == len(o.m.view().list)-1
		}
	}
	return false
}
