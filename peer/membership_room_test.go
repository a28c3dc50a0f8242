package peer

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// roomOf returns a world in which so many are one room.
func roomOf(t *testing.T, people int, sightings float64) *roomWorld {
	w := newRoomWorld(t, uint64(people), people)
	w.sightings = sightings
	for _, p := range w.people {
		var known []netip.AddrPort
		if sightings == 0 && p != w.people[0] {
			known = []netip.AddrPort{w.people[0].addr}
		}
		w.join(p, known...)
		w.pass(w.between(0, 300*time.Millisecond))
	}
	w.together(5 * time.Second)
	return w
}

// together wants all who run to be one room within d, and returns when they were.
func (w *roomWorld) together(d time.Duration) time.Duration {
	w.t.Helper()
	start := w.now
	if !w.until(d, func() bool { return w.whole(w.running()) == nil }) {
		w.t.Fatalf("not one room after %v: %v", d, w.whole(w.running()))
	}
	return w.now.Sub(start)
}

func TestSixteenMeetWithinSeconds(t *testing.T) {
	for name, sightings := range map[string]float64{"found on the local network": 1, "with one address": 0} {
		const people = 16
		w := newRoomWorld(t, 7, people)
		w.sightings = sightings
		w.join(w.people[0])
		for _, p := range w.people[1:] {
			p := p
			w.after(w.between(0, time.Second), func() { w.join(p, w.people[0].addr) })
		}
		w.pass(time.Second)
		after := w.together(3 * time.Second)
		w.pass(5 * time.Second)
		if err := w.whole(w.running()); err != nil {
			t.Errorf("%s: then %v", name, err)
		}
		t.Logf("%s: %d members are one room %v after the last has come: %d views of %d bytes in all for each, %d dials, %d connections too many",
			name, people, after, w.told/people, w.toldBytes/people, w.dials, w.wasted)
		told := w.toldBytes
		w.pass(time.Minute)
		if w.toldBytes != told {
			t.Errorf("%s: %d bytes are told though nothing changes", name, w.toldBytes-told)
		}
		// What one more costs: each tells each that it has one more in its list.
		w.stop(w.people[0].run, true)
		w.together(3 * time.Second)
		w.pass(time.Second)
		told = w.toldBytes
		w.join(w.people[0], w.people[1].addr)
		w.together(3 * time.Second)
		w.pass(time.Second)
		t.Logf("%s: one more costs each %d bytes", name, (w.toldBytes-told)/people)
	}
}

func TestAPartitionHeals(t *testing.T) {
	for _, cut := range []int{1, 3, 8} {
		for _, sightings := range []float64{0, 1} {
			t.Run(fmt.Sprintf("%d of 16, sightings %v", cut, sightings), func(t *testing.T) {
				w := roomOf(t, 16, sightings)
				w.regroup(func(i int) int {
					if i < cut {
						return 1
					}
					return 0
				})
				w.pass(20 * time.Second)
				for i, r := range w.running() {
					want := cut - 1
					if i >= cut {
						want = len(w.people) - cut - 1
					}
					if n := len(r.m.view().list); n != want {
						t.Errorf("while they are apart, %v announces %d", r.addr, n)
					}
				}
				w.regroup(func(int) int { return 0 })
				t.Log(w.together(5 * time.Second))
			})
		}
	}
}

func TestWhoCrashesVanishesFromAllViews(t *testing.T) {
	w := roomOf(t, 8, 0)
	gone := w.people[3].run
	w.stop(gone, false)
	w.pass(2500 * time.Millisecond)
	w.pass(w.delay + tellInterval)
	for _, r := range w.running() {
		for _, l := range r.m.links {
			if l.live() && (l.peer == gone.id || l.introduces(gone.id)) {
				t.Errorf("%v takes it for a member still", r.addr)
			}
		}
	}
	w.pass(10 * time.Second)
	if err := w.whole(w.running()); err != nil {
		t.Error(err)
	}
}

func TestWhoRestartsIsBackAtOnce(t *testing.T) {
	w := roomOf(t, 8, 0)
	w.stop(w.people[3].run, false)
	w.join(w.people[3], w.people[5].addr)
	t.Log(w.together(2 * time.Second))
}

func TestWhoLeavesIsLeftAlone(t *testing.T) {
	w := roomOf(t, 8, 0)
	w.stop(w.people[3].run, true)
	w.together(time.Second)
	dials := w.dials
	w.pass(5 * time.Minute)
	if w.dials != dials {
		t.Errorf("%d dials though nobody is missing", w.dials-dials)
	}
}

func TestARemovalReachesAllWithinASecond(t *testing.T) {
	w := roomOf(t, 16, 1)
	victim, remover := w.people[3], w.people[5].run
	run := victim.run
	remover.m.remove(victim.id)
	w.serve(remover)
	w.pass(time.Second)
	for _, r := range w.running() {
		if !r.m.removed(victim.id) || len(r.m.to(victim.id)) > 0 {
			t.Errorf("%v has not removed it: %+v", r.addr, r.m.to(victim.id))
		}
	}
	if !run.over || !run.m.removedSelf() {
		t.Error("it does not know")
	}
	w.together(time.Second)

	again := w.join(victim, remover.addr)
	w.pass(20 * time.Second)
	if n := len(again.m.links); n > 0 {
		t.Errorf("it is back with %d links", n)
	}
	remover.m.admit(victim.id)
	w.serve(remover)
	t.Log(w.together(7 * time.Second)) // its own pauses are five seconds by now
}

func TestALockHoldsAcrossAPartition(t *testing.T) {
	w := roomOf(t, 6, 1)
	w.people = append(w.people, newRoomWorld(t, 99, 8).people[7])
	locker := w.people[0].run
	w.regroup(func(i int) int { return i % 2 })
	locker.m.setLocked(true)
	w.serve(locker)
	w.pass(20 * time.Second)
	w.regroup(func(int) int { return 0 })
	w.together(5 * time.Second)
	stranger := w.join(w.people[6])
	w.pass(10 * time.Second)
	if len(stranger.m.links) > 0 {
		t.Error("a newcomer is in")
	}
	w.people[3].run.m.setLocked(false)
	w.serve(w.people[3].run)
	t.Log(w.together(7 * time.Second))
}

// Two who know nobody but one who lets them in are in with all.
func TestWhoIsLetInByOneIsLetInByAll(t *testing.T) {
	w := newRoomWorld(t, 3, 6)
	w.sightings = 0
	for i, p := range w.people[:5] {
		p.asks = true
		w.join(p, w.people[(i+4)%5].addr)
		w.pass(time.Second)
	}
	w.together(5 * time.Second)
	asked := 0
	w.people[5].asks = true
	newcomer := w.join(w.people[5], w.people[2].addr)
	for w.whole(w.running()) != nil && asked < 5000 {
		asked++
		w.pass(time.Millisecond)
		for _, e := range sortedEnds(newcomer) {
			if e.other.knocks && e.other.run != w.people[2].run {
				t.Fatalf("%v is asked, too", e.other.run.addr)
			}
		}
	}
	w.together(0)
}
