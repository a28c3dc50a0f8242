package media_test

import (
	"fmt"
	"math"
	"math/rand"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/mediatest"
)

// addBurst adds 30 ms of 1 kHz to pcm from sample at on.
func addBurst(pcm []int16, at int, level float64) {
	for i := range media.SamplesIn(30 * time.Millisecond) {
		v := float64(pcm[at+i]) + level*math.MaxInt16*math.Sin(2*math.Pi*1000*float64(i)/media.SampleRate)
		pcm[at+i] = int16(min(max(v, math.MinInt16), math.MaxInt16))
	}
}

func addNoise(pcm []int16, level float64, seed int64) {
	rng := rand.New(rand.NewSource(seed))
	for i := range pcm {
		pcm[i] += int16(level * math.MaxInt16 * rng.NormFloat64())
	}
}

func TestClicksAreFound(t *testing.T) {
	const seed = 11
	begin := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, test := range []struct {
		name         string
		click, noise float64 // of full scale
		tone         float64
		slack        time.Duration
	}{
		{"in silence", 0.5, 0, 0, 100 * time.Microsecond},
		{"in noise", 0.5, 0.003, 0, 100 * time.Microsecond},
		{"softly, in noise", 0.05, 0.003, 0, 500 * time.Microsecond},
		{"over a tone", 0.5, 0, 0.05, 200 * time.Microsecond},
		{"clipped", 3, 0.003, 0, 300 * time.Microsecond},
	} {
		for _, size := range []int{1, 100, 480, 48000} {
			pcm := mediatest.Sine(330, test.tone, 6*time.Second)
			addNoise(pcm, test.noise, seed)
			var want []time.Time
			for at := 20011; at < len(pcm)-4800; at += 31013 {
				addBurst(pcm, at, test.click)
				want = append(want, begin.Add(media.SampleTime(at)))
			}
			got := detect(pcm, begin, size)
			if len(got) != len(want) {
				t.Errorf("%s, blocks of %d, seed %d: %d clicks, want %d", test.name, size, seed, len(got), len(want))
				continue
			}
			for i := range want {
				if off := got[i].Sub(want[i]); off.Abs() > test.slack {
					t.Errorf("%s, blocks of %d, seed %d: click %d is off by %v, want within %v", test.name, size, seed, i, off, test.slack)
				}
			}
		}
	}
}

// detect pushes pcm, which begins at begin, in blocks of size samples.
func detect(pcm []int16, begin time.Time, size int) []time.Time {
	var d media.ClickDetector
	var onsets []time.Time
	for i := 0; i < len(pcm); i += size {
		onsets = append(onsets, d.Push(begin.Add(media.SampleTime(i)), pcm[i:min(i+size, len(pcm))])...)
	}
	return onsets
}

func TestNoClicks(t *testing.T) {
	noise := make([]int16, 10*media.SampleRate)
	addNoise(noise, 0.1, 1)
	faint := make([]int16, 2*media.SampleRate)
	addBurst(faint, media.SampleRate, 0.005)
	for name, pcm := range map[string][]int16{
		"silence":       make([]int16, media.SampleRate),
		"noise":         noise,
		"tone":          mediatest.Sine(440, 0.3, 3*time.Second),
		"a faint click": faint,
	} {
		if got := detect(pcm, time.Unix(0, 0), 480); len(got) != 0 {
			t.Errorf("%s: %d clicks, want none", name, len(got))
		}
	}
}

// TestClickWithEcho: the echo of a click is no second click.
// TestAToneThatBeginsIsNoClick: who comes into the middle of a tone has heard none.
func TestAToneThatBeginsIsNoClick(t *testing.T) {
	pcm := mediatest.Sine(440, 0.05, 3*time.Second)
	clear(pcm[:media.SampleRate/3])
	addBurst(pcm, 2*media.SampleRate, 0.5)
	begin := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	got := detect(pcm, begin, 480)
	if want := begin.Add(2 * time.Second); len(got) != 1 || got[0].Sub(want).Abs() > time.Millisecond {
		t.Errorf("clicks %v, want the one at %v", got, want)
	}
}

func TestClickWithEcho(t *testing.T) {
	pcm := make([]int16, 2*media.SampleRate)
	for i, level := range []float64{0.5, 0.25, 0.12} {
		addBurst(pcm, media.SampleRate+i*media.SamplesIn(90*time.Millisecond), level)
	}
	got := detect(pcm, time.Unix(0, 0), 480)
	if len(got) != 1 || got[0].Sub(time.Unix(1, 0)).Abs() > 100*time.Microsecond {
		t.Errorf("clicks at %v, want one at 1 s", got)
	}
}

func ExampleClickDetector() {
	var d media.ClickDetector
	received := make([]int16, 2*media.SampleRate)
	addBurst(received, media.SampleRate, 0.5)
	heard := time.Unix(1_900_000_000, int64(85*time.Millisecond)) // when the first sample was
	for _, onset := range d.Push(heard, received) {
		fmt.Println("mouth to ear:", media.ClickLatency(onset).Round(time.Millisecond))
	}
	// Output: mouth to ear: 85ms
}

func BenchmarkClickDetector(b *testing.B) {
	var d media.ClickDetector
	block := mediatest.Voice(10*time.Millisecond, 1)
	at := time.Unix(0, 0)
	b.ReportAllocs()
	for b.Loop() {
		at = at.Add(10 * time.Millisecond)
		d.Push(at, block)
	}
}
