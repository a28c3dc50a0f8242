package media

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func TestTempo(t *testing.T) {
	tests := []struct {
		tempo tempo
		n     uint64
		want  time.Duration
	}{
		{tempo{30, 1}, 0, 0},
		{tempo{30, 1}, 1, 33333334 * time.Nanosecond},
		{tempo{30, 1}, 3, 100 * time.Millisecond},
		{tempo{30000, 1001}, 30000, 1001 * time.Second},
		{tempo{48000, 1}, 480, 10 * time.Millisecond},
		{tempo{48000, 1}, 48000 * 86400 * 365, 365 * 24 * time.Hour},
		{tempo{1, 10}, 2, 20 * time.Second},
	}
	for _, tt := range tests {
		if got := tt.tempo.offset(tt.n); got != tt.want {
			t.Errorf("%v: offset(%d) = %v, want %v", tt.tempo, tt.n, got, tt.want)
		}
	}
}

func TestTempoElapsedInvertsOffset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.Uint64Range(1, maxTempo)
		tempo := tempo{part.Draw(t, "num"), part.Draw(t, "den")}
		// Ten years' worth of beats.
		n := rapid.Uint64Range(0, tempo.elapsed(10*365*24*time.Hour)).Draw(t, "n")
		at := tempo.offset(n)
		// Where several beats fall into one nanosecond none is the only one; no device is that fast.
		if got := tempo.elapsed(at); got != n {
			t.Fatalf("elapsed(offset(%d)) = %d", n, got)
		}
		if n > 0 && tempo.elapsed(at-1) != n-1 {
			t.Fatalf("elapsed just before beat %d = %d", n, tempo.elapsed(at-1))
		}
	})
}

func TestMetronomeKeepsTimeWithALateCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMetronome(tempo{30, 1})
		start := time.Now()
		for n := range uint64(10000) {
			if !m.wait(n) {
				t.Fatal("stopped")
			}
			if got, want := time.Since(start), m.tempo.offset(n); got != want {
				t.Fatalf("beat %d at %v, want %v", n, got, want)
			}
			time.Sleep(time.Duration(n%33) * time.Millisecond)
		}
		time.Sleep(time.Second)
		if got, want := m.due(), uint64(10029); got != want {
			t.Errorf("due = %d, want %d", got, want)
		}
	})
}

func TestMetronomeStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMetronome(tempo{1, 1})
		done := make(chan bool)
		go func() { m.wait(0); done <- m.wait(1000) }()
		time.Sleep(time.Second)
		m.stop()
		m.stop()
		if <-done {
			t.Error("wait went on after stop")
		}
		if m.wait(0) {
			t.Error("wait for a beat that has passed says true after stop")
		}
	})
}
