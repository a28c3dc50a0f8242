package peer

import (
	"fmt"

	"github.com/skulltech/prattle/certs"
)

// check holds a membership against what must always be true.
func (w *roomWorld) check(r *roomRun) {
	if err := checkBounds(r.m); err != nil {
		w.t.Fatalf("%v after %d steps: %v", r.addr, w.steps, err)
	}
	for _, l := range r.m.links {
		if e := r.ends[l.key]; e == nil || e.closed || e.open != l.open {
			w.t.Fatalf("%v after %d steps: link %+v is %+v", r.addr, w.steps, l, e)
		}
	}
	if len(r.ends) > len(r.m.links) {
		w.t.Fatalf("%v after %d steps: %d connections for %d links", r.addr, w.steps, len(r.ends), len(r.m.links))
	}
}

// checkBounds says what is wrong in a membership, whatever it was told.
func checkBounds(m *membership) error {
	open, joining, dials := make(map[certs.PeerID]bool), 0, 0
	for _, l := range m.links {
		switch {
		case l.peer == m.own:
			return fmt.Errorf("a link to itself: %+v", l)
		case m.removed(l.peer) || m.expelled:
			return fmt.Errorf("a link to %v, who was removed", l.peer.Short())
		case l.open && open[l.peer]:
			return fmt.Errorf("two open links to %v", l.peer.Short())
		case len(l.list) > maxMembers:
			return fmt.Errorf("%d in a list", len(l.list))
		}
		open[l.peer] = open[l.peer] || l.open
		if !l.open && !l.outgoing && !m.admitted(l.peer) {
			joining++
		}
	}
	sources := make(map[targetSource]int)
	for _, t := range m.targets {
		sources[t.source]++
		if t.key != 0 {
			dials++
		}
		if t.peer == m.own && t.source == sourceMember || t.instance == m.self || len(t.addrs) == 0 || len(t.addrs) > maxMemberAddrs {
			return fmt.Errorf("a target %+v", t)
		}
	}
	count := 0
	for _, o := range open {
		if o {
			count++
		}
	}
	if count >= maxMembers || joining > maxJoining || dials > maxDials || len(m.over) > maxOver || len(m.decisions) > maxDecisions {
		return fmt.Errorf("%d open, %d joining, %d dials, %d over, %d decisions", count, joining, dials, len(m.over), len(m.decisions))
	}
	for source, n := range sources {
		if n > maxTargets {
			return fmt.Errorf("%d targets from source %d", n, source)
		}
	}
	return nil
}

// viewBytes is about what a view takes as it is sent: CBOR, arrays, byte strings.
func viewBytes(v view) int {
	n := 8
	for _, i := range v.list {
		n += 1 + 34 + 9 + 1
		for _, a := range i.addrs {
			n += 1 + 2 + a.Addr().BitLen()/8
		}
	}
	n += len(v.entries) * (1 + 34 + 1 + 1)
	if v.lock.counter > 0 {
		n += 1 + 1 + 1 + 34
	}
	return n
}
