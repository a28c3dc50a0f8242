package roomlab

import (
	"fmt"
	"testing"
	"time"

	"github.com/skulltech/prattle/peer/prattletest"
	"github.com/skulltech/prattle/peer/traced"
)

// tiny are pictures that cost little, of which eight people show each other seven.
var tiny = []string{"--video", "test", "--video-size", "160x90", "--fps", "10", "--view", "file:/dev/null", "--view-size", "480x270"}

// arrivals are how long members took to be linked to all others, from the start of
// their process and from when they had joined, and to see all of them.
type arrivals struct{ start, join, picture []time.Duration }

// add notes how the newcomers have arrived among all members.
func (a *arrivals) add(r *room, all, newcomers []*member) {
	r.t.Helper()
	r.mustBeLinked(all)
	prattletest.After(r.t, 4*time.Second) // pictures follow
	for _, m := range newcomers {
		linked, _ := m.linked(all, time.Time{})
		a.start = append(a.start, linked.Sub(m.started))
		a.join = append(a.join, linked.Sub(m.ReadyAt()))
		trace := m.Trace()
		for _, o := range m.others(all) {
			picture, ok := trace.Of(o.ID).First(traced.Shown)
			if !ok {
				r.t.Errorf("%s sees nothing of %s: %v, %+v; there %+v", m.name, o.name,
					trace.Of(o.ID).States(), trace.StatsOf(o.ID), o.Trace().StatsOf(m.ID))
				continue
			}
			a.picture = append(a.picture, picture.At().Sub(m.ReadyAt()))
		}
	}
}

// tell prints and judges them.
func (a *arrivals) tell(t *testing.T, what string) {
	prattletest.Tell(what+": linked with all, from the process's start", prattletest.Spread(a.start), "p95 1.5 s")
	prattletest.Tell(what+": … from the join", prattletest.Spread(a.join), "p95 1.5 s")
	prattletest.Tell(what+": first picture of each, from the join", prattletest.Spread(a.picture), "2 s")
	if prattletest.Percentile(a.start, 0.5) > 10*time.Second || prattletest.Percentile(a.picture, 0.5) > 12*time.Second {
		t.Error("by far too late")
	}
}

// TestArriveEighth has an eighth member come to seven who are there, found by multicast
// alone.
func TestArriveEighth(t *testing.T) {
	var a arrivals
	r := openRoom(t, 8)
	members := r.meet(r.Hosts[:7], tiny...)
	for range prattletest.Runs() {
		newcomer := r.newMember(r.Hosts[7])
		r.enter(newcomer, tiny...)
		a.add(r, append(members, newcomer), []*member{newcomer})
		newcomer.Stop()
	}
	a.tell(t, "eighth of 8")
}

// TestArriveAtOnce has eight members start at once.
func TestArriveAtOnce(t *testing.T) {
	var a arrivals
	for i := range prattletest.Runs() {
		t.Run(fmt.Sprint("run ", i+1), func(t *testing.T) {
			r := openRoom(t, 8)
			members := r.prepare(r.Hosts)
			for _, m := range members {
				r.enter(m, tiny...)
			}
			a.add(r, members, members)
		})
	}
	if len(a.start) > 0 {
		a.tell(t, "eight at once")
	}
}
