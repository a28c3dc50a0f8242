//go:build cgo

package opus

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/mediatest"
)

// TestDelayOfTheCodec holds the encoder to what it was chosen for.
func TestDelayOfTheCodec(t *testing.T) {
	for _, test := range []struct {
		tuning media.AudioTuning
		want   int // samples
	}{
		{media.AudioTuning{Bitrate: 64 * media.Kbps}, 120},
		{media.AudioTuning{Bitrate: 64 * media.Kbps, ExpectedLoss: 0.05}, 312},
		{media.AudioTuning{Bitrate: 24 * media.Kbps}, 312},
	} {
		for _, n := range []int{480, 960} {
			packets := mediatest.EncodeAll(t, encoderFor(t, test.tuning), burst(), n)
			lag, likeness := mediatest.Delay(burst(), mediatest.DecodeAll(t, decoderFor(t), packets, n), 600)
			if lag < test.want-5 || lag > test.want+5 || likeness < 0.9 {
				t.Errorf("%+v, %d samples a packet: delay %d samples (likeness %.2f), want %d", test.tuning, n, lag, likeness, test.want)
			}
		}
	}
}

// burst is a second of silence around a few cycles that fade in and out.
func burst() []int16 {
	out := make([]int16, media.SampleRate)
	for i := range out {
		x := float64(i-media.SampleRate/2) / media.SampleRate
		out[i] = int16(12000 * math.Exp(-x*x/(2*0.004*0.004)) * math.Cos(2*math.Pi*900*x))
	}
	return out
}

func TestBitrateIsKept(t *testing.T) {
	voice := mediatest.Voice(4*time.Second, 1)
	for _, kbps := range []media.Bitrate{16, 24, 32, 48, 64, 96, 128} {
		for _, n := range []int{480, 960} {
			bytes := 0
			for _, p := range mediatest.EncodeAll(t, encoderFor(t, media.AudioTuning{Bitrate: kbps * media.Kbps}), voice, n) {
				bytes += len(p)
			}
			got := float64(bytes*8) / 4000
			if want := float64(kbps); got < 0.7*want || got > 1.25*want {
				t.Errorf("%d kbit/s in packets of %d samples became %.1f", kbps, n, got)
			}
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	voice := mediatest.Voice(2*time.Second, 1)
	for name, tuning := range map[string]media.AudioTuning{
		"swift":  {Bitrate: 48 * media.Kbps},
		"sturdy": {Bitrate: 48 * media.Kbps, ExpectedLoss: 0.05},
	} {
		for _, n := range []int{480, 960} {
			b.Run(fmt.Sprintf("%s/%dms", name, n/48), func(b *testing.B) {
				e, err := newEncoder(tuning)
				if err != nil {
					b.Fatal(err)
				}
				var packet []byte
				at := 0
				b.ReportAllocs()
				for b.Loop() {
					at = (at + n) % (len(voice) - n)
					packet, _ = e.Encode(packet[:0], voice[at:at+n])
				}
			})
		}
	}
}
