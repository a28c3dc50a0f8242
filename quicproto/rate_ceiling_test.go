package quicproto

import (
	"testing"
	"time"
)

// TestACeilingIsNoEstimate holds a call down for a while, on a path that takes more:
// then less is sent, and when the ceiling is lifted as much as before, at once.
func TestACeilingIsNoEstimate(t *testing.T) {
	const seed = 1
	s := rateScenario{out: bottleneck(2*mbit, 300*ms), cfg: large, duration: 40 * sec}
	var before, held, after float64
	s.setup = func(w *rateWorld) {
		c := w.calls[0]
		w.at(15*sec, func() { before = float64(c.rc.target()); c.rc.ceiling = 400e3 })
		w.at(16*sec, func() { held = float64(c.rc.target()) })
		w.at(25*sec, func() { c.rc.ceiling = 0 })
		w.at(26*sec, func() { after = float64(c.rc.target()) })
	}
	w, _ := s.run(seed)
	if held != 400e3 {
		t.Errorf("under a ceiling of 400 kbit/s the target is %.0f", held)
	}
	if got := w.out.carried(0, 17*sec, 25*sec); got > 440e3 {
		t.Errorf("seed %d: %.0f bit/s were sent under a ceiling of 400 kbit/s", seed, got)
	}
	if before < 1.6e6 || after < 0.85*before {
		t.Errorf("seed %d: the target was %.0f before, and is %.0f a second after", seed, before, after)
	}
	if p95 := w.out.wait(0, 25*sec, 40*sec).quantile(.95); p95 > 40*ms {
		t.Errorf("seed %d: afterwards packets wait %v (p95)", seed, p95)
	}
}

// TestACeilingBoundsWhatLeavesAtOnce has the path take more than may be sent.
func TestACeilingBoundsWhatLeavesAtOnce(t *testing.T) {
	r := newRateControl(rateConfig{})
	r.setRate(4e6)
	r.updated = time.Unix(1, 0)
	r.ceiling = 1e6
	if got := float64(r.pacing()); got > topPacing*1e6 {
		t.Errorf("under a ceiling of 1 Mbit/s packets leave at %.0f bit/s", got)
	}
	r.ceiling = 1
	if got := r.target(); got != r.cfg.Min {
		t.Errorf("a ceiling of nothing leaves %v, want what sound needs, %v", got, r.cfg.Min)
	}
}
