package media

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestPlayoutForeseesAGrowingQueue: a queue that grows as beside a download is followed
// by stretching what is there, hardly ever by making up what is late.
func TestPlayoutForeseesAGrowingQueue(t *testing.T) {
	const begin, most = 10 * time.Second, 150 * ms
	for _, c := range []struct {
		name  string
		pace  float64       // of the queue: seconds a second
		noise time.Duration // jitter besides
		made  time.Duration // made up, at most
	}{
		{"slowly", .05, 4 * ms, 120 * ms},
		{"as a download does", .1, 4 * ms, 90 * ms},
		{"fast", .2, 4 * ms, 110 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			sim := playoutSim{seed: rand.Uint64(), inOrder: true, transit: func(rng *rand.Rand, at time.Duration) time.Duration {
				grown := time.Duration(float64(max(0, at-begin)) * c.pace)
				return min(grown, most) + time.Duration(rng.Int64N(int64(c.noise)))
			}}
			r := sim.run()
			made := SampleTime(int(r.stats.Concealed))
			t.Logf("seed %d: made up %v, delay %v at the end", sim.seed, made, r.end)
			if made > c.made || r.end > most+20*ms {
				t.Errorf("seed %d: made up %v, delay %v at the end; want at most %v, %v", sim.seed, made, r.end, c.made, most+20*ms)
			}
		})
	}
}
