package quicproto

import "time"

// gapMeter tells from the rhythm in which packets arrive when they are missing. A
// call brings one every 10 to 20 ms; a thin or jittery path takes longer at times.
type gapMeter struct {
	last   time.Time     // when the latest packet came
	since  time.Time     // when they began to come steadily
	widest time.Duration // gap of late
}

const (
	// minSilence is too long for a path that carries sound to say nothing.
	minSilence = 100 * time.Millisecond
	// maxGap is the widest gap at which packets come steadily.
	maxGap = 300 * time.Millisecond
	// steadyAfter is how long they must have come so.
	steadyAfter = 300 * time.Millisecond
	// gapMemory is the time in which a wide gap is forgotten.
	gapMemory = 2 * time.Second
)

// note takes note of a packet.
func (g *gapMeter) note(now time.Time) {
	gap := now.Sub(g.last)
	if g.last.IsZero() || gap > maxGap {
		g.since, g.widest = now, 0
	} else {
		g.widest = max(gap, g.widest-time.Duration(float64(g.widest)*float64(gap)/float64(gapMemory)))
	}
	g.last = now
}

// missing is from when on packets are missing; zero if none are to be expected.
func (g *gapMeter) missing() time.Time {
	if g.last.Sub(g.since) < steadyAfter {
		return time.Time{}
	}
	return g.last.Add(max(minSilence, 2*g.widest))
}
