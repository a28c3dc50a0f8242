package media

import (
	"image"
	"image/color"
	"testing"
)

func TestDrawSprite(t *testing.T) {
	sprite := image.NewRGBA(image.Rect(0, 0, 4, 1))
	for x, c := range []color.RGBA{{}, {255, 0, 0, 255}, {0, 64, 0, 128}, {255, 255, 255, 255}} {
		sprite.SetRGBA(x, 0, c)
	}
	for _, c := range []struct {
		opacity int
		want    [4]color.RGBA // over 100, 150, 200
	}{
		{opaque, [4]color.RGBA{{100, 150, 200, 255}, {255, 0, 0, 255}, {49, 138, 99, 255}, {255, 255, 255, 255}}},
		{opaque / 2, [4]color.RGBA{{100, 150, 200, 255}, {177, 75, 100, 255}, {74, 144, 149, 255}, {177, 202, 227, 255}}},
		{0, [4]color.RGBA{{100, 150, 200, 255}, {100, 150, 200, 255}, {100, 150, 200, 255}, {100, 150, 200, 255}}},
	} {
		canvas := NewCanvas(4, 1)
		canvas.fill(canvas.Bounds(), color.RGBA{100, 150, 200, 255})
		canvas.draw(sprite, image.Point{}, c.opacity)
		for x, want := range c.want {
			if got := at(canvas, x, 0); !near(got, want, 1) {
				t.Errorf("opacity %d, pixel %d: %v, want %v", c.opacity, x, got, want)
			}
		}
	}
}

func near(a, b color.RGBA, by int) bool {
	d := func(a, b byte) bool { return int(a)-int(b) <= by && int(b)-int(a) <= by }
	return d(a.R, b.R) && d(a.G, b.G) && d(a.B, b.B)
}

// Sprites are cut off at the edges of the canvas.
func TestDrawSpriteOutside(t *testing.T) {
	sprite := newPlate(10, 10, 0, color.White)
	for _, p := range []image.Point{{-5, -5}, {15, 15}, {-100, 0}, {0, 100}, {15, -5}} {
		canvas := NewCanvas(20, 20)
		canvas.draw(sprite, p, opaque)
		want := image.Rect(0, 0, 10, 10).Add(p).Intersect(canvas.Bounds())
		if got := changed(canvas, NewCanvas(20, 20)); got != want && !(got.Empty() && want.Empty()) {
			t.Errorf("at %v: %v changed, want %v", p, got, want)
		}
	}
}

func TestFrameAroundPicture(t *testing.T) {
	white := color.RGBA{255, 255, 255, 255}
	for _, inner := range []image.Rectangle{image.Rect(4, 5, 10, 9), image.Rect(2, 2, 18, 18), {}} {
		canvas, outer := NewCanvas(20, 20), image.Rect(2, 2, 18, 18)
		canvas.frame(outer, inner, white)
		for y := range 20 {
			for x := range 20 {
				p := image.Pt(x, y)
				if got, want := at(canvas, x, y) == white, p.In(outer) && !p.In(inner); got != want {
					t.Fatalf("inner %v: pixel %v is painted: %v, want %v", inner, p, got, want)
				}
			}
		}
	}
}

func TestBGRFromYUV(t *testing.T) {
	for _, c := range []struct{ yuv, rgb [3]byte }{ // of BT.601
		{[3]byte{16, 128, 128}, [3]byte{0, 0, 0}},
		{[3]byte{235, 128, 128}, [3]byte{255, 255, 255}},
		{[3]byte{81, 90, 240}, [3]byte{254, 0, 0}},
		{[3]byte{145, 54, 34}, [3]byte{0, 255, 1}},
		{[3]byte{41, 240, 110}, [3]byte{0, 0, 255}},
		{[3]byte{0, 128, 128}, [3]byte{0, 0, 0}},
		{[3]byte{255, 255, 255}, [3]byte{255, 125, 255}},
	} {
		b, g, r := bgrFromYUV(c.yuv[0], c.yuv[1], c.yuv[2])
		if !near(color.RGBA{r, g, b, 255}, color.RGBA{c.rgb[0], c.rgb[1], c.rgb[2], 255}, 1) {
			t.Errorf("%v: %v, want %v", c.yuv, [3]byte{r, g, b}, c.rgb)
		}
	}
}

// Icons fill their square and are struck through; bars grow.
func TestIcons(t *testing.T) {
	const size = 48
	for _, i := range []icon{iconMicOff, iconCameraOff} {
		m := i.mask(size)
		for _, p := range []image.Point{{10, 10}, {24, 24}, {38, 39}} {
			if m.AlphaAt(p.X, p.Y).A < 200 {
				t.Errorf("icon %d is not struck through at %v", i, p)
			}
		}
		if got := covered(m); got < size*size/10 || got > size*size/2 {
			t.Errorf("icon %d covers %d of %d pixels", i, got, size*size)
		}
	}
	before := 0
	for i := range qualityBars {
		got := covered(barMask(i, size))
		if got <= before {
			t.Errorf("bar %d covers %d pixels, the one before %d", i, got, before)
		}
		before = got
	}
}

func covered(m *image.Alpha) int {
	sum := 0
	for _, a := range m.Pix {
		sum += int(a)
	}
	return sum / 255
}

func TestQualityBars(t *testing.T) {
	for q, want := range map[Quality]int{QualityUnknown: 0, QualityBad: 1, QualityPoor: 2, QualityGood: 3, QualityExcellent: 4, 99: 4, -1: 0} {
		if got := q.bars(); got != want {
			t.Errorf("quality %d: %d bars, want %d", q, got, want)
		}
	}
}

func TestRoundedMask(t *testing.T) {
	m := roundedMask(40, 20, 10)
	for _, c := range []struct {
		x, y int
		want bool
	}{{0, 0, false}, {39, 0, false}, {0, 19, false}, {39, 19, false}, {20, 0, true}, {0, 10, true}, {39, 10, true}, {20, 10, true}, {3, 3, true}} {
		if got := m.AlphaAt(c.x, c.y).A > 127; got != c.want {
			t.Errorf("%d, %d is covered: %v, want %v", c.x, c.y, got, c.want)
		}
	}
	// A circle of radius 10 has an area of 314; the middle 20 by 20 more.
	if got := covered(m); got < 709 || got > 719 {
		t.Errorf("%d pixels are covered, want 714", got)
	}
}
