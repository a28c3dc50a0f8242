package peer

import (
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

func allowing(target media.Bitrate) allowance { return allowance{target: target, sustained: target} }

func TestLadderStepsDownAtOnceAndUpWithCare(t *testing.T) {
	var l ladder
	now := time.Unix(1, 0)
	at := func(target media.Bitrate) rung {
		now = now.Add(time.Second / 30)
		return l.choose(now, allowing(target), 1280, 720, 30)
	}
	if r := at(1500 * media.Kbps); r.Width != 1280 || r.FPS != 30 {
		t.Fatalf("at 1.5 Mbit/s: %+v", r)
	}
	low := at(200 * media.Kbps)
	if low.Width >= 960 || low.Width*9 != low.Height*16 {
		t.Fatalf("at 200 kbit/s: %+v", low)
	}
	if r := at(1500 * media.Kbps); r.Width != low.Width {
		t.Errorf("it went up at once, to %+v", r)
	}
	var r rung
	for range int(upDelay/(time.Second/30)) + 2 {
		r = at(1500 * media.Kbps)
	}
	if r.Width != 1280 {
		t.Errorf("%v later it is still at %+v", upDelay, r)
	}
}

func TestLadderDoesNotSwing(t *testing.T) {
	var l ladder
	now := time.Unix(1, 0)
	changes, last := 0, 0
	for i := range 3000 {
		now = now.Add(time.Second / 30)
		target := 480*media.Kbps + media.Bitrate(i%60)*2*media.Kbps
		r := l.choose(now, allowing(target), 1280, 720, 30)
		if last != 0 && r.Width != last {
			changes++
		}
		last = r.Width
	}
	if changes > 2 {
		t.Errorf("the size changed %d times at a rate that swings by a fifth", changes)
	}
}

func TestEveryRateHasARung(t *testing.T) {
	for target := 20 * media.Kbps; target < 20*media.Mbps; target = target * 11 / 10 {
		var l ladder
		r := l.choose(time.Unix(1, 0), allowing(target), 1280, 720, 30)
		if r.Width < 320 || r.Height < 180 || r.FPS < 5 || r.Video < minVideo {
			t.Errorf("at %v: %+v", target, r)
		}
		wire := r.Video + soundFor(target).wire()
		if target > 60*media.Kbps && wire > target {
			t.Errorf("at %v picture and sound take %v", target, wire)
		}
	}
}

// TestNobodySeesMore: a link that carries more than pictures have use for is not filled
// with them.
func TestNobodySeesMore(t *testing.T) {
	for _, test := range []struct {
		w, h, fps int
		want      media.Bitrate
	}{
		{1280, 720, 30, 2450 * media.Kbps}, // as much as goes
		{640, 480, 30, 1438 * media.Kbps},
		{640, 360, 15, 539 * media.Kbps},
	} {
		var l ladder
		r := l.choose(time.Unix(1, 0), allowing(2700*media.Kbps), test.w, test.h, test.fps)
		if r.Width != test.w || r.FPS != test.fps || max(r.Video-test.want, test.want-r.Video) > 20*media.Kbps {
			t.Errorf("%dx%d at %d a second: %+v, want about %v", test.w, test.h, test.fps, r, test.want)
		}
		l.bound(2)
		if r := l.choose(time.Unix(2, 0), allowing(2700*media.Kbps), test.w, test.h, test.fps); r.Width != test.w/2 || r.Video > test.want/8+media.Kbps && test.w < 1280 {
			t.Errorf("half of %dx%d at %d a second: %+v", test.w, test.h, test.fps, r)
		}
	}
}

func TestTempoIsKept(t *testing.T) {
	var l ladder
	now := time.Unix(1, 0)
	shown := 0
	for range 300 {
		now = now.Add(time.Second / 30)
		r := l.choose(now, allowing(45*media.Kbps), 1280, 720, 30)
		if r.FPS >= 30 {
			t.Fatalf("at 45 kbit/s: %+v", r)
		}
		if !l.skip(now) {
			shown++
		}
	}
	if shown < 60 || shown > 160 {
		t.Errorf("%d of 300 pictures let through", shown)
	}
}
