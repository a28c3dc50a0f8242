package media

import "image"

// Icons are drawn on a grid of 24 by 24, with lines 2 wide.
const iconGrid = 24

// An icon is what the pen draws for it.
type icon int

const (
	iconMicOff icon = iota
	iconCameraOff
)

// mask is the icon size pixels wide and high. Both are struck through; the
// stroke stands clear of what it crosses.
func (i icon) mask(size int) *image.Alpha {
	scale := float64(size) / iconGrid
	drawn := newPen(size, size, scale)
	if i == iconMicOff {
		drawMic(drawn)
	} else {
		drawCamera(drawn)
	}
	clear, stroke := newPen(size, size, scale), newPen(size, size, scale)
	clear.line(4.5, 2.5, 23, 21, 2.6)
	stroke.line(2.8, 3, 20.8, 21, 2)
	m := drawn.mask()
	carve(m, clear.mask())
	unite(m, stroke.mask())
	return m
}

func drawMic(p *pen) {
	p.roundRect(8.5, 2, 7, 12.5, 3.5)
	p.bowl(12, 11, 6.6, 2)
	p.line(12, 18, 12, 21.5, 2)
	p.line(8.5, 21.5, 15.5, 21.5, 2)
}

func drawCamera(p *pen) {
	p.roundRect(1.5, 6, 14.5, 12.5, 2.8)
	p.polygon([2]float64{17.2, 10.6}, [2]float64{22.5, 7.2}, [2]float64{22.5, 17.3}, [2]float64{17.2, 13.9})
}

// bars is the number of bars that q lights, of qualityBars.
func (q Quality) bars() int { return min(max(int(q), 0), qualityBars) }

const qualityBars = int(QualityExcellent)

// barMask is bar i of the connection's quality, in a square of size pixels.
func barMask(i, size int) *image.Alpha {
	p := newPen(size, size, float64(size)/iconGrid)
	height := 7 + 5*float64(i)
	p.roundRect(1.5+5.6*float64(i), 23-height, 4, height, 1.2)
	return p.mask()
}

// struck is an icon by itself: nothing is to be seen here.
type struck struct {
	icon icon
	size int
}

func (s struck) draw(*typefaces) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, s.size, s.size))
	paint(img, s.icon.mask(s.size), image.Point{}, colourFaint)
	return img
}
