package media

import (
	"image"
	"image/color"
)

// Canvas is a picture of packed 8-bit blue, green and red samples, as OpenCV
// shows it. It is an image.Image, so that it can be saved.
type Canvas struct {
	Pix           []byte // 3 bytes a pixel
	Stride        int    // bytes from one row to the next
	Width, Height int
}

// NewCanvas makes a black canvas of w by h pixels.
func NewCanvas(w, h int) *Canvas {
	return &Canvas{Pix: make([]byte, 3*w*h), Stride: 3 * w, Width: w, Height: h}
}

// ColorModel implements image.Image.
func (c *Canvas) ColorModel() color.Model { return color.RGBAModel }

// Bounds implements image.Image.
func (c *Canvas) Bounds() image.Rectangle { return image.Rect(0, 0, c.Width, c.Height) }

// At implements image.Image.
func (c *Canvas) At(x, y int) color.Color {
	if !image.Pt(x, y).In(c.Bounds()) {
		return color.RGBA{}
	}
	p := c.Pix[c.offset(x, y):]
	return color.RGBA{R: p[2], G: p[1], B: p[0], A: 255}
}

func (c *Canvas) offset(x, y int) int { return y*c.Stride + 3*x }

// row is the samples of row y from x0 up to x1.
func (c *Canvas) row(y, x0, x1 int) []byte { return c.Pix[c.offset(x0, y):c.offset(x1, y)] }

// fill paints r in one opaque colour.
func (c *Canvas) fill(r image.Rectangle, paint color.RGBA) {
	r = r.Intersect(c.Bounds())
	if r.Empty() {
		return
	}
	first := c.row(r.Min.Y, r.Min.X, r.Max.X)
	for i := 0; i < len(first); i += 3 {
		first[i], first[i+1], first[i+2] = paint.B, paint.G, paint.R
	}
	for y := r.Min.Y + 1; y < r.Max.Y; y++ {
		copy(c.row(y, r.Min.X, r.Max.X), first)
	}
}

// frame paints what lies within outer but not within inner.
func (c *Canvas) frame(outer, inner image.Rectangle, paint color.RGBA) {
	inner = inner.Intersect(outer)
	if inner.Empty() {
		c.fill(outer, paint)
		return
	}
	c.fill(image.Rect(outer.Min.X, outer.Min.Y, outer.Max.X, inner.Min.Y), paint)
	c.fill(image.Rect(outer.Min.X, inner.Max.Y, outer.Max.X, outer.Max.Y), paint)
	c.fill(image.Rect(outer.Min.X, inner.Min.Y, inner.Min.X, inner.Max.Y), paint)
	c.fill(image.Rect(inner.Max.X, inner.Min.Y, outer.Max.X, inner.Max.Y), paint)
}

// opaque is the full weight of a sprite in draw.
const opaque = 256

// draw lays sprite over the canvas with its upper left corner at p, weighted by
// opacity (0 to opaque). What lies outside is cut off.
func (c *Canvas) draw(sprite *image.RGBA, p image.Point, opacity int) {
	r := image.Rectangle{Min: p, Max: p.Add(sprite.Rect.Size())}.Intersect(c.Bounds())
	for y := r.Min.Y; y < r.Max.Y; y++ {
		first := (y-p.Y)*sprite.Stride + 4*(r.Min.X-p.X)
		src := sprite.Pix[first:][:4*r.Dx()]
		if opacity == opaque {
			blendRow(c.row(y, r.Min.X, r.Max.X), src)
		} else {
			fadeRow(c.row(y, r.Min.X, r.Max.X), src, uint32(opacity))
		}
	}
}

// blendRow lays premultiplied RGBA over BGR.
func blendRow(dst, src []byte) {
	for len(dst) >= 3 && len(src) >= 4 {
		if rest := 255 - uint32(src[3]); rest != 255 {
			dst[0] = src[2] + over255(uint32(dst[0])*rest)
			dst[1] = src[1] + over255(uint32(dst[1])*rest)
			dst[2] = src[0] + over255(uint32(dst[2])*rest)
		}
		dst, src = dst[3:], src[4:]
	}
}

// fadeRow is blendRow weighted by opacity, up to opaque.
func fadeRow(dst, src []byte, opacity uint32) {
	for len(dst) >= 3 && len(src) >= 4 {
		rest := 255 - uint32(src[3])*opacity/opaque
		for i := range 3 {
			dst[i] = byte(uint32(src[2-i])*opacity/opaque) + over255(uint32(dst[i])*rest)
		}
		dst, src = dst[3:], src[4:]
	}
}

// over255 is v/255, rounded down, for v up to 255*255: rounding up as well could
// carry a sum beyond 255.
func over255(v uint32) byte { return byte((v + 1 + v>>8) >> 8) }

// corners keeps the corners of a rectangle while it is painted over, to put them
// back outside its rounding.
type corners struct {
	at     [4]image.Rectangle // upper left, upper right, lower left, lower right
	pixels [4][]byte
}

// save copies the corners of r, which lies within c, size pixels each way.
func (k *corners) save(c *Canvas, r image.Rectangle, size int) {
	right, bottom := r.Max.X-size, r.Max.Y-size
	for i, p := range []image.Point{r.Min, {X: right, Y: r.Min.Y}, {X: r.Min.X, Y: bottom}, {X: right, Y: bottom}} {
		k.at[i] = image.Rect(0, 0, size, size).Add(p)
		k.pixels[i] = k.pixels[i][:0]
		for y := p.Y; y < p.Y+size; y++ {
			k.pixels[i] = append(k.pixels[i], c.row(y, p.X, p.X+size)...)
		}
	}
}

// restore puts back what was saved as far as inside, the coverage of the upper
// left corner, leaves it uncovered. The other corners mirror it.
func (k *corners) restore(c *Canvas, inside *image.Alpha) {
	size := inside.Rect.Dx()
	for i, at := range k.at {
		saved := k.pixels[i]
		for row := range size {
			dst := c.row(at.Min.Y+row, at.Min.X, at.Max.X)
			for col := range size {
				x, y := col, row
				if i&1 != 0 {
					x = size - 1 - x
				}
				if i&2 != 0 {
					y = size - 1 - y
				}
				mix(dst[3*col:][:3], saved[3*col:][:3], uint32(inside.Pix[y*inside.Stride+x]))
			}
			saved = saved[3*size:]
		}
	}
}

// mix keeps the part a/255 of dst and fills up with other.
func mix(dst, other []byte, a uint32) {
	for i := range dst {
		dst[i] = byte((uint32(dst[i])*a + uint32(other[i])*(255-a) + 127) / 255)
	}
}
