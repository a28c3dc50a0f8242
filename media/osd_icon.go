package media

import (
	"image"
	"image/color"
)

// Icons are drawn on a grid of 24 by 24, with lines 2 wide.
const iconGrid = 24

// An icon is what the pen draws for it.
type icon int

const (
	iconMicOff icon = iota
	iconCameraOff
	iconSoundOff
	iconHand
)

// colour is red for what others have switched off, and amber for what is the doing of
// the person here, or waits for them.
func (i icon) colour() color.NRGBA {
	if i == iconSoundOff || i == iconHand {
		return colourAmber
	}
	return colourRed
}

// mask is the icon size pixels wide and high. What is off is struck through; the
// stroke stands clear of what it crosses.
func (i icon) mask(size int) *image.Alpha {
	scale := float64(size) / iconGrid
	drawn := newPen(size, size, scale)
	switch i {
	case iconMicOff:
		drawMic(drawn)
	case iconCameraOff:
		drawCamera(drawn)
	case iconSoundOff:
		drawLoudspeaker(drawn)
	case iconHand:
		drawHand(drawn)
		return drawn.mask()
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

func drawLoudspeaker(p *pen) {
	p.polygon([2]float64{2.5, 8.6}, [2]float64{6.6, 8.6}, [2]float64{12.2, 3.8}, [2]float64{12.2, 20.2}, [2]float64{6.6, 15.4}, [2]float64{2.5, 15.4})
	p.line(15.8, 9.2, 15.8, 14.8, 2)
	p.line(19.4, 6.8, 19.4, 17.2, 2)
}

// drawHand draws a raised hand, seen from the palm.
func drawHand(p *pen) {
	p.line(7.6, 6, 7.6, 13, 2.5)
	p.line(11, 3.6, 11, 12, 2.5)
	p.line(14.4, 4.4, 14.4, 12, 2.5)
	p.line(17.8, 7.2, 17.8, 14, 2.5)
	p.line(3.6, 12.4, 8.4, 18, 2.7)
	p.roundRect(6.35, 10, 12.7, 12.4, 5.6)
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
