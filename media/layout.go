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

// An Arranger is what a View has besides if it can tell how large it shows pictures.
type Arranger interface {
	// Arrange says where Show would draw the pictures of s, in pixels of what it draws
	// on. An empty place shows nothing. It is called by the goroutine that calls Show.
	Arrange(s *Scene) SceneLayout
}

// The proportions of a window of InterfaceSize 15; all of them grow with it.
const (
	insetWidth    = 0.21 // of the window: seen, but not in the way
	insetHeight   = 0.32 // of the window, at most
	insetMargin   = 1.1  // text sizes between the inset and the window's edge
	gridGap       = 0.55 // text sizes between tiles
	smallestInset = 3    // text sizes: below this the inset shows nothing
	plateHeight   = 2    // text sizes: of a line of text on a plate
)

// LayoutScene places the pictures of s in a window of w by h pixels. One other
// person fills the window, with the own picture in the corner; from two on it is a
// grid with the own picture last, below the status, or a large picture and a strip
// (see Tile.Large). Somebody who is alone sees themselves.
func LayoutScene(s *Scene, w, h int) SceneLayout {
	window := image.Rect(0, 0, w, h)
	self := s.Self != nil || s.SelfCameraOff
	if len(s.Tiles) > 1 {
		em := InterfaceSize(w, h)
		gap := scaled(em, gridGap)
		t := Tiling{Area: window.Inset(gap), Gap: gap}
		if s.Status != "" {
			t.Area.Min.Y = scaled(em, insetMargin) + scaled(em, plateHeight) + gap
		}
		return t.room(s.Tiles, self, s.selfShape())
	}
	l := Tiling{Area: window}.few(len(s.Tiles), self)
	if l.Inset {
		l.Self = insetRect(s.selfShape(), w, h)
	}
	return l
}

// few divides the area among one other person at most and ourselves. The place of
// an inset is left to the caller.
func (t Tiling) few(others int, self bool) SceneLayout {
	switch {
	case others > 0:
		return SceneLayout{Tiles: []image.Rectangle{t.Area}, Inset: self}
	case self:
		return SceneLayout{Self: t.Area}
	}
	return SceneLayout{}
}

// room divides the area among several others and ourselves, if we have a picture.
func (t Tiling) room(others []Tile, self bool, selfShape image.Point) SceneLayout {
	shapes, large := make([]image.Point, 0, len(others)+1), -1
	for i := range others {
		shapes = append(shapes, others[i].shape())
		if others[i].Large && large < 0 {
			large = i
		}
	}
	if self {
		shapes = append(shapes, selfShape)
	}
	var l SceneLayout
	if large >= 0 {
		l.Tiles = t.Stage(shapes, large)
	} else {
		l.Tiles = t.Grid(shapes)
	}
	if self {
		l.Tiles, l.Self = l.Tiles[:len(others)], l.Tiles[len(others)]
	}
	return l
}

// shape is that of the tile's picture, or what is usual while none is known.
func (t *Tile) shape() image.Point { return shapeOf(t.Shape, t.Frame) }

func (s *Scene) selfShape() image.Point { return shapeOf(s.SelfShape, s.Self) }

func shapeOf(told image.Point, f *Frame) image.Point {
	switch {
	case told.X > 0 && told.Y > 0:
		return told
	case f != nil && !empty(f):
		return image.Pt(f.Width, f.Height)
	}
	return image.Pt(16, 9)
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
func insetRect(shape image.Point, w, h int) image.Rectangle {
	aspect := float64(shape.X) / float64(shape.Y)
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
