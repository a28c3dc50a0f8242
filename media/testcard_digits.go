package media

import "math"

// digits writes numbers in the seven strokes of a pocket calculator.
type digits struct {
	height, width int        // of a glyph, in pixels
	glyphs        [13][]byte // coverage, 255 being all; from '.' to ':'; '/' has none
}

// Each stroke lies between two corners of the glyph; y runs from 0 to 2, x from 0 to 1.
var strokes = [7][4]float64{
	{0, 0, 1, 0}, // a: top
	{1, 0, 1, 1}, // b: upper right
	{1, 1, 1, 2}, // c: lower right
	{0, 2, 1, 2}, // d: bottom
	{0, 1, 0, 2}, // e: lower left
	{0, 0, 0, 1}, // f: upper left
	{0, 1, 1, 1}, // g: middle
}

// litStrokes has bit i set for stroke i, for each digit.
var litStrokes = [10]uint8{0x3f, 0x06, 0x5b, 0x4f, 0x66, 0x6d, 0x7d, 0x07, 0x7f, 0x6f}

// newDigits shapes glyphs of the height, in pixels.
func newDigits(height int) *digits {
	d := &digits{height: height, width: height * 5 / 8}
	for n, lit := range litStrokes {
		d.glyphs['0'+n-'.'] = d.shape(func(x, y float64) float64 { return strokeDistance(lit, x, y) })
	}
	d.glyphs[0] = d.shape(func(x, y float64) float64 { return math.Hypot(x-0.3, y-2) })
	d.glyphs[':'-'.'] = d.shape(func(x, y float64) float64 {
		return math.Hypot(x-0.5, math.Abs(y-1)-0.45)
	})
	return d
}

// shape draws what lies near a distance of 0.
func (d *digits) shape(distance func(x, y float64) float64) []byte {
	const thick, slant = 0.12, 0.12 // of the unit that a stroke is long
	unit := float64(d.height) / 2.3
	glyph := make([]byte, d.width*d.height)
	for py := range d.height {
		for px := range d.width {
			y := (float64(py)+0.5)/unit - 0.15
			x := (float64(px)+0.5)/unit - 0.15 - slant*(2-y)
			edge := (thick-distance(x, y))*unit + 0.5
			glyph[py*d.width+px] = byte(255 * min(max(edge, 0), 1))
		}
	}
	return glyph
}

// strokeDistance is how far x, y lies from the nearest lit stroke.
func strokeDistance(lit uint8, x, y float64) float64 {
	const gap = 0.10 // between strokes that meet
	nearest := math.Inf(1)
	for i, s := range strokes {
		if lit>>i&1 == 0 {
			continue
		}
		dx, dy := s[2]-s[0], s[3]-s[1]
		t := min(max((x-s[0])*dx+(y-s[1])*dy, gap), 1-gap)
		nearest = min(nearest, math.Hypot(x-s[0]-t*dx, y-s[1]-t*dy))
	}
	return nearest
}

// draw writes text in white with its upper left corner at x, y. What does not fit is left out.
func (d *digits) draw(f *Frame, x, y int, text []byte) {
	for _, c := range text {
		if c < '.' || c > ':' || d.glyphs[c-'.'] == nil || x+d.width > f.Width || y+d.height > f.Height {
			return
		}
		d.blend(f, x, y, d.glyphs[c-'.'])
		x += d.width
		if c == '.' || c == ':' {
			x -= d.width / 3
		}
	}
}

func (d *digits) blend(f *Frame, x, y int, glyph []byte) {
	const white = 235
	for row := range d.height {
		out := f.Y[(y+row)*f.YStride+x:][:d.width]
		for i, cover := range glyph[row*d.width:][:d.width] {
			if cover > 0 {
				out[i] = byte((int(out[i])*(255-int(cover)) + white*int(cover)) / 255)
			}
		}
	}
	d.fade(f, x, y, glyph)
}

// fade takes the colour out of what blend has painted white.
func (d *digits) fade(f *Frame, x, y int, glyph []byte) {
	for row := y % 2; row < d.height; row += 2 {
		for col := x % 2; col < d.width; col += 2 {
			if cover := int(glyph[row*d.width+col]); cover > 0 {
				at := (y+row)/2*f.UVStride + (x+col)/2
				f.U[at] = byte((int(f.U[at])*(255-cover) + 128*cover) / 255)
				f.V[at] = byte((int(f.V[at])*(255-cover) + 128*cover) / 255)
			}
		}
	}
}
