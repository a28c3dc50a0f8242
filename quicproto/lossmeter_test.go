package quicproto

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestLossMeterLearnsRateAndRuns(t *testing.T) {
	const seed = 5
	for _, want := range []lossModel{{0, 0}, {0.01, 0.01}, {0.05, 0.05}, {0.2, 0.2}, {0.05, 0.75}} {
		rng := rand.New(rand.NewPCG(seed, 0))
		enter := want.rate * (1 - want.again) / (1 - want.rate)
		var m lossMeter
		var rate, again float64
		const packets, warm = 40000, 4000
		bad := false
		for i := range packets + warm {
			if bad {
				bad = rng.Float64() < want.again
			} else {
				bad = rng.Float64() < enter
			}
			m.add(ssrcVideo, bad)
			if i >= warm {
				got := m.model(ssrcVideo)
				rate += got.rate / packets
				again += got.again / packets
			}
		}
		if math.Abs(rate-want.rate) > 0.005+want.rate/4 || math.Abs(again-want.again) > 0.05 {
			t.Errorf("seed %d: %+v is taken for %.3f, %.3f", seed, want, rate, again)
		}
	}
}

func TestLossMeterIsQuick(t *testing.T) {
	var m lossMeter
	for range 1000 {
		m.add(ssrcVideo, false)
	}
	for i := range 60 {
		m.add(ssrcVideo, i%10 == 9)
	}
	if got := m.model(ssrcVideo).rate; got < 0.04 {
		t.Errorf("after 60 packets with 10 %% of loss: %.3f", got)
	}
	for range 3000 {
		m.add(ssrcVideo, false)
	}
	if got := m.model(ssrcVideo).rate; got > fecUntil {
		t.Errorf("after 3000 packets without loss: %.4f", got)
	}
}
