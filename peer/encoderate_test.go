package peer

import (
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

// TestEncoderThatMissesItsTarget is corrected within seconds, whether it comes out
// under or over what was ordered.
func TestEncoderThatMissesItsTarget(t *testing.T) {
	const wanted = 400 * media.Kbps
	for _, bias := range []float64{0.95, 1, 1.15} {
		var r encodeRate
		now := time.Unix(1, 0)
		var bytes float64
		const seconds, warm = 20, 5
		for i := range seconds * 30 {
			now = now.Add(time.Second / 30)
			size := float64(r.order(wanted)) / 8 / 30 * bias
			r.handleFrame(now, wanted, int(size))
			if i >= warm*30 {
				bytes += size
			}
		}
		got := bytes * 8 / (seconds - warm)
		if got < 0.97*float64(wanted) || got > 1.03*float64(wanted) {
			t.Errorf("an encoder that makes %.2f of its order comes out at %.0f bit/s, want %d", bias, got, wanted)
		}
	}
}

// TestStillSceneSavesNothing for the motion that follows.
func TestStillSceneSavesNothing(t *testing.T) {
	const wanted = 400 * media.Kbps
	var r encodeRate
	now := time.Unix(1, 0)
	for range 300 {
		now = now.Add(time.Second / 30)
		r.order(wanted)
		r.handleFrame(now, wanted, 50)
	}
	if got := r.order(wanted); float64(got) > (1+maxCatchUp+rateStep)*float64(wanted) {
		t.Errorf("after ten still seconds %v is ordered, want hardly more than %v", got, wanted)
	}
}

func TestSmallChangesAreNotOrdered(t *testing.T) {
	var r encodeRate
	first := r.order(400 * media.Kbps)
	if got := r.order(405 * media.Kbps); got != first {
		t.Errorf("1 %% more: %v ordered, want %v still", got, first)
	}
	if got := r.order(440 * media.Kbps); got == first {
		t.Error("10 % more was not ordered")
	}
}

// TestLittleRateIsPaidInPictures has an encoder whose least picture is larger than
// what there is for one.
func TestLittleRateIsPaidInPictures(t *testing.T) {
	const left, least, fps = 18 * media.Kbps, 600, 15
	const wanted = float64(left)
	var r encodeRate
	now := time.Unix(1, 0)
	g := rung{Left: left, Video: left, FPS: fps}
	bytes, gap, longest := 0, 0, 0
	const seconds = 20
	for range seconds * fps {
		now = now.Add(time.Second / fps)
		if gap++; r.spent(now, g) {
			continue
		}
		if got := r.order(left); float64(got) < (1-maxRepay-rateStep)*wanted {
			t.Fatalf("%v ordered, of %v", got, left)
		}
		r.handleFrame(now, left, least)
		bytes, longest, gap = bytes+least, max(longest, gap), 0
	}
	if got := float64(8 * bytes / seconds); got < 0.9*wanted || got > 1.1*wanted {
		t.Errorf("pictures take %.0f bit/s, want %.0f", got, wanted)
	}
	if longest > 2*least*8*fps/int(left) {
		t.Errorf("up to %d pictures were passed over at a time", longest)
	}
}
