//go:build cgo

package opus

import (
	"math"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/mediatest"
)

func TestConformance(t *testing.T) { mediatest.TestAudioCodec(t, "opus") }

func encoderFor(t *testing.T, tuning media.AudioTuning) media.AudioEncoder {
	t.Helper()
	e, err := newEncoder(tuning)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func decoderFor(t *testing.T) media.AudioDecoder {
	t.Helper()
	d, err := newDecoder()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestClicksPassThrough: the delay of a call can be read from the ticks of the
// tone microphone after they went through Opus.
func TestClicksPassThrough(t *testing.T) {
	in := ticks(5)
	for _, kbps := range []media.Bitrate{24, 32, 48, 64} {
		for _, loss := range []float64{0, 0.1} {
			for _, n := range []int{480, 960} {
				tuning := media.AudioTuning{Bitrate: kbps * media.Kbps, ExpectedLoss: loss}
				delay := media.SampleTime(312)
				if wanted(tuning) == swift {
					delay = media.SampleTime(120)
				}
				packets := mediatest.EncodeAll(t, encoderFor(t, tuning), in, n)
				out := mediatest.DecodeAll(t, decoderFor(t), packets, n)
				var d media.ClickDetector
				clicks := d.Push(time.Unix(0, int64(500*time.Millisecond)), out)
				if len(clicks) != 5 {
					t.Errorf("%+v, %d samples: %d clicks, want 5", tuning, n, len(clicks))
				}
				for _, c := range clicks {
					if off := media.ClickLatency(c) - delay; off.Abs() > 2*time.Millisecond {
						t.Errorf("%+v, %d samples: click at %v, off by %v", tuning, n, c.Sub(time.Unix(0, 0)), off)
					}
				}
			}
		}
	}
}

// ticks is what the tone microphone hears from half past a second on.
func ticks(seconds int) []int16 {
	out := make([]int16, seconds*media.SampleRate)
	for i := range out {
		k := (i + media.SampleRate/2) % media.SampleRate
		x := float64(k) / media.SampleRate
		switch {
		case x < 0.02:
			out[i] = int16(16000 * math.Cos(2*math.Pi*2000*x) * math.Exp(-x/0.003))
		case x > 0.1 && x < 0.9:
			out[i] = int16(1600 * math.Sin(math.Pi*(x-0.1)/0.8) * math.Sin(2*math.Pi*440*x))
		}
	}
	return out
}
