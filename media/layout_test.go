package media

import (
	"image"
	"math"
	"slices"
	"testing"
)

var windowSizes = []image.Point{{1280, 720}, {640, 480}, {1000, 400}, {1920, 1080}, {3840, 2160}, {500, 900}, {320, 240}, {200, 100}}

func TestLayoutScene(t *testing.T) {
	picture := NewFrame(640, 360)
	tile := Tile{Frame: picture}
	for _, size := range windowSizes {
		window := image.Rectangle{Max: size}
		for n := range 12 {
			alone, with := &Scene{}, &Scene{Self: picture, Status: "x"}
			for range n {
				alone.Tiles = append(alone.Tiles, tile)
				with.Tiles = append(with.Tiles, tile)
			}
			a, w := LayoutScene(alone, size.X, size.Y), LayoutScene(with, size.X, size.Y)
			if len(a.Tiles) != n || len(w.Tiles) != n || !a.Self.Empty() {
				t.Fatalf("%d in %v: %v and %v", n, size, a, w)
			}
			switch {
			case n == 0 && w.Self != window:
				t.Errorf("%v alone: %v, want the whole window", size, w.Self)
			case n == 1 && (a.Tiles[0] != window || w.Tiles[0] != window || !w.Inset):
				t.Errorf("%v, one other: %v and %v, want the whole window", size, a, w)
			case n > 1:
				if w.Inset {
					t.Errorf("%v, %d others: the own picture lies over them", size, n)
				}
				em := InterfaceSize(size.X, size.Y)
				area := window.Inset(scaled(em, gridGap))
				area.Min.Y = scaled(em, insetMargin) + scaled(em, plateHeight) + scaled(em, gridGap)
				checkApart(t, append(w.Tiles[:n:n], w.Self), area, scaled(em, gridGap))
			}
		}
	}
}

// Who is shown large has most of the window, and the others are as before
// otherwise: in order, and the own picture last.
func TestLayoutSceneLarge(t *testing.T) {
	picture := NewFrame(640, 360)
	s := &Scene{Self: picture, Tiles: []Tile{{Frame: picture}, {Frame: picture, Large: true}, {Frame: picture}}}
	l := LayoutScene(s, 1280, 720)
	for i, r := range []image.Rectangle{l.Tiles[0], l.Tiles[2], l.Self} {
		if r.Dx()*r.Dy()*4 > l.Tiles[1].Dx()*l.Tiles[1].Dy() || r.Empty() {
			t.Errorf("picture %d of the strip, %v, beside %v", i, r, l.Tiles[1])
		}
	}
	if !(l.Tiles[0].Min.X < l.Tiles[2].Min.X && l.Tiles[2].Min.X < l.Self.Min.X) {
		t.Errorf("the strip is %v, %v, %v", l.Tiles[0], l.Tiles[2], l.Self)
	}
	if large := l.Tiles[1]; float64(large.Dx()) < 0.75*1280 {
		t.Errorf("%v is large", large)
	}
	s.Tiles = s.Tiles[1:2]
	if l := LayoutScene(s, 1280, 720); l.Tiles[0] != image.Rect(0, 0, 1280, 720) || !l.Inset {
		t.Errorf("one other, pinned: %+v", l)
	}
}

// A camera that is switched off, or a picture that was scaled, moves nobody.
func TestShapeOutlivesPicture(t *testing.T) {
	before := &Scene{Tiles: []Tile{{Frame: NewFrame(480, 640)}, {Frame: NewFrame(640, 360)}, {}}}
	after := &Scene{Tiles: []Tile{{Shape: image.Pt(480, 640), CameraOff: true}, {Frame: NewFrame(21, 11), Shape: image.Pt(640, 360)}, {}}}
	if a, b := LayoutScene(before, 800, 600), LayoutScene(after, 800, 600); !slices.Equal(a.Tiles, b.Tiles) {
		t.Errorf("%v became %v", a.Tiles, b.Tiles)
	}
}

func TestInset(t *testing.T) {
	for _, c := range []struct {
		name       string
		w, h       int
		selfW      int
		selfH      int
		maxW, maxH float64 // of the window
	}{
		{"usual", 1280, 720, 640, 360, 0.21, 0.32},
		{"upright", 1280, 720, 360, 640, 0.21, 0.32},
		{"flat window", 1000, 400, 640, 360, 0.21, 0.32},
	} {
		r := insetRect(image.Pt(c.selfW, c.selfH), c.w, c.h)
		if float64(r.Dx()) > c.maxW*float64(c.w)+1 || float64(r.Dy()) > c.maxH*float64(c.h)+1 {
			t.Errorf("%s: %v is too large", c.name, r)
		}
		if got, want := float64(r.Dx())/float64(r.Dy()), float64(c.selfW)/float64(c.selfH); math.Abs(got-want) > 0.03*want {
			t.Errorf("%s: aspect %.3f, want %.3f", c.name, got, want)
		}
		if right, below := c.w-r.Max.X, c.h-r.Max.Y; right != below || right <= 0 {
			t.Errorf("%s: %v leaves %d and %d at the edges", c.name, r, right, below)
		}
	}
	if r := insetRect(image.Pt(16, 9), 60, 40); !r.Empty() {
		t.Errorf("in a window of 60x40 the inset is %v, want none", r)
	}
}

func TestFitRect(t *testing.T) {
	for _, c := range []struct {
		w, h       int
		area, want image.Rectangle
	}{
		{1280, 720, image.Rect(0, 0, 1280, 720), image.Rect(0, 0, 1280, 720)},
		{640, 360, image.Rect(10, 20, 1290, 740), image.Rect(10, 20, 1290, 740)},
		{640, 480, image.Rect(0, 0, 1280, 720), image.Rect(160, 0, 1120, 720)},
		{1280, 720, image.Rect(0, 0, 640, 480), image.Rect(0, 60, 640, 420)},
		{1280, 720, image.Rect(0, 0, 309, 174), image.Rect(0, 0, 309, 174)}, // no sliver
		{90, 160, image.Rect(0, 0, 1000, 400), image.Rect(388, 0, 612, 400)},
		{0, 0, image.Rect(0, 0, 100, 100), image.Rectangle{}},
		{10, 10, image.Rectangle{}, image.Rectangle{}},
	} {
		if got := FitRect(c.w, c.h, c.area); got != c.want {
			t.Errorf("%dx%d in %v: %v, want %v", c.w, c.h, c.area, got, c.want)
		}
	}
}

func TestInterfaceSize(t *testing.T) {
	for _, c := range []struct{ w, h, want int }{
		{1280, 720, 15}, {1920, 1080, 19}, {3840, 2160, 30}, {640, 480, 13}, {100, 100, 13}, {0, 0, 13}, {20000, 20000, 36},
	} {
		if got := InterfaceSize(c.w, c.h); got != c.want {
			t.Errorf("%dx%d: %d, want %d", c.w, c.h, got, c.want)
		}
	}
}
