package rendezvous

import "time"

// backoff says how long to wait before the next attempt: longer after each, so
// that servers which come back are not run over, and jittered, so that their
// clients do not come all at once. The zero backoff begins with the shortest wait.
type backoff struct{ last time.Duration }

const (
	shortestWait = 200 * time.Millisecond
	longestWait  = 30 * time.Second
)

// next returns half to all of the wait that is due, by u, uniform from 0 to 1.
func (b *backoff) next(u float64) time.Duration {
	b.last = min(max(2*b.last, shortestWait), longestWait)
	return b.last/2 + time.Duration(u*float64(b.last/2))
}

// reset begins again with the shortest wait.
func (b *backoff) reset() { b.last = 0 }

// sleepWatch notices that the machine has slept, or the process was stopped: the
// wall clock went on (or was set) by more than ticks account for. Connections made
// before are then as good as gone.
type sleepWatch struct{ last time.Time }

const (
	sleepTick = 2 * time.Second // how often the clock is looked at
	// sleepJump is how far the clock must jump: more than a busy machine delays a
	// tick.
	sleepJump = 3 * time.Second
)

// tick is told the wall clock, without its monotonic reading, each sleepTick.
func (w *sleepWatch) tick(wall time.Time) (slept bool) {
	jump := wall.Sub(w.last) - sleepTick
	slept = !w.last.IsZero() && jump.Abs() > sleepJump
	w.last = wall
	return slept
}
