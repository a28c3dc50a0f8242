package peer

import (
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

func TestTheSmallestSizeThatFillsAWish(t *testing.T) {
	for _, tc := range []struct {
		width, height, want int // want: wide, of 1280x720
	}{
		{1920, 1080, 1280}, {1280, 720, 1280}, {1279, 719, 1280}, {1000, 700, 960},
		{960, 540, 960}, {720, 720, 960}, {640, 2000, 640}, {400, 400, 480}, {330, 190, 320}, {100, 60, 320},
	} {
		w := wishedSize{true, tc.width, tc.height}
		if got := evenPart(1280, ladderSizes[w.step(1280, 720)]); got != tc.want {
			t.Errorf("to fill %dx%d a picture is %d wide, want %d", tc.width, tc.height, got, tc.want)
		}
	}
	if got := (wishedSize{}).step(1280, 720); got != 0 {
		t.Errorf("without a wish the size is the %d. on the ladder", got)
	}
}

func TestWishesGrowAtOnceAndShrinkWithCare(t *testing.T) {
	var s steadyWish
	now := time.Unix(1, 0)
	say := func(w, h int) wishedSize {
		now = now.Add(100 * time.Millisecond)
		s.note(now, wishedSize{true, w, h})
		return s.wishedSize
	}
	if got := say(320, 180); got.width != 320 {
		t.Errorf("the first wish is not taken: %v", got)
	}
	if got := say(1280, 720); got.width != 1280 {
		t.Errorf("growth was not taken at once: %v", got)
	}
	for range 9 {
		if got := say(320, 180); got.width != 1280 {
			t.Fatalf("it shrank early: %v", got)
		}
	}
	say(1280, 720) // changed their mind
	for range 10 {
		if got := say(0, 0); got.hidden() {
			t.Fatal("it hid early")
		}
	}
	if got := say(0, 0); !got.hidden() {
		t.Errorf("a second later it is still %v", got)
	}
	if got := say(640, 360); got.width != 640 {
		t.Errorf("it is not shown again at once: %v", got)
	}
	if got := say(360, 640); got.width != 640 || got.height != 640 {
		t.Errorf("turned upright it needs %v", got)
	}
}

func TestWishesAreBounded(t *testing.T) {
	l := new(Link)
	l.setWish(-5, 1<<40)
	if w := l.demand.wished(); w.width != 0 || w.height != media.MaxSide {
		t.Errorf("taken for %+v", w)
	}
}

func TestLadderFollowsAWish(t *testing.T) {
	var l ladder
	now := time.Unix(1, 0)
	at := func(top int) rung {
		now = now.Add(time.Second / 30)
		l.bound(top)
		return l.choose(now, allowing(2500*media.Kbps), 1280, 720, 30)
	}
	if r := at(0); r.Width != 1280 || r.Left < 2*media.Mbps {
		t.Fatalf("without a bound: %+v", r)
	}
	if r := at(4); r.Width != 320 || r.Left > 200*media.Kbps || r.Left < 60*media.Kbps || r.FPS != 30 {
		t.Errorf("for a thumbnail: %+v", r)
	}
	if r := at(2); r.Width != 640 || r.Left > 700*media.Kbps {
		t.Errorf("it did not grow at once with the wish: %+v", r)
	}
	if r := at(0); r.Width != 1280 || r.Left < 2*media.Mbps {
		t.Errorf("without a bound again: %+v", r)
	}
}

// TestAWishDoesNotLiftAThinLink that has small pictures for want of rate.
func TestAWishDoesNotLiftAThinLink(t *testing.T) {
	var l ladder
	now := time.Unix(1, 0)
	l.bound(2)
	low := l.choose(now, allowing(150*media.Kbps), 1280, 720, 30)
	l.bound(0)
	if r := l.choose(now.Add(time.Second/30), allowing(600*media.Kbps), 1280, 720, 30); r.Width != low.Width {
		t.Errorf("a larger wish made pictures %d wide of %d at once", r.Width, low.Width)
	}
}
