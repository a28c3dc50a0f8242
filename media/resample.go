package media

import "math"

// samples is an endless source of mono sound.
type samples interface {
	read(dst []int16) error // fills all of dst
}

// A resampler gives the sound of a source at SampleRate. Each sample is a weighted
// sum (a sinc under a Kaiser window) of those of the source around its time.
type resampler struct {
	source samples
	rate   int // of the source, in Hz
	half   int // taps on either side

	// kernel holds the weights for resamplePhases+1 times between two samples of
	// the source, 2*half each; what lies between is interpolated.
	kernel []float32

	buf  []int16 // of the source; the present time lies after buf[pos+half-1]
	pos  int
	frac int // the present time after that sample, in 1/SampleRate of a sample
}

const (
	resamplePhases = 256  // interpolated, the error is below that of 16 bits
	resampleZeros  = 16   // zero crossings of the sinc on either side
	resamplePass   = 0.94 // of the lower Nyquist frequency: room for the filter's slope
	resampleShape  = 8.0  // of the Kaiser window: some 80 dB in the stop band
	resampleBuffer = 2048 // samples of the source
)

func newResampler(source samples, rate int) *resampler {
	// On the way down the filter is as much longer as its band is narrower.
	band := min(1, SampleRate/float64(rate)) * resamplePass
	half := int(math.Ceil(resampleZeros / band))
	r := &resampler{source: source, rate: rate, half: half, kernel: make([]float32, (resamplePhases+1)*2*half)}
	for phase := range resamplePhases + 1 {
		taps := r.kernel[phase*2*half:][:2*half]
		var sum float64
		for i := range taps {
			t := float64(i-half+1) - float64(phase)/resamplePhases
			w := sinc(band*t) * kaiser(t/float64(half))
			taps[i], sum = float32(w), sum+w
		}
		for i := range taps {
			taps[i] /= float32(sum)
		}
	}
	r.buf = make([]int16, half-1, 2*half+resampleBuffer) // silence before the first sample
	return r
}

func (r *resampler) read(dst []int16) error {
	for i := range dst {
		for r.pos+2*r.half > len(r.buf) {
			if err := r.refill(); err != nil {
				return err
			}
		}
		dst[i] = r.sample()
		r.frac += r.rate
		r.pos += r.frac / SampleRate
		r.frac %= SampleRate
	}
	return nil
}

// refill drops what is past and reads on.
func (r *resampler) refill() error {
	kept := copy(r.buf, r.buf[min(r.pos, len(r.buf)):])
	r.pos -= min(r.pos, len(r.buf))
	r.buf = r.buf[:cap(r.buf)]
	err := r.source.read(r.buf[kept:])
	return err
}

// sample is the sound at the present time.
func (r *resampler) sample() int16 {
	phase := r.frac * resamplePhases / SampleRate
	part := float32(r.frac*resamplePhases%SampleRate) / SampleRate
	taps := 2 * r.half
	a, b := r.kernel[phase*taps:][:taps], r.kernel[(phase+1)*taps:][:taps]
	var va, vb float32
	for i, s := range r.buf[r.pos:][:taps] {
		va += a[i] * float32(s)
		vb += b[i] * float32(s)
	}
	v := va + (vb-va)*part
	return int16(min(max(math.Round(float64(v)), math.MinInt16), math.MaxInt16))
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// kaiser is the window at x from -1 to 1.
func kaiser(x float64) float64 {
	return bessel(resampleShape*math.Sqrt(max(0, 1-x*x))) / bessel(resampleShape)
}

// bessel is the modified Bessel function of the first kind and order 0, by its series.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > 1e-12*sum; k++ {
		term *= x * x / (4 * k * k)
		sum += term
	}
	return sum
}
