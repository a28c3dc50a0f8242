package media

import (
	"image"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawTiling is any screen, and drawShapes what 1 to 16 people's cameras may give.
func drawTiling(t *rapid.T) Tiling {
	step := rapid.SampledFrom([]image.Point{{}, {X: 1, Y: 1}, {X: 2, Y: 2}, {X: 1, Y: 2}}).Draw(t, "step")
	corner := image.Pt(rapid.IntRange(0, 50).Draw(t, "x"), rapid.IntRange(0, 50).Draw(t, "y"))
	size := image.Pt(rapid.IntRange(0, 3000).Draw(t, "w"), rapid.IntRange(0, 3000).Draw(t, "h"))
	return Tiling{
		Area: image.Rectangle{Min: corner, Max: corner.Add(size)},
		Gap:  2 * rapid.IntRange(0, 8).Draw(t, "gap"),
		Step: step,
	}
}

func drawShapes(t *rapid.T, least, most int) []image.Point {
	shape := rapid.SampledFrom([]image.Point{{X: 16, Y: 9}, {X: 640, Y: 480}, {X: 9, Y: 16}, {X: 1, Y: 1}, {X: 426, Y: 240}, {X: 21, Y: 9}})
	odd := rapid.Custom(func(t *rapid.T) image.Point {
		return image.Pt(rapid.IntRange(1, 16384).Draw(t, "w"), rapid.IntRange(1, 16384).Draw(t, "h"))
	})
	return rapid.SliceOfN(rapid.OneOf(shape, odd), least, most).Draw(t, "shapes")
}

type reporter interface {
	Helper()
	Errorf(format string, args ...any)
}

// checkApart wants tiles in area, gap apart, but for those that have no room.
func checkApart(t reporter, tiles []image.Rectangle, area image.Rectangle, gap int) {
	t.Helper()
	for i, a := range tiles {
		if !a.In(area) {
			t.Errorf("tile %d, %v, is not in %v", i, a, area)
		}
		for k, b := range tiles[:i] {
			if !a.Empty() && a.Inset(-gap).Overlaps(b) {
				t.Errorf("tiles %d and %d, %v and %v, are not %d apart", k, i, b, a, gap)
			}
		}
	}
}

// checkTiles wants them apart, of the shapes that were asked for to the pixel, and
// on the grid of pixels.
func (t Tiling) check(r reporter, tiles []image.Rectangle, shapes []image.Point) {
	r.Helper()
	checkApart(r, tiles, t.Area, t.Gap)
	if len(tiles) != len(shapes) {
		r.Errorf("%d tiles for %d pictures", len(tiles), len(shapes))
		return
	}
	step := image.Pt(max(t.Step.X, 1), max(t.Step.Y, 1))
	for i, tile := range tiles {
		if tile.Empty() {
			continue
		}
		at := tile.Sub(t.Area.Min)
		if at.Min.X%step.X != 0 || at.Min.Y%step.Y != 0 || at.Dx()%step.X != 0 || at.Dy()%step.Y != 0 {
			r.Errorf("tile %d, %v, is not in steps of %v from %v", i, tile, step, t.Area.Min)
		}
		aspect := min(max(float64(shapes[i].X)/float64(shapes[i].Y), 1./flattest), flattest)
		off := math.Abs(float64(tile.Dx()) - aspect*float64(tile.Dy()))
		if off >= float64(step.X) {
			r.Errorf("tile %d is %dx%d for a picture of %v", i, tile.Dx(), tile.Dy(), shapes[i])
		}
	}
}

// rowsOf says how many tiles follow each other from left to right.
func rowsOf(tiles []image.Rectangle) (rows []int) {
	for i, r := range tiles {
		if i == 0 || r.Min.X <= tiles[i-1].Min.X {
			rows = append(rows, 0)
		}
		rows[len(rows)-1]++
	}
	return rows
}

func TestGridProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tiling, shapes := drawTiling(t), drawShapes(t, 1, 16)
		tiles := tiling.Grid(shapes)
		tiling.check(t, tiles, shapes)
		all, y := image.Rectangle{}, tiling.Area.Min.Y
		for i, r := range tiles {
			if r.Dy() != tiles[0].Dy() || !r.Empty() && r.Min.Y < y {
				t.Errorf("tile %d is %v after %v", i, r, tiles[:i])
			}
			all, y = all.Union(r), r.Min.Y
		}
		step := image.Pt(max(tiling.Step.X, 1), max(tiling.Step.Y, 1))
		off := all.Min.Add(all.Max).Sub(tiling.Area.Min.Add(tiling.Area.Max))
		if !all.Empty() && (max(off.X, -off.X) > 2*step.X || max(off.Y, -off.Y) > 2*step.Y) {
			t.Errorf("all tiles, %v, are not in the middle of %v", all, tiling.Area)
		}
	})
}

// TestGridWastesLeast: no way to break the pictures into rows of one height shows
// more of them.
func TestGridWastesLeast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tiling, shapes := drawTiling(t), drawShapes(t, 1, 9)
		got, want := tiling.Grid(shapes)[0].Dy(), 0
		step := max(tiling.Step.Y, 1)
		for breaks := range 1 << (len(shapes) - 1) {
			rows := splitRows(shapes, breaks)
			for h := want + step; tiling.holds(rows, h); h += step {
				want = h
			}
		}
		if got != want {
			t.Errorf("tiles are %d high, could be %d", got, want)
		}
	})
}

// splitRows begins a new row after picture i if bit i is set.
func splitRows(shapes []image.Point, breaks int) (rows [][]image.Point) {
	begin := 0
	for i := range shapes {
		if breaks>>i&1 != 0 || i == len(shapes)-1 {
			rows, begin = append(rows, shapes[begin:i+1]), i+1
		}
	}
	return rows
}

