package media

import (
	"image"
	"sort"
)

// A Tiling arranges pictures on a screen, each in a tile of its own shape: all
// of one height, or one large with the others in a strip beside it. Like words in
// a paragraph they keep their order, and nothing but their number, their shapes
// and the screen says where they are.
type Tiling struct {
	Area image.Rectangle // of the screen, in square pixels
	// Gap is between neighbours, in pixels; a multiple of Step in both directions.
	Gap int
	// Step is what widths, heights and distances from the corner of Area are
	// multiples of: 2 by 2 where chroma is halved, 1 by 2 where a character shows
	// two pixels. Zero is 1 by 1.
	Step image.Point
}

const (
	// flattest bounds how much wider than high a tile is, and how much higher than
	// wide: more extreme pictures get black bars, or they would leave the others no room.
	flattest = 3
	// stripShare of the screen, in one direction, is left to the strip at least, and
	// stripTile of the large picture's height is the most that a picture in it has.
	stripShare = 0.2
	stripTile  = 0.5
)

// Grid places pictures with the given shapes, of which only width to height
// counts: as large as can be, in rows of one height, which are filled from the
// top, centred, and of about one length. Where there is no room for all, all
// places are empty.
func (t Tiling) Grid(shapes []image.Point) []image.Rectangle {
	return t.grid(shapes, t.Area.Dy())
}

// Stage places picture large as large as can be while all the others, no higher
// than half of it, have a strip below; or on the right, where that shows more.
func (t Tiling) Stage(shapes []image.Point, large int) []image.Rectangle {
	t = t.withStep()
	tiles, right := t.stage(shapes, large, true), t.stage(shapes, large, false)
	if moreShown(right, tiles, large) {
		tiles = right
	}
	return t.centred(tiles)
}

// moreShown says whether a shows clearly more than b: of the large picture, or as
// much of it and more of the others.
func moreShown(a, b []image.Rectangle, large int) bool {
	const clearly = 1.05
	more := func(a, b image.Rectangle) bool { return float64(a.Dy()) > clearly*float64(b.Dy()) }
	if more(a[large], b[large]) || more(b[large], a[large]) {
		return more(a[large], b[large])
	}
	other := (large + 1) % len(a) // they are all as high
	return more(a[other], b[other])
}

// stage is Stage with the strip on one side, all of it in the upper left of Area.
func (t Tiling) stage(shapes []image.Point, large int, below bool) []image.Rectangle {
	most, rest := t, t
	if below {
		most.Area.Max.Y -= int(float64(t.Area.Dy())*stripShare) + t.Gap
	} else {
		most.Area.Max.X -= int(float64(t.Area.Dx())*stripShare) + t.Gap
	}
	at := most.Grid(shapes[large : large+1])[0]
	if below {
		at = at.Sub(image.Pt(0, at.Min.Y-t.Area.Min.Y))
		rest.Area.Min.Y = at.Max.Y + t.Gap
	} else {
		at = at.Sub(image.Pt(at.Min.X-t.Area.Min.X, 0))
		rest.Area.Min.X = at.Max.X + t.Gap
	}
	others := append(append([]image.Point(nil), shapes[:large]...), shapes[large+1:]...)
	strip := rest.grid(others, int(float64(at.Dy())*stripTile))
	tiles := append(append([]image.Rectangle(nil), strip[:large]...), at)
	return append(tiles, strip[large:]...)
}

// grid is Grid with tiles no higher than most.
func (t Tiling) grid(shapes []image.Point, most int) []image.Rectangle {
	t = t.withStep()
	tiles := make([]image.Rectangle, len(shapes))
	most = max(min(most, t.Area.Dy()), 0)
	// The higher the tiles the fewer fit, so the greatest height is found by halving.
	h := t.Step.Y * (sort.Search(most/t.Step.Y, func(i int) bool {
		return !t.fits(shapes, (i+1)*t.Step.Y)
	}))
	if h == 0 || len(shapes) == 0 {
		return tiles
	}
	widths := t.widths(shapes, h)
	rows := len(t.breakRows(widths, t.Area.Dx()))
	// The narrowest lines that need no more rows are the ones most alike.
	width := sort.Search(t.Area.Dx(), func(w int) bool {
		broken := t.breakRows(widths, w)
		return broken != nil && len(broken) <= rows
	})
	t.place(tiles, widths, t.breakRows(widths, width), h)
	return tiles
}

// withStep is t with its default filled in.
func (t Tiling) withStep() Tiling {
	t.Step = image.Pt(max(t.Step.X, 1), max(t.Step.Y, 1))
	return t
}

// fits says whether tiles h pixels high fit into the area.
func (t Tiling) fits(shapes []image.Point, h int) bool {
	rows := t.breakRows(t.widths(shapes, h), t.Area.Dx())
	return rows != nil && len(rows)*(h+t.Gap)-t.Gap <= t.Area.Dy()
}

// widths are those of tiles h pixels high.
func (t Tiling) widths(shapes []image.Point, h int) []int {
	widths := make([]int, len(shapes))
	for i, s := range shapes {
		s.X, s.Y = max(s.X, 1), max(s.Y, 1)
		w := min(max(h*s.X/s.Y, h/flattest), h*flattest)
		widths[i] = max(w-w%t.Step.X, t.Step.X)
	}
	return widths
}

// breakRows returns how many tiles each row of the given length takes, as many as
// fit; nil if one is wider than that.
func (t Tiling) breakRows(widths []int, length int) (rows []int) {
	used := 0
	for i, w := range widths {
		if w > length {
			return nil
		}
		if used += t.Gap + w; i == 0 || used > length {
			rows, used = append(rows, 0), w
		}
		rows[len(rows)-1]++
	}
	return rows
}

// place centres the rows in the area, and the tiles in their rows.
func (t Tiling) place(tiles []image.Rectangle, widths, rows []int, h int) {
	y := t.Area.Min.Y + half(t.Area.Dy()-len(rows)*(h+t.Gap)+t.Gap, t.Step.Y)
	for _, n := range rows {
		length := (n - 1) * t.Gap
		for _, w := range widths[:n] {
			length += w
		}
		x := t.Area.Min.X + half(t.Area.Dx()-length, t.Step.X)
		for i, w := range widths[:n] {
			tiles[i] = image.Rect(x, y, x+w, y+h)
			x += w + t.Gap
		}
		tiles, widths = tiles[n:], widths[n:]
		y += h + t.Gap
	}
}

// centred moves all tiles together to the middle of the area.
func (t Tiling) centred(tiles []image.Rectangle) []image.Rectangle {
	var all image.Rectangle
	for _, r := range tiles {
		all = all.Union(r)
	}
	spare := t.Area.Size().Sub(all.Size())
	to := t.Area.Min.Add(image.Pt(half(spare.X, t.Step.X), half(spare.Y, t.Step.Y)))
	for i, r := range tiles {
		if !r.Empty() {
			tiles[i] = r.Add(to.Sub(all.Min))
		}
	}
	return tiles
}

// half of what is left over, in whole steps.
func half(left, step int) int {
	return left / 2 / step * step
}
