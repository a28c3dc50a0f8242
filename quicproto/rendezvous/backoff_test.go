package rendezvous

import (
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	for _, u := range []float64{0, 0.5, 1} {
		var b backoff
		full := shortestWait
		for i := range 20 {
			got := b.next(u)
			if want := full/2 + time.Duration(u*float64(full/2)); got != want {
				t.Errorf("wait %d at %v is %v, want %v", i, u, got, want)
			}
			full = min(2*full, longestWait)
		}
		b.reset()
		if got := b.next(1); got != shortestWait {
			t.Errorf("after a reset: %v", got)
		}
	}
}

func TestSleepWatch(t *testing.T) {
	var w sleepWatch
	now := noon
	for i, step := range []struct {
		elapsed time.Duration
		want    bool
	}{
		{0, false}, // the first look
		{sleepTick, false},
		{sleepTick + sleepJump, false},    // a busy machine
		{sleepTick + sleepJump + 1, true}, // the lid was closed
		{sleepTick, false},
		{8 * time.Hour, true},
		{-time.Hour, true}, // somebody has set the clock
		{sleepTick, false},
	} {
		now = now.Add(step.elapsed)
		if got := w.tick(now); got != step.want {
			t.Errorf("step %d, %v later: %v", i, step.elapsed, got)
		}
	}
}
