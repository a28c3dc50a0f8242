package traced

import "time"

// Silence is a rate, in kbit/s, below which no sound comes.
const Silence = 20

// Hears tells of an event: in the second before, sound has come.
func Hears(e Event) bool { return e.Ev == "stats" && e.RecvKbps > Silence }

// Across are the last statistics before a moment, and the first ones told a time
// after it in which sound came.
func (t Trace) Across(at time.Time, length time.Duration) (before, after Event) {
	after, _ = t.First(func(e Event) bool { return Hears(e) && e.At().After(at.Add(length)) })
	return t.StatsAt(at), after
}

// Gap is for how long sound was made up because none came, from a moment on and for
// as long as what happened then takes. Sound that never came back is not counted.
func (t Trace) Gap(at time.Time, length time.Duration) time.Duration {
	before, after := t.Across(at, length)
	return max(time.Duration((after.ConcealedMs-before.ConcealedMs)*float64(time.Millisecond)), 0)
}

// HearsNow tells whether sound has come lately.
func (t Trace) HearsNow() bool {
	_, comes := t.First(func(e Event) bool { return Hears(e) && time.Since(e.At()) < 4*time.Second })
	return comes
}
