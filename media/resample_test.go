package media

import (
	"math"
	"testing"
)

// sines is a source with tones of the same loudness at frequencies in Hz.
type sines struct {
	rate  int
	hz    []float64
	level float64 // of each
	n     int
}

func (s *sines) read(dst []int16) error {
	for i := range dst {
		var v float64
		for _, hz := range s.hz {
			v += s.level * math.Sin(2*math.Pi*hz*float64(s.n)/float64(s.rate))
		}
		dst[i] = int16(math.Round(v))
		s.n++
	}
	return nil
}

// toneIn tells how strong a tone of hz is in pcm at SampleRate, as its amplitude, and
// noise the root of the mean square of all the rest.
func toneIn(pcm []int16, hz float64) (level, noise float64) {
	var re, im, sum float64
	for i, v := range pcm {
		sin, cos := math.Sincos(2 * math.Pi * hz * float64(i) / SampleRate)
		re, im = re+float64(v)*cos, im+float64(v)*sin
		sum += float64(v) * float64(v)
	}
	n := float64(len(pcm))
	level = 2 * math.Hypot(re, im) / n
	return level, math.Sqrt(max(0, sum/n-level*level/2))
}

func TestResamplerKeepsTonesAndAddsNone(t *testing.T) {
	for _, rate := range []int{8000, 11025, 16000, 22050, 22255, 32000, 44100, 47999, 88200, 96000} {
		top := 0.43 * float64(min(rate, SampleRate))
		for _, hz := range []float64{100, 1000, math.Floor(top/100) * 100} {
			r := newResampler(&sines{rate: rate, hz: []float64{hz}, level: 10000}, rate)
			pcm := make([]int16, SampleRate+4800)
			r.read(pcm[:1111])
			r.read(pcm[1111:])
			level, noise := toneIn(pcm[4800:], hz)
			if db := 20 * math.Log10(level/10000); math.Abs(db) > 0.5 { // the filter begins to fall there
				t.Errorf("%d Hz, a tone of %.0f: %.2f dB louder, want the same", rate, hz, db)
			}
			// A tone at 10000 rounded to whole numbers on both sides leaves noise at some -84 dB.
			if snr := 20 * math.Log10(level/math.Sqrt2/noise); snr < 75 {
				t.Errorf("%d Hz, a tone of %.0f: %.1f dB above the noise, want 75", rate, hz, snr)
			}
		}
	}
}

func TestResamplerRemovesWhatHasNoPlace(t *testing.T) {
	for _, hz := range []float64{26000, 30000, 45000} { // would fold back
		r := newResampler(&sines{rate: 96000, hz: []float64{hz}, level: 10000}, 96000)
		pcm := make([]int16, SampleRate)
		r.read(pcm)
		if _, noise := toneIn(pcm[4800:], 0); noise > 10 {
			t.Errorf("a tone of %.0f Hz left %.1f behind, want nothing", hz, noise)
		}
	}
}

func TestResamplerIsOnTime(t *testing.T) {
	for _, rate := range []int{8000, 44100, 96000} {
		const hz = 200.0
		r := newResampler(&sines{rate: rate, hz: []float64{hz}, level: 10000}, rate)
		pcm := make([]int16, SampleRate/2)
		r.read(pcm)
		for i := 4800; i < len(pcm); i++ {
			want := 10000 * math.Sin(2*math.Pi*hz*float64(i)/SampleRate)
			if math.Abs(float64(pcm[i])-want) > 15 {
				t.Fatalf("%d Hz: sample %d is %d, want %.0f", rate, i, pcm[i], want)
			}
		}
	}
}

func BenchmarkResampler(b *testing.B) {
	r := newResampler(&sines{rate: 44100}, 44100)
	block := make([]int16, 480)
	b.ReportAllocs()
	for b.Loop() {
		r.read(block)
	}
}
