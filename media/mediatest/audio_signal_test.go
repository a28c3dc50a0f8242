package mediatest

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestFrequencyAndLoudnessOfASine(t *testing.T) {
	for _, hz := range []float64{100, 440, 997.5, 8000} {
		s := Sine(hz, 0.5, time.Second)
		if got := Frequency(s); math.Abs(got-hz) > 0.2 {
			t.Errorf("Frequency of %v Hz: %v", hz, got)
		}
		if got := Loudness(s); math.Abs(got-0.5/math.Sqrt2) > 0.001 {
			t.Errorf("Loudness at %v Hz: %v, want %v", hz, got, 0.5/math.Sqrt2)
		}
	}
	if f, l := Frequency(make([]int16, 100)), Loudness(nil); f != 0 || l != 0 {
		t.Errorf("silence has %v Hz at loudness %v, want 0 at 0", f, l)
	}
}

func TestDelayFindsAShift(t *testing.T) {
	voice := Voice(500*time.Millisecond, 1)
	late := append(make([]int16, 123), voice...)
	if lag, likeness := Delay(voice, late, 300); lag != 123 || likeness < 0.999 {
		t.Errorf("lag %d, likeness %.3f, want 123 and 1", lag, likeness)
	}
	if _, likeness := Delay(voice, Voice(500*time.Millisecond, 2), 300); likeness > 0.6 {
		t.Errorf("another voice has likeness %.3f, want less than 0.6", likeness)
	}
}

func TestSNR(t *testing.T) {
	s := Sine(440, 0.5, time.Second)
	tenth := slices.Clone(s)
	for i := range tenth {
		tenth[i] = s[i] + s[i]/10
	}
	if got := SNR(s, tenth); math.Abs(got-20) > 0.1 {
		t.Errorf("with a tenth of noise: %.2f dB, want 20", got)
	}
}

func TestVoiceIsTheSameForItsSeed(t *testing.T) {
	if !slices.Equal(Voice(time.Second, 3), Voice(time.Second, 3)) {
		t.Error("differs")
	}
	if l := Loudness(Voice(10*time.Second, 3)); l < 0.05 || l > 0.2 {
		t.Errorf("loudness %.3f, want 0.05 to 0.2", l)
	}
}
