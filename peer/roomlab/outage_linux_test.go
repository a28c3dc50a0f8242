package roomlab

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/peer/prattletest"
	"github.com/skulltech/prattle/peer/traced"
)

// TestMemberCrashes kills one of four, again and again: how soon the others notice, and
// what it costs them.
func TestMemberCrashes(t *testing.T) {
	r := openRoom(t, 4)
	small := append(slices.Clone(pictures), "--video-size", "320x180")
	survivors := r.meet(r.Hosts[:3], small...)
	var silent, gone []time.Duration
	var freezes [2]uint64 // before that and after
	var rates [2][]float64
	for range prattletest.Runs() {
		victim := r.newMember(r.Hosts[3])
		r.enter(victim, small...)
		r.mustBeLinked(append(slices.Clone(survivors), victim))
		prattletest.After(t, settling)
		before := r.even()
		at := before.to
		r.must(victim.Signal(syscall.SIGKILL))
		for _, m := range survivors {
			silent = append(silent, r.noticed(m, victim, peer.StateReconnecting, at))
			gone = append(gone, r.noticed(m, victim, peer.StateEnded, at))
		}
		for i, s := range []span{before, {at, time.Now()}} {
			for _, f := range flows(survivors, s) {
				t.Log(i, f)
				freezes[i] += f.freezes
				rates[i] = append(rates[i], f.fps)
			}
		}
	}
	was, is := slices.Min(rates[0]), slices.Min(rates[1])
	prattletest.Tell("a member of 4 is killed: the others know that it is silent", prattletest.Spread(silent), "3 s")
	prattletest.Tell("… that it is gone", prattletest.Spread(gone), "10 s")
	prattletest.Tell("… the others' pictures meanwhile", fmt.Sprintf("at least %.1f a second, %d freezes; before that %.1f, %d", is, freezes[1], was, freezes[0]), "as before")
	if prattletest.Percentile(silent, 0.5) > 8*time.Second || prattletest.Percentile(gone, 0.5) > 20*time.Second || is < was/2 {
		t.Error("by far too late, or at the cost of the others")
	}
}

// noticed is how long after a moment m took to see the link to another in a state.
func (r *room) noticed(m, other *member, state peer.State, at time.Time) time.Duration {
	r.t.Helper()
	e, ok := m.WaitFor(patience, func(e traced.Event) bool {
		return e.Peer == other.ID && traced.Reached(state)(e) && e.At().After(at)
	})
	if !ok {
		r.t.Fatalf("%s never saw that %s is %s: %v\n%s", m.name, other.name, state, m.Trace().Of(other.ID).States(), m.Notes())
	}
	return e.At().Sub(at)
}

// parted is for how long a room is cut in two.
const parted = 20 * time.Second

// TestRoomIsParted cuts a room of six in halves and heals it.
func TestRoomIsParted(t *testing.T) {
	var took []time.Duration
	for i := range prattletest.Runs() {
		t.Run(fmt.Sprint("run ", i+1), func(t *testing.T) {
			r := openRoom(t, 6)
			members := r.meet(r.Hosts)
			prattletest.After(t, settling)
			r.must(r.Part(r.Hosts[:3]...))
			prattletest.After(t, parted)
			for _, half := range [][]*member{members[:3], members[3:]} {
				r.checkAlone(half, members)
			}
			healed := time.Now()
			r.must(r.Heal())
			for _, m := range members {
				took = append(took, r.mustLink(m, across(m, members), healed).Sub(healed))
			}
			s := r.even()
			for _, f := range flows(members, s) {
				if !f.heard {
					t.Errorf("after that no sound in some second: %v", f)
				}
			}
		})
	}
	if len(took) == 0 {
		return
	}
	prattletest.Tell("6 people parted 3 from 3 for "+parted.String()+", healed: one room again", prattletest.Spread(took), "5 s")
	if prattletest.Percentile(took, 0.5) > 15*time.Second {
		t.Error("by far too late")
	}
}

// checkAlone has all of one half be linked with each other, and with nobody else.
func (r *room) checkAlone(half, all []*member) {
	r.t.Helper()
	for _, m := range half {
		trace := m.Trace()
		for _, o := range m.others(all) {
			state, _ := trace.Of(o.ID).Now()
			if (state == peer.StateConnected) != slices.Contains(half, o) {
				r.t.Errorf("in a parted room %s has a link to %s that is %s", m.name, o.name, state)
			}
		}
	}
}

// across are m and those on the other side of the cut.
func across(m *member, members []*member) []*member {
	side := func(m *member) bool { return slices.Index(members, m) < 3 }
	list := []*member{m}
	for _, o := range members {
		if side(o) != side(m) {
			list = append(list, o)
		}
	}
	return list
}
