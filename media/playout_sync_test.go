package media

import (
	"testing"
	"time"
)

// TestPlayoutWaitsForPictures: sound is held back as lip sync wants it, within bounds,
// without a gap or a click, and comes early again afterwards.
func TestPlayoutWaitsForPictures(t *testing.T) {
	for _, c := range []struct {
		name    string
		delay   time.Duration // wanted by lip sync, beyond packet and fastest path
		transit time.Duration // uniform
		least   time.Duration // delay while it is wanted
		most    time.Duration
	}{
		{"no", 0, 0, 0, 6 * ms},
		{"a little", 30 * ms, 0, 28 * ms, 34 * ms},
		{"more than it waits", 300 * ms, 0, 80 * ms, 88 * ms},
		{"less than jitter demands", 20 * ms, 60 * ms, 40 * ms, 75 * ms},
		{"on top of jitter", 90 * ms, 40 * ms, 88 * ms, 95 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			const seed, from, to, length = 5, 10 * time.Second, 60 * time.Second, 140 * time.Second
			s := playoutSim{seed: seed, length: length}
			if c.transit > 0 {
				s.transit = uniformTransit(c.transit)
			}
			s.onBlock = func(at time.Duration, p *Playout, _ []int16) {
				var due time.Time
				if at > from && at < to {
					due = simEpoch.Add(simBase + 10*ms + c.delay)
				}
				p.NotBefore(simFirstTS&0xffffffff, due)
			}
			r := s.run()
			// 5 s after a change it has been followed.
			const block = 5 * ms
			for _, d := range r.delays[(to-5*time.Second)/block : (to-time.Second)/block] {
				if d < c.least || d > c.most {
					t.Errorf("seed %d: a block came after %v, want %v to %v", seed, d, c.least, c.most)
					break
				}
			}
			if begin := r.delays[(from-time.Second)/block]; r.end > begin+10*ms {
				t.Errorf("seed %d: in the end sound comes after %v, in the beginning after %v", seed, r.end, begin)
			}
			if r.concealed > 0.002 || r.rough > roughness(0, testVoice())*105/100 {
				t.Errorf("seed %d: %v", seed, r)
			}
		})
	}
}
