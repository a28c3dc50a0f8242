package mediatest

import (
	"math"
	"math/rand"
	"time"

	"github.com/skulltech/prattle/media"
)

// vowels are the first three formants of a, e, i, o, u, in Hz.
var vowels = [...][3]float64{{730, 1090, 2440}, {530, 1840, 2480}, {270, 2290, 3010}, {570, 840, 2410}, {300, 870, 2240}}

// Voice returns d of babble that codecs take for speech: syllables of a voiced
// sound with falling pitch and changing formants, each begun by a hiss. It is the
// same for the same seed.
func Voice(d time.Duration, seed int64) []int16 {
	const syllable = media.SampleRate / 4
	rng := rand.New(rand.NewSource(seed))
	out := make([]int16, media.SamplesIn(d))
	var mouth [3]resonator
	var pitch, phase float64
	for i := range out {
		at := float64(i%syllable) / syllable
		if i%syllable == 0 {
			pitch = 90 + 60*rng.Float64()
			for f, hz := range vowels[rng.Intn(len(vowels))] {
				mouth[f].tune(hz, 60+30*float64(f))
			}
		}
		var breath float64
		if at < 0.15 {
			breath = 0.3 * rng.NormFloat64()
		}
		if phase += pitch * (1 - 0.2*at) / media.SampleRate; phase >= 1 {
			phase--
			breath += 5 * math.Sin(math.Pi*min(1, max(0, at-0.15)/0.75))
		}
		v := breath / 8
		for f := range mouth {
			v += mouth[f].pass(breath) / float64(1+f)
		}
		out[i] = int16(math.MaxInt16 * max(-1, min(1, v)))
	}
	return out
}

// resonator rings at one frequency, as a cavity of the mouth does.
type resonator struct{ gain, a, b, y1, y2 float64 }

func (r *resonator) tune(hz, bandwidth float64) {
	decay := math.Exp(-math.Pi * bandwidth / media.SampleRate)
	r.a = 2 * decay * math.Cos(2*math.Pi*hz/media.SampleRate)
	r.b = -decay * decay
	r.gain = 1 - decay
}

func (r *resonator) pass(x float64) float64 {
	y := r.gain*x + r.a*r.y1 + r.b*r.y2
	r.y1, r.y2 = y, r.y1
	return y
}

// Sine returns d of a pure tone whose amplitude is level of full scale.
func Sine(hz, level float64, d time.Duration) []int16 {
	out := make([]int16, media.SamplesIn(d))
	for i := range out {
		out[i] = int16(level * math.MaxInt16 * math.Sin(2*math.Pi*hz*float64(i)/media.SampleRate))
	}
	return out
}

// Frequency returns that of a pure tone, in Hz, by its rising zero crossings, or
// 0 if it has none.
func Frequency(pcm []int16) float64 {
	first, last, n := 0, 0, -1
	for i := 1; i < len(pcm); i++ {
		if pcm[i-1] < 0 && pcm[i] >= 0 {
			if n++; n == 0 {
				first = i
			}
			last = i
		}
	}
	if n < 1 {
		return 0
	}
	return float64(n) * media.SampleRate / float64(last-first)
}

// Loudness returns the root mean square of pcm as a share of full scale.
func Loudness(pcm []int16) float64 {
	if len(pcm) == 0 {
		return 0
	}
	var sum float64
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum/float64(len(pcm))) / math.MaxInt16
}

// SNR returns how far, in dB, got is above its difference from want.
func SNR(want, got []int16) float64 {
	var signal, noise float64
	for i, w := range want {
		e := float64(w) - float64(got[i])
		signal += float64(w) * float64(w)
		noise += e * e
	}
	return 10 * math.Log10((signal+1)/(noise+1))
}

// Delay returns by how many samples, at most limit, got lags behind want, and how
// alike the two are then: 1 is equal but for loudness, 0 unrelated.
func Delay(want, got []int16, limit int) (lag int, likeness float64) {
	for l := range limit + 1 {
		if c := correlation(want, got[min(l, len(got)):]); c > likeness {
			lag, likeness = l, c
		}
	}
	return lag, likeness
}

func correlation(a, b []int16) float64 {
	n := min(len(a), len(b))
	var ab, aa, bb float64
	for i := range n {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}
