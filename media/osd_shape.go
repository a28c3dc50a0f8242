package media

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// A pen draws filled shapes into a mask. Its unit is grid pixels times scale, so
// that an icon is described once for all sizes. All outlines run clockwise:
// where they overlap they add up.
type pen struct {
	z     *vector.Rasterizer
	scale float64
}

func newPen(w, h int, scale float64) *pen {
	return &pen{z: vector.NewRasterizer(max(w, 1), max(h, 1)), scale: scale}
}

func (p *pen) at(x, y float64) (float32, float32) {
	return float32(x * p.scale), float32(y * p.scale)
}

// mask is the coverage of what was drawn.
func (p *pen) mask() *image.Alpha {
	m := image.NewAlpha(image.Rectangle{Max: p.z.Size()})
	p.z.Draw(m, m.Rect, image.Opaque, image.Point{})
	return m
}

func (p *pen) polygon(points ...[2]float64) {
	p.z.MoveTo(p.at(points[0][0], points[0][1]))
	for _, q := range points[1:] {
		p.z.LineTo(p.at(q[0], q[1]))
	}
	p.z.ClosePath()
}

// roundRect is a rectangle whose corners are quarters of circles of radius r.
func (p *pen) roundRect(x, y, w, h, r float64) {
	r = min(r, w/2, h/2)
	const kappa = 0.5522847498 // makes a cubic Bézier curve a quarter of a circle
	k := r * (1 - kappa)
	right, bottom := x+w, y+h
	p.z.MoveTo(p.at(x+r, y))
	p.z.LineTo(p.at(right-r, y))
	p.curve(right-k, y, right, y+k, right, y+r)
	p.z.LineTo(p.at(right, bottom-r))
	p.curve(right, bottom-k, right-k, bottom, right-r, bottom)
	p.z.LineTo(p.at(x+r, bottom))
	p.curve(x+k, bottom, x, bottom-k, x, bottom-r)
	p.z.LineTo(p.at(x, y+r))
	p.curve(x, y+k, x+k, y, x+r, y)
	p.z.ClosePath()
}

func (p *pen) curve(bx, by, cx, cy, dx, dy float64) {
	b0, b1 := p.at(bx, by)
	c0, c1 := p.at(cx, cy)
	d0, d1 := p.at(dx, dy)
	p.z.CubeTo(b0, b1, c0, c1, d0, d1)
}

func (p *pen) circle(x, y, r float64) { p.roundRect(x-r, y-r, 2*r, 2*r, r) }

// line is a stroke with round ends.
func (p *pen) line(x0, y0, x1, y1, width float64) {
	length := math.Hypot(x1-x0, y1-y0)
	nx, ny := (y1-y0)/length*width/2, (x0-x1)/length*width/2
	p.polygon([2]float64{x0 + nx, y0 + ny}, [2]float64{x1 + nx, y1 + ny}, [2]float64{x1 - nx, y1 - ny}, [2]float64{x0 - nx, y0 - ny})
	p.circle(x0, y0, width/2)
	p.circle(x1, y1, width/2)
}

// bowl is the lower half of a circle, stroked, with round ends.
func (p *pen) bowl(x, y, r, width float64) {
	const steps = 24 // of 7.5 degrees: round to the eye at any size used here
	var points [][2]float64
	add := func(r float64, i int) {
		a := math.Pi * float64(i) / steps
		points = append(points, [2]float64{x + r*math.Cos(a), y + r*math.Sin(a)})
	}
	for i := range steps + 1 {
		add(r+width/2, i)
	}
	for i := steps; i >= 0; i-- {
		add(r-width/2, i)
	}
	p.polygon(points...)
	p.circle(x-r, y, width/2)
	p.circle(x+r, y, width/2)
}

// paint colours dst where mask, laid at p, covers it.
func paint(dst *image.RGBA, mask *image.Alpha, p image.Point, c color.Color) {
	r := image.Rectangle{Min: p, Max: p.Add(mask.Rect.Size())}
	draw.DrawMask(dst, r, image.NewUniform(c), image.Point{}, mask, mask.Rect.Min, draw.Over)
}

// carve makes mask transparent where other covers it; both have the same size.
func carve(mask, other *image.Alpha) {
	for i, o := range other.Pix {
		mask.Pix[i] = byte(int(mask.Pix[i]) * (255 - int(o)) / 255)
	}
}

// unite makes mask cover what other covers as well; both have the same size.
func unite(mask, other *image.Alpha) {
	for i, o := range other.Pix {
		m := int(mask.Pix[i])
		mask.Pix[i] = byte(m + int(o)*(255-m)/255)
	}
}

// roundedMask covers a rounded rectangle of w by h pixels.
func roundedMask(w, h int, radius float64) *image.Alpha {
	p := newPen(w, h, 1)
	p.roundRect(0, 0, float64(w), float64(h), radius)
	return p.mask()
}

// ringMask covers a line of the given width along the inside of the edge of a
// rounded rectangle.
func ringMask(w, h int, radius, width float64) *image.Alpha {
	outer := roundedMask(w, h, radius)
	p := newPen(w, h, 1)
	p.roundRect(width, width, float64(w)-2*width, float64(h)-2*width, radius-width)
	carve(outer, p.mask())
	return outer
}
