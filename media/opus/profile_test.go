//go:build cgo

package opus

import (
	"math"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/mediatest"
)

func TestTuneOutOfRange(t *testing.T) {
	for _, test := range []struct{ give, before, want media.Bitrate }{
		{0, 30_000, 30_000}, {1, 30_000, minBitrate}, {-1, 30_000, minBitrate}, {media.Mbps, 30_000, maxBitrate}, {50_000, 1, 50_000},
	} {
		if got := sane(media.AudioTuning{Bitrate: test.give}, test.before).Bitrate; got != test.want {
			t.Errorf("%v after %v: %v, want %v", test.give, test.before, got, test.want)
		}
	}
	for _, test := range []struct{ give, want float64 }{{-1, 0}, {0, 0}, {0.004, 0.004}, {2, 1}, {math.NaN(), 0}, {math.Inf(1), 1}} {
		if got := sane(media.AudioTuning{ExpectedLoss: test.give}, 1).ExpectedLoss; got != test.want {
			t.Errorf("loss %v: %v, want %v", test.give, got, test.want)
		}
	}
}

// TestProfileFollowsTuning: to sturdy at once, back to swift when all has been
// calm for five seconds.
func TestProfileFollowsTuning(t *testing.T) {
	good := media.AudioTuning{Bitrate: 48 * media.Kbps}
	lossy := media.AudioTuning{Bitrate: 48 * media.Kbps, ExpectedLoss: 0.02}
	slow := media.AudioTuning{Bitrate: 20 * media.Kbps}
	e := encoderFor(t, good)
	for i, step := range []struct {
		tune media.AudioTuning
		long time.Duration
		want profile
	}{
		{good, time.Second, swift},
		{lossy, 10 * time.Millisecond, sturdy},
		{good, 4900 * time.Millisecond, sturdy},
		{lossy, 10 * time.Millisecond, sturdy},
		{good, 4900 * time.Millisecond, sturdy},
		{good, 200 * time.Millisecond, swift},
		{slow, 10 * time.Millisecond, sturdy},
		{good, 5100 * time.Millisecond, swift},
	} {
		if err := e.Tune(step.tune); err != nil {
			t.Fatal(err)
		}
		mediatest.EncodeAll(t, e, mediatest.Voice(step.long, 1), 480)
		if got := e.(*encoder).profile; got != step.want {
			t.Errorf("step %d: profile %d, want %d", i, got, step.want)
		}
	}
}

// TestChangeOfProfileIsSmooth changes the profile in the middle of a tone. A click
// would show as a bend much sharper than those of the tone.
func TestChangeOfProfileIsSmooth(t *testing.T) {
	const n = 480
	tone := mediatest.Sine(440, 0.2, 14*time.Second)
	e, d := encoderFor(t, media.AudioTuning{Bitrate: 48 * media.Kbps}), decoderFor(t)
	var got []int16
	var profiles []profile
	for i := 0; i+n <= len(tone); i += n {
		loss := 0.0
		if second := i / media.SampleRate; second == 1 || second == 7 {
			loss = 0.05
		}
		if err := e.Tune(media.AudioTuning{Bitrate: 48 * media.Kbps, ExpectedLoss: loss}); err != nil {
			t.Fatal(err)
		}
		packets := mediatest.EncodeAll(t, e, tone[i:i+n], n)
		profiles = append(profiles, e.(*encoder).profile)
		got = append(got, mediatest.DecodeAll(t, d, packets, n)...)
	}
	changes := 0
	usual := sharpestBend(got[media.SampleRate/2 : media.SampleRate])
	for i := 1; i < len(profiles); i++ {
		if profiles[i] == profiles[i-1] {
			continue
		}
		changes++
		if bend := sharpestBend(got[i*n : i*n+2*n]); bend > 3*usual {
			t.Errorf("change %d at packet %d: bend of %.0f, want below three times the usual %.0f", changes, i, bend, usual)
		}
	}
	if changes != 4 {
		t.Errorf("%d changes of profile, want 4", changes)
	}
}

func sharpestBend(pcm []int16) float64 {
	var worst float64
	for i := 2; i < len(pcm); i++ {
		worst = max(worst, math.Abs(float64(pcm[i])-2*float64(pcm[i-1])+float64(pcm[i-2])))
	}
	return worst
}
