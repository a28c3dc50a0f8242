package roomlab

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/skulltech/prattle/peer/prattletest"
)

// TestMembersStandStill stops two of four for moments, as machines do that have too
// much to do, and measures what all hear once that is over.
func TestMembersStandStill(t *testing.T) {
	r := openRoom(t, 4)
	members := r.meet(r.Hosts, tiny...)
	prattletest.After(t, settling)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	upTo := func(d time.Duration) time.Duration { return time.Duration(rnd.Int64N(int64(d))) }
	for range 15 {
		m := members[rnd.IntN(2)]
		r.must(m.Signal(syscall.SIGSTOP))
		prattletest.After(t, 100*time.Millisecond+upTo(400*time.Millisecond))
		r.must(m.Signal(syscall.SIGCONT))
		prattletest.After(t, 50*time.Millisecond+upTo(200*time.Millisecond))
	}
	prattletest.After(t, settling)
	all := flows(members, r.even())
	for _, f := range all {
		t.Log(f)
	}
	made := of(all, concealed)
	prattletest.Tell("two of 4 stood still again and again; sound made up from 5 s after that on",
		fmt.Sprintf("mean %.2f %%, worst link %.2f %%", 100*sum(made)/float64(len(made)), 100*slices.Max(made)), "at most 0.5 %")
	if slices.Max(made) > 0.3 {
		t.Error("somebody is not heard any more")
	}
}
