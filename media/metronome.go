package media

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// A tempo is how many beats (pictures, samples, blocks) there are in a second,
// as a fraction: 30/1, 30000/1001, 48000/1. Both parts lie between 1 and maxTempo.
type tempo struct{ num, den uint64 }

// maxTempo bounds the parts of a tempo, so that the arithmetic below cannot
// overflow within a century.
const maxTempo = 1 << 20

// offset is the time from beat 0 to beat n, rounded up: at that time, not a
// nanosecond later, elapsed returns n.
func (t tempo) offset(n uint64) time.Duration {
	hi, lo := bits.Mul64(n, t.den*uint64(time.Second))
	lo, carry := bits.Add64(lo, t.num-1, 0)
	ns, _ := bits.Div64((hi+carry)%t.num, lo, t.num)
	return time.Duration(ns)
}

// elapsed is the last beat that falls within d.
func (t tempo) elapsed(d time.Duration) uint64 {
	if d <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(d), t.num)
	unit := t.den * uint64(time.Second)
	n, _ := bits.Div64(hi%unit, lo, unit)
	return n
}

// A metronome lets a goroutine wait for the beats of a tempo. Beat n is at
// start + n/tempo, whatever became of the beats before: nothing drifts. The
// first wait starts it.
type metronome struct {
	tempo tempo
	start time.Time
	alarm alarm
	quit  atomic.Bool
}

func newMetronome(t tempo) *metronome { return &metronome{tempo: t, alarm: newAlarm()} }

// at is the moment of beat n.
func (m *metronome) at(n uint64) time.Time {
	if m.start.IsZero() {
		m.start = time.Now()
	}
	return m.start.Add(m.tempo.offset(n))
}

// due is the last beat whose moment has come.
func (m *metronome) due() uint64 { return m.tempo.elapsed(time.Since(m.at(0))) }

// wait returns at beat n, at once if it has passed. It returns false as soon as
// the metronome is stopped. It is called by one goroutine at a time.
func (m *metronome) wait(n uint64) bool {
	if at := m.at(n); time.Until(at) > 0 && !m.alarm.sleep(at) {
		return false
	}
	return !m.stopped()
}

func (m *metronome) stopped() bool { return m.quit.Load() }

// stop ends all waiting, now and later. Any goroutine may call it, more than once.
func (m *metronome) stop() {
	m.quit.Store(true)
	m.alarm.close()
}
