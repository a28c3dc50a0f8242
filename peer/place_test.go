package peer

import (
	"image"
	"testing"
	"time"
)

// A larger picture is wished for at once, a smaller one when it has lasted.
func TestWish(t *testing.T) {
	var w wish
	start := time.Unix(1e9, 0)
	for _, step := range []struct {
		at         time.Duration
		place, got image.Point
	}{
		{0, image.Pt(0, 0), image.Pt(0, 0)},
		{0, image.Pt(319, 179), image.Pt(320, 180)},
		{1 * time.Second, image.Pt(640, 360), image.Pt(640, 360)},
		{2 * time.Second, image.Pt(320, 180), image.Pt(640, 360)},
		{3900 * time.Millisecond, image.Pt(300, 180), image.Pt(640, 360)},
		{4000 * time.Millisecond, image.Pt(300, 180), image.Pt(300, 180)},
		{5 * time.Second, image.Pt(0, 0), image.Pt(300, 180)},
		{6 * time.Second, image.Pt(300, 180), image.Pt(300, 180)}, // it was not gone for long
		{6500 * time.Millisecond, image.Pt(0, 0), image.Pt(300, 180)},
		{8400 * time.Millisecond, image.Pt(0, 0), image.Pt(300, 180)},
		{8500 * time.Millisecond, image.Pt(0, 0), image.Pt(0, 0)},
		{9 * time.Second, image.Pt(180, 320), image.Pt(180, 320)},
		{9 * time.Second, image.Pt(320, 180), image.Pt(320, 180)}, // wider: it would be blurred
	} {
		if got := w.handlePlace(start.Add(step.at), step.place); got != step.got {
			t.Errorf("at %v a place of %v makes a wish for %v, want %v", step.at, step.place, got, step.got)
		}
	}
}

func TestWishedIsNewsOnce(t *testing.T) {
	var l Link
	if _, news := l.wished(); news {
		t.Error("a view that says nothing makes a wish")
	}
	for _, size := range []image.Point{{}, {640, 360}, {1 << 14, 1 << 14}} {
		l.place.set(size, size)
		for i := range 3 {
			if got, news := l.wished(); got != size || news != (i == 0) {
				t.Errorf("asked %d times about %v: %v, news %v", i, size, got, news)
			}
		}
	}
}

// What nobody was told has no effect.
func TestSeenOnlyOnceTold(t *testing.T) {
	var l Link
	l.place.set(image.Point{}, image.Point{})
	if _, ok := l.place.seen(); ok {
		t.Error("pictures that the other side believes to be seen are left out")
	}
	l.wished()
	if size, ok := l.place.seen(); !ok || size != (image.Point{}) {
		t.Errorf("%v, %v after the other side was told", size, ok)
	}
	l.place.set(image.Pt(2, 4), image.Point{})
	if size, _ := l.place.seen(); size != image.Pt(2, 4) {
		t.Errorf("%v, want what is seen now", size)
	}
}
