package media

import (
	"image"
	"math"
)

// SceneLayout says where in a window the pictures of a scene go.
type SceneLayout struct {
	Tiles []image.Rectangle // one for each of Scene.Tiles
	Self  image.Rectangle   // empty if the own picture has no place
	Inset bool              // Self lies over the one tile, in its corner
}

// The proportions of a window of InterfaceSize 15; all of them grow with it.
const (
	tileAspect    = 16.0 / 9 // of tiles in a grid; other pictures are fitted into them
	insetWidth    = 0.21     // of the window: seen, but not in the way
	insetHeight   = 0.32     // of the window, at most
	insetMargin   = 1.1      // text sizes between the inset and the window's edge
	gridGap       = 0.55     // text sizes between tiles
	smallestInset = 3        // text sizes: below this the inset shows nothing
	plateHeight   = 2        // text sizes: of a line of text on a plate
)

// LayoutScene places the pictures of s in a window of w by h pixels. One other
// person fills the window, with the own picture in the corner; from two on all
// have equal places, the own one last, below the status. Somebody who is alone
// sees themselves.
func LayoutScene(s *Scene, w, h int) SceneLayout {
	window := image.Rect(0, 0, w, h)
	hasSelf := s.Self != nil || s.SelfCameraOff
	switch {
	case len(s.Tiles) == 0 && hasSelf:
		return SceneLayout{Self: window}
	case len(s.Tiles) == 0:
		return SceneLayout{}
	case len(s.Tiles) == 1 && hasSelf:
		return SceneLayout{Tiles: []image.Rectangle{window}, Self: insetRect(s.Self, w, h), Inset: true}
	case len(s.Tiles) == 1:
		return SceneLayout{Tiles: []image.Rectangle{window}}
	}
	n := len(s.Tiles)
	if hasSelf {
		n++
	}
	em := InterfaceSize(w, h)
	gap := scaled(em, gridGap)
	area := window.Inset(gap)
	if s.Status != "" {
		area.Min.Y = scaled(em, insetMargin) + scaled(em, plateHeight) + gap
	}
	grid := GridLayout(n, area, gap, tileAspect)
	if !hasSelf {
		return SceneLayout{Tiles: grid}
	}
	return SceneLayout{Tiles: grid[:n-1], Self: grid[n-1]}
}

// GridLayout divides area into n equal rectangles of the given aspect (width to
// height), as large as can be, gap pixels apart. Rows are filled from the top;
// the last, if it is shorter, is centred.
func GridLayout(n int, area image.Rectangle, gap int, aspect float64) []image.Rectangle {
	if n <= 0 {
		return nil
	}
	cols, w, h := gridColumns(n, area.Dx(), area.Dy(), gap, aspect)
	rows := (n + cols - 1) / cols
	top := area.Min.Y + (area.Dy()-rows*h-(rows-1)*gap)/2
	tiles := make([]image.Rectangle, n)
	for i := range tiles {
		row, col := i/cols, i%cols
		inRow := min(cols, n-row*cols)
		left := area.Min.X + (area.Dx()-inRow*w-(inRow-1)*gap)/2
		tiles[i] = image.Rect(0, 0, w, h).Add(image.Pt(left+col*(w+gap), top+row*(h+gap)))
	}
	return tiles
}

// gridColumns finds the number of columns that makes the tiles largest; of
// equals, the one that leaves the fewest places empty.
func gridColumns(n, areaW, areaH, gap int, aspect float64) (cols, w, h int) {
	bestEmpty := 0
	for c := 1; c <= n; c++ {
		rows := (n + c - 1) / c
		tw, th := shrinkTo(aspect, (areaW-(c-1)*gap)/c, (areaH-(rows-1)*gap)/rows)
		empty := rows*c - n
		if cols == 0 || tw*th > w*h || tw*th == w*h && empty < bestEmpty {
			cols, w, h, bestEmpty = c, tw, th, empty
		}
	}
	return cols, w, h
}

// shrinkTo is the largest size of the given aspect within w by h, 1 by 1 at least.
func shrinkTo(aspect float64, w, h int) (int, int) {
	if float64(w) > float64(h)*aspect {
		w = int(math.Round(float64(h) * aspect))
	} else {
		h = int(math.Round(float64(w) / aspect))
	}
	return max(w, 1), max(h, 1)
}

// insetRect is the place of the own picture in the lower right corner, with the
// aspect of that picture; empty where the window is too small for one.
func insetRect(self *Frame, w, h int) image.Rectangle {
	aspect := tileAspect
	if self != nil && !empty(self) {
		// In steps, so that the picture, once scaled to whole pixels of this place,
		// asks for the same place again.
		const steps = 48
		aspect = max(math.Round(float64(self.Width)/float64(self.Height)*steps), 1) / steps
	}
	em := InterfaceSize(w, h)
	iw, ih := shrinkTo(aspect, int(float64(w)*insetWidth), int(float64(h)*insetHeight))
	if min(iw, ih) < smallestInset*em {
		return image.Rectangle{}
	}
	corner := image.Pt(w, h).Sub(image.Pt(1, 1).Mul(scaled(em, insetMargin)))
	return image.Rectangle{Min: corner.Sub(image.Pt(iw, ih)), Max: corner}
}

// FitRect is the largest place for a picture of w by h pixels in the middle of
// area that keeps its aspect; it may be stretched by a hundredth to fill area
// without a sliver at the edge. It is empty if either is.
func FitRect(w, h int, area image.Rectangle) image.Rectangle {
	x, y, fw, fh := Fit(w, h, area.Dx(), area.Dy())
	if fw == 0 || fh == 0 {
		return image.Rectangle{}
	}
	fitted := image.Rect(x, y, x+fw, y+fh)
	if area.Dx()-fw <= 2+area.Dx()/100 {
		fitted.Min.X, fitted.Max.X = 0, area.Dx()
	}
	if area.Dy()-fh <= 2+area.Dy()/100 {
		fitted.Min.Y, fitted.Max.Y = 0, area.Dy()
	}
	return fitted.Add(area.Min)
}

// InterfaceSize is the size of plain text in a window of w by h pixels, in
// pixels: 15 at 1280x720, growing with the square root of the area. All other
// measures of the interface are multiples of it.
func InterfaceSize(w, h int) int {
	const plain, smallest, largest = 15, 13, 36
	size := plain * math.Sqrt(float64(w)*float64(h)/(1280*720))
	// Half way: a window twice as large is often looked at from farther away,
	// and one half as large still has to be read.
	size = (size + plain) / 2
	return min(max(int(math.Round(size)), smallest), largest)
}

// scaled is a measure given in text sizes, in pixels.
func scaled(em int, sizes float64) int { return int(math.Round(float64(em) * sizes)) }
