package media

import (
	"fmt"
	"image"
	"math"
	"testing"
)

var windowSizes = []image.Point{{1280, 720}, {640, 480}, {1000, 400}, {1920, 1080}, {3840, 2160}, {500, 900}, {320, 240}, {200, 100}}

func TestGridLayout(t *testing.T) {
	const aspect, gap = 16.0 / 9, 8
	for _, size := range windowSizes {
		for n := 1; n <= 16; n++ {
			t.Run(fmt.Sprintf("%d in %v", n, size), func(t *testing.T) {
				area := image.Rectangle{Max: size}.Add(image.Pt(3, 5))
				tiles := GridLayout(n, area, gap, aspect)
				if len(tiles) != n {
					t.Fatalf("%d tiles", len(tiles))
				}
				checkTiles(t, tiles, area, gap)
				w, h := tiles[0].Dx(), tiles[0].Dy()
				if math.Abs(float64(w)-float64(h)*aspect) > aspect {
					t.Errorf("tiles of %dx%d", w, h)
				}
				if w < area.Dx()-gap && h < area.Dy()-gap && n == 1 {
					t.Errorf("one tile of %dx%d does not fill %v", w, h, area)
				}
			})
		}
	}
	if got := GridLayout(0, image.Rect(0, 0, 10, 10), 1, 1); got != nil {
		t.Errorf("no tiles: %v", got)
	}
}

// checkTiles wants equal tiles in area, gap apart, as a whole in its middle.
func checkTiles(t *testing.T, tiles []image.Rectangle, area image.Rectangle, gap int) {
	t.Helper()
	var all image.Rectangle
	for i, a := range tiles {
		if !a.In(area) {
			t.Errorf("tile %d, %v, is not in %v", i, a, area)
		}
		if a.Size() != tiles[0].Size() {
			t.Errorf("tile %d is %v large, tile 0 %v", i, a.Size(), tiles[0].Size())
		}
		for k, b := range tiles[:i] {
			if a.Inset(1 - gap).Overlaps(b) {
				t.Errorf("tiles %d and %d, %v and %v, are not %d apart", k, i, b, a, gap)
			}
		}
		all = all.Union(a)
	}
	if off := all.Min.Add(all.Max).Sub(area.Min.Add(area.Max)); off.X*off.X > 4 || off.Y*off.Y > 4 {
		t.Errorf("all tiles, %v, are not in the middle of %v", all, area)
	}
}

// The division of a window that people expect.
func TestGridColumns(t *testing.T) {
	for _, c := range []struct {
		w, h int
		want []int // columns for 1, 2, ... tiles
	}{
		{1280, 720, []int{1, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4}},
		{1000, 400, []int{1, 2, 2, 2, 3, 3, 4, 4, 3}},
		{500, 900, []int{1, 1, 1, 1, 1, 1, 2, 2}},
	} {
		for i, want := range c.want {
			cols, _, _ := gridColumns(i+1, c.w, c.h, 8, tileAspect)
			if cols != want {
				t.Errorf("%d tiles in %dx%d: %d columns, want %d", i+1, c.w, c.h, cols, want)
			}
		}
	}
}

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
				all := append(w.Tiles[:n:n], w.Self)
				em := InterfaceSize(size.X, size.Y)
				area := window.Inset(scaled(em, gridGap))
				area.Min.Y = scaled(em, insetMargin) + scaled(em, plateHeight) + scaled(em, gridGap)
				checkTiles(t, all, area, scaled(em, gridGap))
			}
		}
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
		r := insetRect(NewFrame(c.selfW, c.selfH), c.w, c.h)
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
	if r := insetRect(nil, 60, 40); !r.Empty() {
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
