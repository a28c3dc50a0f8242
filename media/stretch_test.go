package media

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// lineOf is a line of which half has been played.
func lineOf(x []int16) *pcmLine {
	l := new(pcmLine)
	copy(l.room(len(x)), x)
	l.grow(len(x))
	l.read = len(x) / 2
	return l
}

func TestEditsAreWholePeriods(t *testing.T) {
	loud := &loudness{loud: 8000}
	for _, hz := range []float64{80, 100, 220, 440, 1000} {
		for _, want := range []int{600, 700} {
			l := lineOf(testTone(hz, 12000)[:6000])
			period := SampleRate / hz
			e, ok := l.findSqueeze(want, loud)
			if !ok || math.Abs(math.Remainder(float64(e.lag), period)) > 1 || e.lag > want || e.likeness < .99 {
				t.Errorf("%v Hz: squeeze by at most %d: %+v ok %v, want a multiple of %.1f", hz, want, e, ok, period)
			}
			e, ok = l.findStretch(want, loud)
			if !ok || math.Abs(math.Remainder(float64(e.lag), period)) > 1 || e.likeness < .99 {
				t.Errorf("%v Hz: stretch by at most %d: %+v ok %v, want a multiple of %.1f", hz, want, e, ok, period)
			}
		}
	}
}

func TestEditsChangeNothingButTheLength(t *testing.T) {
	for _, hz := range []float64{100, 233, 440} {
		l := lineOf(testTone(hz, 12000)[:6000])
		length, head := l.size, append([]int16(nil), l.head()...)
		e, _ := l.findSqueeze(maxLag, &loudness{loud: 8000})
		l.squeeze(e)
		if l.size != length-e.lag {
			t.Errorf("%v Hz: squeezed by %d: %d samples left of %d", hz, e.lag, l.size, length)
		}
		if r := roughness(l.buf[0], l.buf[:l.size]); r > roughness(0, head)*102/100 {
			t.Errorf("%v Hz: squeezed with a step of %d, the tone has %d", hz, r, roughness(0, head))
		}
		e, _ = l.findStretch(maxLag, &loudness{loud: 8000})
		l.stretch(e)
		if r := roughness(l.buf[0], l.buf[:l.size]); r > roughness(0, head)*102/100 {
			t.Errorf("%v Hz: stretched with a step of %d, the tone has %d", hz, r, roughness(0, head))
		}
		if snr := worstToneSNR(l.buf[:l.size], hz); snr < 30 {
			t.Errorf("%v Hz: signal to noise %.1f dB in the worst 10 ms, want 30", hz, snr)
		}
	}
}

// worstToneSNR fits a sine of hz to each 10 ms of x and returns the worst ratio
// of signal to the rest, in dB.
func worstToneSNR(x []int16, hz float64) float64 {
	const window = SampleRate / 100
	worst := math.Inf(1)
	for ; len(x) >= window; x = x[window/2:] {
		worst = min(worst, toneSNR(x[:window], hz))
	}
	return worst
}

func toneSNR(x []int16, hz float64) float64 {
	var ss, cc, sc, xs, xc, xx float64
	for i, v := range x {
		s, c := math.Sincos(2 * math.Pi * hz * float64(i) / SampleRate)
		f := float64(v)
		ss, cc, sc = ss+s*s, cc+c*c, sc+s*c
		xs, xc, xx = xs+f*s, xc+f*c, xx+f*f
	}
	det := ss*cc - sc*sc
	a, b := (xs*cc-xc*sc)/det, (xc*ss-xs*sc)/det
	signal := a*xs + b*xc
	return 10 * math.Log10(signal/max(xx-signal, 1e-9))
}

// While 200 ms are caught up with, a tone stays a tone.
func TestCatchingUpKeepsThePitch(t *testing.T) {
	const hz = 220
	sim := playoutSim{seed: 1, length: 20 * time.Second, sound: testTone(hz, 12000), transit: stepTransit(10*time.Second, 200*ms, 0)}
	windows, good := 0, 0
	var squeezed uint64
	sim.onBlock = func(at time.Duration, p *Playout, block []int16) {
		if at > 2*time.Second {
			windows++
			if toneSNR(block, hz) > 30 {
				good++
			}
		}
		squeezed = p.Stats().Squeezed
	}
	r := sim.run()
	if squeezed < SampleRate*180/1000 || r.end > 5*ms {
		t.Fatalf("squeezed %d samples, delay %v at the end: it did not catch up", squeezed, r.end)
	}
	if share := float64(good) / float64(windows); share < .99 {
		t.Errorf("%.2f%% of the blocks are a clean tone, want 99%%", 100*share)
	}
}

