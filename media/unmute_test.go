package media

import (
	"testing"
	"time"
)

// Somebody who has been muted, and so sent nothing for a while, is heard from the first
// sample on once they are not, and as soon as anybody else.
func TestUnmutedVoiceIsWhole(t *testing.T) {
	for _, muted := range []time.Duration{100 * time.Millisecond, 300 * time.Millisecond, 3 * time.Second, 40 * time.Second} {
		for _, jitter := range []time.Duration{time.Millisecond, 15 * time.Millisecond} {
			const seed, from = 8, 10 * time.Second
			until := from + muted
			sim := playoutSim{seed: seed, length: until + 5*time.Second, sound: testTone(440, 9000), transit: uniformTransit(jitter)}
			sim.paused = func(at time.Duration) bool { return at > from && at <= until }
			var first, missing, last time.Duration // stream times
			var heard time.Duration
			sim.onBlock = func(at time.Duration, p *Playout, block []int16) {
				ts, ok := p.Position()
				position := SampleTime(int(ts - simFirstTS&0xffffffff))
				if !ok || position <= until || at <= until {
					return
				}
				if first == 0 {
					first, heard, last = position-SampleTime(len(block)), at, position
					return
				}
				missing = max(missing, position-last-SampleTime(len(block)))
				last = position
			}
			sim.run()
			t.Logf("muted for %v, jitter %v: heard %v later, from %v on", muted, jitter, heard-until, first-until)
			if first == 0 || first > until || missing > 10*time.Millisecond {
				t.Errorf("seed %d: muted for %v, the voice begins %v late, and %v are left out", seed, muted, first-until, missing)
			}
			if late := heard - until; late > simBase+10*time.Millisecond+2*jitter+15*time.Millisecond {
				t.Errorf("seed %d: muted for %v, with jitter of %v, the voice is heard after %v", seed, muted, jitter, late)
			}
		}
	}
}
