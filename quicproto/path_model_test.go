package quicproto

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// pathWorld is what lies around a pathChooser in the model: pairs that work or do
// not, and at the other end somebody who answers.
type pathWorld struct {
	*rapid.T
	chooser  *pathChooser
	now      time.Time
	locals   []local
	remotes  []Candidate
	broken   map[end]bool
	answered map[end]bool // the other side has ever answered there
	theirs   uint32
	flights  []flight
	busy     bool // packets of QUIC come, by the pair in use
	nextQUIC time.Time
}

// end is a pair in the model.
type end struct {
	l local
	r netip.AddrPort
}

// flight is a probe on its way to us.
type flight struct {
	at    time.Time
	by    end
	probe probe
}

var (
	modelLocals = []local{
		{ip: netip.MustParseAddr("192.168.1.2"), iface: 1}, {ip: netip.MustParseAddr("192.168.43.9"), iface: 2},
		{ip: netip.MustParseAddr("2001:db8::2"), iface: 1}, {relay: &deafRelay{}},
	}
	modelRemotes = []Candidate{
		{CandidateHost, netip.MustParseAddrPort("192.168.1.77:7728")},
		{CandidateReflexive, netip.MustParseAddrPort("203.0.113.5:4000")},
		{CandidateHost, netip.MustParseAddrPort("[2001:db8::3]:7728")},
		{CandidateRelay, netip.MustParseAddrPort("198.51.100.9:50000")},
	}
)

// deafRelay is only there to be compared.
type deafRelay struct{ _ int }

func (*deafRelay) send([]byte, netip.AddrPort) error { return nil }
func (*deafRelay) permit([]netip.Addr)               {}

func newPathWorld(t *rapid.T) *pathWorld {
	now := time.Unix(1000, 0)
	w := &pathWorld{
		T: t, now: now, chooser: newPathChooser(now, rapid.Bool().Draw(t, "initiator"), false),
		broken: make(map[end]bool), answered: make(map[end]bool),
	}
	w.SetLocals()
	w.AddRemote()
	return w
}

func (w *pathWorld) SetLocals() {
	w.locals = slices.DeleteFunc(slices.Clone(modelLocals), func(local) bool { return rapid.Bool().Draw(w.T, "gone") })
	w.chooser.setLocals(w.now, w.locals)
}

func (w *pathWorld) AddRemote() {
	r := rapid.SampledFrom(modelRemotes).Draw(w.T, "remote")
	if !slices.Contains(w.remotes, r) {
		w.remotes = append(w.remotes, r)
	}
	w.chooser.addRemotes(w.now, []Candidate{r})
}

// Break makes a pair work no more, or again.
func (w *pathWorld) Break() {
	e := end{rapid.SampledFrom(modelLocals).Draw(w.T, "local"), rapid.SampledFrom(modelRemotes).Draw(w.T, "remote").Addr}
	w.broken[e] = !w.broken[e]
}

func (w *pathWorld) Talk() { w.busy = rapid.Bool().Draw(w.T, "busy") }
func (w *pathWorld) Kick() { w.chooser.kick(w.now) }
func (w *pathWorld) Sleep() {
	w.run(time.Duration(rapid.IntRange(1, 5000).Draw(w.T, "ms")) * time.Millisecond)
}

// run lets time go by.
func (w *pathWorld) run(d time.Duration) {
	for end, turns := w.now.Add(d), 0; ; turns++ {
		if turns > 100_000 {
			w.Fatal("it never rests")
		}
		w.deliver()
		w.chooser.advance(w.now)
		w.exchange()
		w.checkCarriers()
		next := earliest(w.chooser.next(), end)
		if len(w.flights) > 0 {
			next = earliest(next, w.flights[0].at)
		}
		if w.busy {
			next = earliest(next, w.nextQUIC)
		}
		if !next.Before(end) {
			w.now = end
			return
		}
		w.now = later(w.now, next)
	}
}

// exchange takes what leaves to the other side, and its answers on their way.
func (w *pathWorld) exchange() {
	for n := 0; ; n++ {
		o, ok := w.chooser.pop()
		if !ok {
			break
		}
		if n > 2*maxPairs {
			w.Fatal("probes without end")
		}
		if e := (end{o.local, o.remote}); o.probe.flags&probeAsk != 0 && !w.broken[e] {
			w.theirs++
			w.flights = append(w.flights, flight{w.now.Add(roundTrip(e)), e, probe{sequence: w.theirs, echo: o.probe.sequence, heard: maxHeard}})
		}
	}
	slices.SortStableFunc(w.flights, func(a, b flight) int { return a.at.Compare(b.at) })
}

// roundTrip is different for each pair.
func roundTrip(e end) time.Duration {
	return time.Duration(10+e.r.Port()%97+uint16(e.l.iface)*20) * time.Millisecond
}

func (w *pathWorld) deliver() {
	for len(w.flights) > 0 && !w.flights[0].at.After(w.now) {
		f := w.flights[0]
		w.flights = w.flights[1:]
		if slices.Contains(w.locals, f.by.l) && !w.broken[f.by] {
			w.answered[f.by] = true
			w.chooser.handleProbe(w.now, f.by.l, f.by.r, f.probe)
		}
	}
	if w.busy && !w.nextQUIC.After(w.now) {
		w.nextQUIC = w.now.Add(20 * time.Millisecond)
		if p := w.chooser.active; p != nil && !w.broken[end{p.local, p.remote}] {
			w.chooser.handlePacket(w.now, p.local, p.remote, 1200)
		}
	}
}

// checkCarriers checks that packets go only where answers came from, and not by what
// has gone.
func (w *pathWorld) checkCarriers() {
	c := w.chooser.carriers(w.now)
	if len(c) > maxCarriers {
		w.Fatalf("a packet goes by %d pairs", len(c))
	}
	for _, p := range c {
		if e := (end{p.local, p.remote}); !w.answered[e] || !slices.Contains(w.locals, p.local) {
			w.Fatalf("a packet goes by %v (answered %v)", e, w.answered[e])
		}
	}
}

// settle waits until nothing is distrusted any more, and checks that the best of what
// works is in use.
func (w *pathWorld) settle() {
	w.run(maxDistrust + 2*maxInterval)
	best := 0
	for _, l := range w.locals {
		for _, r := range w.remotes {
			p := &pair{kind: pathKind(l, r), relays: relaysOn(l, r)}
			if reaches(l, r) && !w.broken[end{l, r.Addr}] && (best == 0 || p.rank() < best) {
				best = p.rank()
			}
		}
	}
	switch a := w.chooser.active; {
	case best == 0 && w.chooser.alive():
		w.Fatalf("nothing works, and %v is taken to", a)
	case best > 0 && (a == nil || !w.chooser.alive() || a.rank() != best):
		w.Fatalf("rank %d works, and %+v is in use (alive %v)", best, a, w.chooser.alive())
	}
}

func TestPathModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newPathWorld(t)
		t.Repeat(map[string]func(*rapid.T){
			"SetLocals": func(*rapid.T) { w.SetLocals() },
			"AddRemote": func(*rapid.T) { w.AddRemote() },
			"Break":     func(*rapid.T) { w.Break() },
			"Talk":      func(*rapid.T) { w.Talk() },
			"Kick":      func(*rapid.T) { w.Kick() },
			"Sleep":     func(*rapid.T) { w.Sleep() },
		})
		w.settle()
	})
}