// Edits neither double nor swallow what stands out of a pause.
func TestEditsSpareClicks(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	sound := make([]int16, 10*SampleRate)
	for i := range sound {
		sound[i] = int16(80 * rng.NormFloat64())
		if i%(SampleRate/4) < 48 {
			sound[i] = int16(16000 * math.Sin(2*math.Pi*1000*float64(i%SampleRate)/SampleRate))
		}
	}
	for _, transit := range []func(*rand.Rand, time.Duration) time.Duration{
		uniformTransit(40 * ms),
		func(_ *rand.Rand, at time.Duration) time.Duration { // grows slowly, falls at once
			return at % (5 * time.Second) / 100
		},
	} {
		clicks, since := 0, SampleRate
		sim := playoutSim{seed: 5, sound: sound, drift: 200, transit: transit}
		sim.onBlock = func(_ time.Duration, _ *Playout, block []int16) {
			for _, v := range block {
				if since++; v > 8000 {
					if since > 96 {
						clicks++
					}
					since = 0
				}
			}
		}
		r := sim.run()
		t.Logf("%v", r)
		if edits := r.stats.Squeezed + r.stats.Stretched; edits < SampleRate/100 {
			t.Errorf("%v: too few edits to tell", r)
		}
		if r.stats.Concealed > SampleRate/10 {
			t.Errorf("%v: too much concealed to tell", r)
		}
		if clicks < 238 || clicks > 240 {
			t.Errorf("%v: heard %d clicks, want one each quarter of a second", r, clicks)
		}
	}
}

// A cross-fade is as loud as what it joins, whether or not the two are alike.
func TestCrossfadeKeepsTheLoudness(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	a, b, mixed := make([]int16, 48000), make([]int16, 48000), make([]int16, 48000)
	for _, alike := range []float64{0, .5, .9, 1} {
		for i := range a {
			common, own := rng.NormFloat64(), rng.NormFloat64()
			a[i] = int16(3000 * common)
			b[i] = int16(3000 * (alike*common + math.Sqrt(1-alike*alike)*own))
		}
		crossfade(mixed, a, b, likeness(a, b, 1))
		middle, _ := steadiness(mixed[20000:28000])
		if middle < 2850 || middle > 3150 {
			t.Errorf("likeness %v: the middle has %.0f root mean square, the ends 3000", alike, middle)
		}
	}
}

func TestLikeness(t *testing.T) {
	tone := testTone(100, 10000)
	for _, c := range []struct {
		name string
		a, b []int16
		want float64
	}{
		{"itself", tone[:480], tone[480:960], 1},
		{"its opposite", tone[:480], tone[240:720], -1},
		{"a quarter off", tone[:480], tone[120:600], 0},
		{"silence", make([]int16, 480), make([]int16, 480), 1},
		{"sound and silence", tone[:480], make([]int16, 480), 0},
		{"the loudest", filled(480, math.MinInt16), filled(480, math.MinInt16), 1},
	} {
		if got := likeness(c.a, c.b, 1); math.Abs(got-c.want) > .001 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func filled(n int, v int16) []int16 {
	x := make([]int16, n)
	for i := range x {
		x[i] = v
	}
	return x
}

func TestExtrapolateContinues(t *testing.T) {
	for _, hz := range []float64{90, 150, 333} {
		tone := testTone(hz, 12000)
		l := lineOf(tone[:6000])
		tail := make([]int16, 480)
		l.extrapolate(tail)
		for i := range tail {
			if d := int(tail[i]) - int(tone[6000+i]); d < -700 || d > 700 {
				t.Fatalf("%v Hz: sample %d is off by %d", hz, i, d)
			}
		}
	}
}

func BenchmarkFindSqueeze(b *testing.B) {
	l := lineOf(testVoice()[30000:36000])
	voice := &loudness{loud: 8000}
	b.ReportAllocs()
	for b.Loop() {
		l.findSqueeze(maxLag, voice)
	}
}
