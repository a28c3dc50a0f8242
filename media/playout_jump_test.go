package media

import (
	"math/rand/v2"
	"testing"
	"time"
)

// stall lets the loudspeaker go on for d while the sender and its clock stand
// still, as when its processor has no time for it.
func (b *playoutBench) stall(d time.Duration) {
	for range int(d / (10 * ms)) {
		b.pull()
	}
}

// TestPlayoutOutlivesJumpsOfTheClock: when the sender's clock stands still or jumps,
// some sound is lost, but then all is heard again, as early as before.
func TestPlayoutOutlivesJumpsOfTheClock(t *testing.T) {
	for _, c := range []struct {
		name  string
		times int
		jump  func(b *playoutBench)
		then  time.Duration // played after each
		most  time.Duration // made up until a second after the last, at most
	}{
		{"one stall of 300 ms", 1, func(b *playoutBench) { b.stall(300 * ms) }, time.Second, 320 * ms},
		{"two within a second", 2, func(b *playoutBench) { b.stall(300 * ms) }, 300 * ms, 1000 * ms},
		{"two near the ceiling", 2, func(b *playoutBench) { b.stall(390 * ms) }, 200 * ms, 1300 * ms},
		{"one of a second", 1, func(b *playoutBench) { b.stall(time.Second) }, time.Second, 1100 * ms},
		{"300 ms each 1.5 s", 20, func(b *playoutBench) { b.stall(300 * ms) }, 1200 * ms, 10 * time.Second},
		{"200 ms each 700 ms", 20, func(b *playoutBench) { b.stall(200 * ms) }, 500 * ms, 7 * time.Second},
		{"100 ms each 300 ms", 20, func(b *playoutBench) { b.stall(100 * ms) }, 200 * ms, 4 * time.Second},
		{"a clock that catches up", 20, func(b *playoutBench) { b.stall(300 * ms); b.ts += 300 * SampleRate / 1000 }, 1200 * ms, 6100 * ms},
		{"a jump ahead by 1 s", 1, func(b *playoutBench) { b.ts += SampleRate }, time.Second, 50 * ms},
		{"a jump back by 300 ms", 1, func(b *playoutBench) { b.ts -= 300 * SampleRate / 1000 }, time.Second, 50 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newPlayoutBench(testVoice())
			b.play(500)
			start := b.p.Stats()
			for range c.times {
				c.jump(b)
				b.play(int(c.then / (10 * ms)))
			}
			b.play(100)
			jumped := b.p.Stats()
			made := SampleTime(int(jumped.Concealed + jumped.Silent - start.Concealed - start.Silent))
			b.play(300)
			s := b.p.Stats()
			t.Logf("made up %v, late %d; then concealed %d samples, target %v, delay %v", made, s.Late, s.Concealed-jumped.Concealed, s.Target, b.p.Delay())
			if made > c.most {
				t.Errorf("made up %v of sound, want at most %v", made, c.most)
			}
			if s.Concealed != jumped.Concealed || s.Late != jumped.Late {
				t.Errorf("a second later concealed %d samples more, %d packets were late", s.Concealed-jumped.Concealed, s.Late-jumped.Late)
			}
			if s.Target > 5*ms || b.p.Delay() > 10*ms {
				t.Errorf("target %v, delay %v at the end, want as before", s.Target, b.p.Delay())
			}
		})
	}
}

// TestPlayoutFollowsAGrowingQueue: on the way a queue fills faster than packets are
// forgotten, and stays or empties again.
func TestPlayoutFollowsAGrowingQueue(t *testing.T) {
	const begin, most = 10 * time.Second, 600 * ms
	for _, c := range []struct {
		name      string
		until     time.Duration // the queue stays so long
		concealed float64       // at most
		end       time.Duration // delay, at most
	}{
		{"stays", time.Hour, .025, most + 10*ms},
		{"empties", 30 * time.Second, .025, 10 * ms},
		{"empties soon", 12 * time.Second, .025, 10 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			sim := playoutSim{seed: 1, inOrder: true, transit: func(_ *rand.Rand, at time.Duration) time.Duration {
				grown, drained := max(0, at-begin)*2/5, max(0, at-c.until)*2/5
				return max(0, min(grown, most)-drained)
			}}
			r := sim.run()
			t.Logf("seed %d: %v", sim.seed, r)
			if r.concealed > c.concealed || r.end > c.end {
				t.Errorf("concealed %.2f%%, delay %v at the end, want at most %.2f%%, %v", 100*r.concealed, r.end, 100*c.concealed, c.end)
			}
		})
	}
}