func (t Tiling) holds(rows [][]image.Point, h int) bool {
	for _, row := range rows {
		length := -t.Gap
		for _, w := range t.withStep().widths(row, h) {
			length += w + t.Gap
		}
		if length > t.Area.Dx() {
			return false
		}
	}
	return len(rows)*(h+t.Gap)-t.Gap <= t.Area.Dy()
}

// TestGridFillsScreen bounds what is left over on screens that people have, with
// their cameras.
func TestGridFillsScreen(t *testing.T) {
	usual := []image.Point{{1280, 720}, {1920, 1080}, {1920, 1200}, {1024, 768}, {2560, 1080}, {1080, 1920}, {390, 844}}
	cameras := map[string][]image.Point{
		"16:9": {{16, 9}}, "4:3": {{4, 3}}, "mixed": {{16, 9}, {4, 3}, {9, 16}, {1, 1}},
	}
	for name, shapes := range cameras {
		for _, size := range usual {
			for n := 1; n <= 16; n++ {
				var of []image.Point
				for i := range n {
					of = append(of, shapes[i%len(shapes)])
				}
				tiling := Tiling{Area: image.Rectangle{Max: size}, Gap: 8}
				tiles := tiling.Grid(of)
				tiling.check(t, tiles, of)
				shown := 0
				for _, r := range tiles {
					shown += r.Dx() * r.Dy()
				}
				// One or two cannot fill a screen of another shape, and of five in a
				// window of their own shape the third row and column stay empty.
				least := 0.48
				if n < 4 {
					least = 0.25
				}
				if share := float64(shown) / float64(size.X*size.Y); share < least {
					t.Errorf("%d of %s on %v: %.0f %% of it is filled, want %.0f %%: %v", n, name, size, 100*share, 100*least, tiles)
				}
			}
		}
	}
}

// The division of a window that people expect.
func TestGridRows(t *testing.T) {
	for _, c := range []struct {
		w, h int
		want []int // pictures in the first row, for 1, 2, ... in all
	}{
		{1280, 720, []int{1, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4}},
		{1000, 400, []int{1, 2, 2, 2, 3, 3, 4, 4, 3}},
		{500, 900, []int{1, 1, 1, 1, 1, 1, 2, 2}},
	} {
		for i, want := range c.want {
			shapes := slices.Repeat([]image.Point{{16, 9}}, i+1)
			rows := rowsOf(Tiling{Area: image.Rect(0, 0, c.w, c.h), Gap: 8}.Grid(shapes))
			if rows[0] != want || slices.Max(rows) > want {
				t.Errorf("%d tiles in %dx%d: rows of %v, want %d", i+1, c.w, c.h, rows, want)
			}
		}
	}
	if got := (Tiling{Area: image.Rect(0, 0, 10, 10)}).Grid(nil); len(got) != 0 {
		t.Errorf("no pictures: %v", got)
	}
}

func TestStageProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tiling, shapes := drawTiling(t), drawShapes(t, 1, 16)
		large := rapid.IntRange(0, len(shapes)-1).Draw(t, "large")
		tiles := tiling.Stage(shapes, large)
		tiling.check(t, tiles, shapes)
		for i, r := range tiles {
			if i != large && r.Dy() > tiles[large].Dy()/2 {
				t.Errorf("picture %d is %d high beside the large one's %d", i, r.Dy(), tiles[large].Dy())
			}
		}
		// The strip costs a fifth in one direction.
		alone := tiling.Grid(shapes[large : large+1])[0]
		if got, want := tiles[large].Dy(), int(0.8*float64(alone.Dy()))-tiling.Gap-8; got < want {
			t.Errorf("the large picture is %d high, alone %d", got, alone.Dy())
		}
		before, after := append(tiles[:large:large], tiles[large+1:]...), []image.Rectangle(nil)
		for _, r := range before {
			if !r.Empty() {
				after = append(after, r)
			}
		}
		if !slices.IsSortedFunc(after, func(a, b image.Rectangle) int {
			if a.Min.Y != b.Min.Y {
				return a.Min.Y - b.Min.Y
			}
			return a.Min.X - b.Min.X
		}) {
			t.Errorf("the strip is out of order: %v", after)
		}
	})
}

// The strip is where it takes less of the large picture, below if it does not matter.
func TestStageSide(t *testing.T) {
	for _, c := range []struct {
		size  image.Point
		n     int
		below bool
	}{
		{image.Pt(1280, 720), 5, true}, {image.Pt(1280, 720), 16, true}, {image.Pt(1800, 720), 5, false},
		{image.Pt(1024, 768), 5, true}, {image.Pt(500, 900), 5, true}, {image.Pt(2560, 1080), 3, false},
	} {
		shapes := slices.Repeat([]image.Point{{16, 9}}, c.n)
		tiles := Tiling{Area: image.Rectangle{Max: c.size}, Gap: 8}.Stage(shapes, 0)
		for i, r := range tiles[1:] {
			if below := r.Min.Y >= tiles[0].Max.Y; below != c.below || r.Empty() {
				t.Errorf("%d in %v: picture %d at %v, the large one at %v", c.n, c.size, i+1, r, tiles[0])
			}
		}
	}
}

func BenchmarkGrid(b *testing.B) {
	shapes := slices.Repeat([]image.Point{{16, 9}, {4, 3}}, 8)
	tiling := Tiling{Area: image.Rect(0, 0, 1920, 1080), Gap: 8}
	b.ReportAllocs()
	for b.Loop() {
		tiling.Grid(shapes)
	}
}
