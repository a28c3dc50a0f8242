package media

import (
	"slices"
	"time"
)

// frameTiming learns how unevenly frames arrive and says when each is due, so
// that nearly all have come by then. What happens now and then is no unevenness: for
// half a second of late frames all others would be shown late for seconds. The clock
// of the sender is followed: only differences of its timestamps count.
type frameTiming struct {
	ceiling time.Duration

	started bool
	first   time.Time // arrival of the first frame: origin of local time
	lastTS  uint32
	elapsed time.Duration // of the sender's clock, at lastTS

	// base is the transit time of the fastest recent frames relative to the
	// first; it rises slowly so that a slower path or clock is followed.
	base   time.Duration
	late   [timingWindow]time.Duration // beyond base, of the latest frames
	n      int
	seen   int // frames since the first
	target time.Duration
}

const (
	// timingSlot is half a second of frames at 30 a second, and timingSlots how many of
	// such are remembered: what half of them need counts.
	timingSlot   = 15
	timingSlots  = 6
	timingWindow = timingSlot * timingSlots
	// baseRise is how much base grows with each frame: 200 ppm of drift and a
	// path that became 30 ms longer are followed within 10 s.
	baseRise = 100 * time.Microsecond
	// warmUp is how many frames are shown as they come and teach nothing: the first
	// is late for its size, and what the path loses is not protected yet.
	warmUp = 30
	// evenPercentile of the frames of a slot shall have come when they are due. The
	// rest is shown as it comes.
	evenPercentile = 0.90
	// evenEnough is the unevenness that nobody sees, since a screen shows what came
	// between two of its refreshes at the same moment: below it pictures are shown
	// at once.
	evenEnough = 15 * time.Millisecond
	// clockJump is a step of the sender's timestamps that is not a pause.
	clockJump = 10 * time.Second
)

// observe learns from a frame with timestamp ts (90 kHz) that came at now.
func (t *frameTiming) observe(now time.Time, ts uint32) {
	if !t.started {
		*t = frameTiming{ceiling: t.ceiling, started: true, first: now, lastTS: ts}
	}
	sent := t.senderTime(ts)
	if step := sent - t.elapsed; step > clockJump || step < -clockJump {
		*t = frameTiming{ceiling: t.ceiling, started: true, first: now, lastTS: ts}
		sent = 0
	}
	if sent > t.elapsed {
		t.elapsed, t.lastTS = sent, ts
	}
	transit := now.Sub(t.first) - sent
	t.base = min(t.base+baseRise, transit)
	if t.seen++; t.seen <= warmUp {
		return
	}
	t.late[t.n%timingWindow] = transit - t.base
	t.n++
	t.retarget()
}

// senderTime is ts on the sender's clock, since the first frame.
func (t *frameTiming) senderTime(ts uint32) time.Duration {
	return t.elapsed + time.Duration(int32(ts-t.lastTS))*time.Second/90000
}

func (t *frameTiming) retarget() {
	var needs [timingSlots]time.Duration
	slots := 0
	for slot := range slices.Chunk(t.late[:min(t.n, timingWindow)], timingSlot) {
		needs[slots] = percentile(slot, evenPercentile)
		slots++
	}
	p := percentile(needs[:slots], 0.5)
	if p < evenEnough {
		p = 0
	}
	t.target = min(p, t.ceiling)
}

// percentile is what a share of the delays, timingSlot at most, do not exceed.
func percentile(delays []time.Duration, share float64) time.Duration {
	var sorted [timingSlot]time.Duration
	n := copy(sorted[:], delays)
	slices.Sort(sorted[:n])
	return sorted[int(float64(n-1)*share)]
}

// due is when the frame with timestamp ts should be decoded and shown.
func (t *frameTiming) due(ts uint32) time.Time {
	if t.target == 0 {
		return t.first
	}
	return t.first.Add(t.senderTime(ts) + t.base + t.target)
}

func (t *frameTiming) delay() time.Duration { return t.target }
