package quicproto

import (
	"math/rand/v2"
	"testing"
	"time"
)

// lossStory feeds a loss track with packets of 1000 bytes for a time: rate is
// what is sent in packets a second, drop decides the fate of each.
func lossStory(d time.Duration, rate func(t time.Duration) float64, drop func(t time.Duration) bool) *lossTrack {
	l := new(lossTrack)
	for t := time.Duration(0); t < d; t += time.Duration(float64(sec) / rate(t)) {
		l.add(t, 1000, !drop(t), false)
	}
	return l
}

// frames is a rate of 250 packets a second, give or take what frames of a video
// differ by.
func frames(rng *rand.Rand) func(time.Duration) float64 {
	level := 250.0
	var until time.Duration
	return func(t time.Duration) float64 {
		if t >= until {
			until += 100 * ms
			level = 250 * (1 + 0.15*rng.NormFloat64())
		}
		return max(level, 50)
	}
}

func TestLossCap(t *testing.T) {
	policer := func(rng *rand.Rand, rate float64) func(time.Duration) bool {
		tokens, last := 10.0, time.Duration(0)
		return func(t time.Duration) bool {
			tokens = min(10, tokens+rate*(t-last).Seconds())
			last = t
			if tokens < 1 {
				return true
			}
			tokens--
			return false
		}
	}
	random := func(p float64) func(*rand.Rand, float64) func(time.Duration) bool {
		return func(rng *rand.Rand, _ float64) func(time.Duration) bool {
			return func(time.Duration) bool { return rng.Float64() < p }
		}
	}
	runs := func(rng *rand.Rand, _ float64) func(time.Duration) bool {
		bad := false
		return func(time.Duration) bool {
			if bad {
				bad = rng.Float64() > 1.0/6
			} else {
				bad = rng.Float64() < 0.02
			}
			return bad
		}
	}
	tests := []struct {
		name string
		drop func(*rand.Rand, float64) func(time.Duration) bool
		rate float64 // packets a second, of the policer
		caps bool
	}{
		{"policer", policer, 150, true},
		{"policer of nearly the rate", policer, 190, true},
		{"policer above the rate", policer, 400, false},
		{"random 5 %", random(0.05), 0, false},
		{"random 20 %", random(0.2), 0, false},
		{"random 40 %", random(0.4), 0, false},
		{"runs", runs, 0, false},
	}
	for _, tt := range tests {
		const seeds = 40
		wrong := 0
		for seed := range uint64(seeds) {
			rng := rand.New(rand.NewPCG(seed, 1))
			rate, ok := lossStory(4*sec, frames(rng), tt.drop(rng, tt.rate)).cap()
			if ok != tt.caps {
				wrong++
			}
			if ok && tt.caps && (rate < 7.5e3*tt.rate || rate > 8.6e3*tt.rate) {
				t.Errorf("%s, seed %d: cap at %.0f bit/s, want %.0f", tt.name, seed, rate, 8e3*tt.rate)
			}
		}
		if wrong > seeds/10 && (!tt.caps || wrong > seeds/4) {
			t.Errorf("%s: %d of %d verdicts are wrong", tt.name, wrong, seeds)
		}
	}
}

func TestLossCorrection(t *testing.T) {
	l := new(lossTrack)
	for i := range 100 {
		l.add(time.Duration(i)*10*ms, 1000, i%2 == 0, false)
	}
	if p := l.rate(); p < 0.45 || p > 0.55 {
		t.Fatalf("loss %.2f, want 0.5", p)
	}
	for i := 1; i < 100; i += 2 { // they were late, not lost
		l.add(time.Duration(i)*10*ms, 1000, true, true)
	}
	if p := l.rate(); p != 0 {
		t.Errorf("loss %.2f after all have arrived", p)
	}
}

func TestLossTrackSurvivesAPause(t *testing.T) {
	l := new(lossTrack)
	l.add(0, 1000, false, false)
	l.add(100*time.Hour, 1000, true, false)
	if p := l.rate(); p != 0 {
		t.Errorf("loss %.2f, want 0: the lost packet is long ago", p)
	}
}
