package media

import (
	"math"
	"math/rand/v2"
	"testing"
)

// mixAll mixes whole sounds in blocks.
func mixAll(m *Mixer, block int, voices []*Voice, sounds ...[]int16) []int16 {
	out := make([]int16, len(sounds[0]))
	for at := 0; at+block <= len(out); at += block {
		for i, s := range sounds {
			m.Add(voices[i], s[at:at+block])
		}
		m.Mix(out[at : at+block])
	}
	return out
}

func freshVoices(n int) []*Voice {
	voices := make([]*Voice, n)
	for i := range voices {
		voices[i] = new(Voice)
	}
	return voices
}

func TestMixerAddsExactly(t *testing.T) {
	a, b := testTone(300, 9000), testTone(470, 11000)
	out := mixAll(new(Mixer), 240, freshVoices(2), a, b)
	for i := range out {
		if want := a[i] + b[i]; out[i] != want {
			t.Fatalf("sample %d is %d, want %d", i, out[i], want)
		}
	}
}

func TestMixerIsSilentWithoutVoices(t *testing.T) {
	var m Mixer
	out := filled(480, 7)
	m.Mix(out)
	if peakOf(out) != 0 {
		t.Errorf("peak %d, want silence", peakOf(out))
	}
	m.Add(new(Voice), filled(100, 50))
	m.Mix(out)
	if out[99] != 50 || peakOf(out[100:]) != 0 {
		t.Errorf("a short block ends with %d and is followed by %d", out[99], peakOf(out[100:]))
	}
	m.Mix(out)
	if peakOf(out) != 0 {
		t.Errorf("peak %d after the block was mixed, want silence", peakOf(out))
	}
}

// Eight people shouting do not clip: the sum is softer, not squarer.
func TestMixerLimitsWithoutClipping(t *testing.T) {
	for _, block := range []int{240, 441, 480, 960} {
		sounds := make([][]int16, 8)
		for i := range sounds {
			sounds[i] = testTone(float64(110*(i+1)), 30000)
		}
		out := mixAll(new(Mixer), block, freshVoices(8), sounds...)
		out = out[:len(out)/block*block]
		bent := 0
		for _, v := range out {
			if int(v) > limitLevel+1 || int(v) < -limitLevel-1 {
				bent++
			}
		}
		if bent > len(out)/500 {
			t.Errorf("blocks of %d: %d samples of %d are bent, want one in 500 at most", block, bent, len(out))
		}
		if peak := peakOf(out); peak >= math.MaxInt16 {
			t.Errorf("blocks of %d: peak %d reaches full scale", block, peak)
		}
	}
}

// A tone too loud by 6 dB stays a tone.
func TestLimiterKeepsTheTone(t *testing.T) {
	const hz = 200
	out := mixAll(new(Mixer), 480, freshVoices(2), testTone(hz, 30000), testTone(hz, 30000))
	if snr := worstToneSNR(out[4800:], hz); snr < 35 {
		t.Errorf("signal to noise %.1f dB in the worst 10 ms, want 35", snr)
	}
}

// A shout turns its neighbours down for a moment, without steps, and not for long.
func TestLimiterRecovers(t *testing.T) {
	quiet, shout := testTone(440, 3000), make([]int16, SampleRate)
	copy(shout[4800:9600], testTone(100, 32000))
	loud := make([]int16, SampleRate)
	copy(loud[4800:9600], shout[4800:9600])
	out := mixAll(new(Mixer), 480, freshVoices(3), quiet, shout, loud)
	if peak := peakOf(out[5760:9600]); peak > limitLevel+1 {
		t.Errorf("the shout has peak %d, want at most %d", peak, limitLevel)
	}
	before, _ := steadiness(quiet[24000:24480])
	for _, c := range []struct {
		at    int
		least float64
	}{{9600 + 480, .45}, {9600 + 7200, .75}, {9600 + 36000, .99}} {
		if got, _ := steadiness(out[c.at : c.at+480]); got < c.least*before {
			t.Errorf("%v after the shout the other voice has %.2f of its loudness, want %.2f", SampleTime(c.at-9600), got/before, c.least)
		}
	}
	sum := make([]int16, len(out)) // at half the level, so that it fits
	for i := range sum {
		sum[i] = int16((int(quiet[i]) + int(shout[i]) + int(loud[i])) / 3)
	}
	if r, most := roughness(0, out), 3*roughness(0, sum); r > most {
		t.Errorf("largest step %d, the sum has %d", r, most)
	}
}

func TestVoiceGainGlides(t *testing.T) {
	tone := testTone(300, 10000)
	v := new(Voice)
	var m Mixer
	var out []int16
	block := make([]int16, 480)
	for at := 0; at < len(tone); at += 480 {
		switch at {
		case 4800:
			v.SetGain(0)
		case 9600:
			v.SetGain(2)
		case 14400:
			v.SetGain(1)
		}
		m.Add(v, tone[at:at+480])
		m.Mix(block)
		out = append(out, block...)
	}
	for _, c := range []struct{ at, want int }{{4000, 10000}, {9000, 0}, {14000, 20000}, {20000, 10000}} {
		if got := peakOf(out[c.at : c.at+240]); max(got-c.want, c.want-got) > c.want/100 {
			t.Errorf("peak at %d is %d, want %d", c.at, got, c.want)
		}
	}
	if r := roughness(0, out); r > 2*roughness(0, tone)+60 {
		t.Errorf("largest step %d, the amplified tone has %d", r, 2*roughness(0, tone))
	}
}

func TestVoiceLevel(t *testing.T) {
	v := new(Voice)
	v.SetGain(0) // does not matter
	var m Mixer
	if l := v.Level(); l.RMS != 0 || l.Peak != 0 {
		t.Errorf("level %+v of a voice that said nothing", l)
	}
	tone, out := testTone(440, 16384), make([]int16, 480)
	for at := 0; at < 24000; at += 480 {
		m.Add(v, tone[at:at+480])
		m.Mix(out)
	}
	l := v.Level()
	if math.Abs(l.RMS-.5/math.Sqrt2) > .005 || math.Abs(l.Peak-.5) > .005 {
		t.Errorf("level of a tone at half scale is %+v, want 0.354 and 0.5", l)
	}
	for range 25 {
		m.Add(v, make([]int16, 480))
		m.Mix(out)
	}
	if l := v.Level(); l.RMS > .04 || math.Abs(l.Peak-.25) > .01 {
		t.Errorf("level %+v a quarter of a second later, want less than 0.04 and 0.25", l)
	}
}

func BenchmarkMixer(b *testing.B) {
	for _, c := range []struct {
		name      string
		amplitude float64
		voices    int
	}{{"one voice", 10000, 1}, {"eight voices", 2000, 8}, {"eight shouting", 30000, 8}} {
		b.Run(c.name, func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			voices, block, out := freshVoices(c.voices), make([]int16, 480), make([]int16, 480)
			for i := range block {
				block[i] = int16(c.amplitude * (2*rng.Float64() - 1))
			}
			var m Mixer
			b.ReportAllocs()
			for b.Loop() {
				for _, v := range voices {
					m.Add(v, block)
				}
				m.Mix(out)
			}
		})
	}
}
