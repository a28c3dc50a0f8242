//go:build cgo && unix

package portaudio

import (
	"math"
	"math/rand"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

// card is a sound card whose crystal is wrong and whose callbacks are noisy.
type card struct {
	rng    *rand.Rand
	start  time.Duration
	ppm    float64
	noise  time.Duration // of what each callback reports
	sample int64
}

func (c *card) time(sample int64) time.Duration {
	return c.start + time.Duration(float64(sample)*nominalPeriod/(1+c.ppm*1e-6))
}

func (c *card) callback() observation {
	o := observation{sample: c.sample, at: c.time(c.sample) + time.Duration(c.rng.NormFloat64()*float64(c.noise))}
	c.sample += blockSize
	return o
}

func TestClockFollowsTheCard(t *testing.T) {
	for _, ppm := range []float64{0, 150, -150} {
		const seed = 7
		c := card{rng: rand.New(rand.NewSource(seed)), start: time.Hour, ppm: ppm, noise: 2 * time.Millisecond}
		var k clock
		var worst, before time.Duration
		for c.sample < 60*media.SampleRate {
			o := c.callback()
			k.observe(o)
			got := k.time(o.sample)
			if got <= before {
				t.Fatalf("%v ppm, seed %d: time stood still at sample %d", ppm, seed, o.sample)
			}
			before = got
			if c.sample > 20*media.SampleRate {
				worst = max(worst, (got - c.time(o.sample)).Abs())
			}
		}
		if worst > time.Millisecond {
			t.Errorf("%v ppm, seed %d: off by up to %v after 20 s, want within 1ms", ppm, seed, worst)
		}
	}
}

func TestClockJumpsWithTheDevice(t *testing.T) {
	for _, test := range []struct {
		name   string
		by     time.Duration
		broken bool
	}{
		{"samples lost, as the device says", 15 * time.Millisecond, true},
		{"device switched, unsaid", 80 * time.Millisecond, false},
	} {
		c := card{rng: rand.New(rand.NewSource(1)), start: time.Second}
		var k clock
		for range 1000 {
			k.observe(c.callback())
		}
		c.start += test.by
		o := c.callback()
		o.broken = test.broken
		k.observe(o)
		if off := k.time(o.sample) - c.time(o.sample); off.Abs() > time.Microsecond {
			t.Errorf("%s: off by %v right after it, want 0", test.name, off)
		}
	}
}

// TestClockSurvivesAPause: nobody reads for ten minutes, then somebody does.
func TestClockSurvivesAPause(t *testing.T) {
	c := card{rng: rand.New(rand.NewSource(1)), start: time.Second, ppm: 40}
	var k clock
	for range 2000 {
		k.observe(c.callback())
	}
	c.sample += 600 * media.SampleRate
	for range 2000 {
		o := c.callback()
		k.observe(o)
		if off := k.time(o.sample) - c.time(o.sample); off.Abs() > 40*time.Millisecond {
			t.Fatalf("off by %v", off)
		}
	}
	if off := k.time(c.sample) - c.time(c.sample); off.Abs() > time.Millisecond {
		t.Errorf("off by %v ten seconds later", off)
	}
	if drift := math.Abs(k.period/nominalPeriod - 1); drift > 200e-6 {
		t.Errorf("the period is %.0f ppm off", drift*1e6)
	}
}
