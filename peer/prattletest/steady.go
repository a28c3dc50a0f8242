package prattletest

import (
	"fmt"
	"testing"
	"time"
)

// heldUp is for how long this program may stand still in a measurement: it is the
// lines, too, over which all goes that is measured.
const heldUp = 300 * time.Millisecond

// Steady measures f, again if this program was held up in it.
func Steady[T any](t *testing.T, f func(t *testing.T) T) (measured T) {
	t.Helper()
	const attempts = 3
	for i := range attempts {
		w := watchStalls()
		var attempt *testing.T
		t.Run(fmt.Sprint("attempt ", i+1), func(t *testing.T) {
			attempt = t
			measured = f(t)
		})
		longest := w.stop()
		switch {
		case attempt.Skipped():
			t.Skip("as the attempt was")
		case attempt.Failed():
			t.FailNow()
		}
		if longest < heldUp || i == attempts-1 {
			if longest >= heldUp {
				t.Logf("this program was held up for %v", longest)
			}
			break
		}
	}
	return measured
}

// stallWatch notices when this program does not get to run.
type stallWatch struct {
	quit    chan struct{}
	longest chan time.Duration
}

func watchStalls() *stallWatch {
	w := &stallWatch{make(chan struct{}), make(chan time.Duration)}
	go w.routineWatch()
	return w
}

func (w *stallWatch) routineWatch() {
	const step = 20 * time.Millisecond
	var longest time.Duration
	ticks := time.NewTicker(step)
	defer ticks.Stop()
	last := time.Now()
	for {
		select {
		case <-ticks.C:
			longest = max(longest, time.Since(last)-step)
			last = time.Now()
		case <-w.quit:
			w.longest <- longest
			return
		}
	}
}

// stop ends the watch and returns the longest time for which it did not run.
func (w *stallWatch) stop() time.Duration {
	close(w.quit)
	return <-w.longest
}
