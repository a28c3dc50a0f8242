package media

import (
	"math"
	"math/bits"
)

// A sphere is a globe ready to be drawn at any place and turned to any side:
// what each of its pixels shows of the world is worked out beforehand.
type sphere struct {
	radius int // in luma pixels
	luma   disc
	chroma disc
	world  *world
}

// A disc is how one plane sees a sphere: rows of texels under a light.
type disc struct {
	rows []discRow
	// texel is the place in the world's plane with its meridian 0 in front;
	// light how much of it is seen, 256 being all.
	texel []uint32
	light []uint16
}

// A discRow is the pixels from -half to half-1 about the centre.
type discRow struct{ half, first int }

// axisTilt is that of the sphere's axis, in radians to the right.
const axisTilt = 0.35

func newSphere(radius float64, w *world) *sphere {
	return &sphere{
		radius: int(radius),
		luma:   newDisc(radius, w.lonBits, w.latBits),
		chroma: newDisc(radius/2, w.lonBits-1, w.latBits-1),
		world:  w,
	}
}

// newDisc projects a world of 1<<lonBits by 1<<latBits texels.
func newDisc(radius float64, lonBits, latBits int) disc {
	var d disc
	top := int(math.Ceil(radius))
	for row := -top; row < top; row++ {
		y := (float64(row) + 0.5) / radius
		half := int(math.Round(radius * math.Sqrt(max(0, 1-y*y))))
		d.rows = append(d.rows, discRow{half, len(d.texel)})
		for col := -half; col < half; col++ {
			x := (float64(col) + 0.5) / radius
			lon, lat, light := globePoint(x, y)
			texel := uint32(min(lat*float64(int(1)<<latBits), float64(int(1)<<latBits-1)))<<lonBits |
				uint32(lon*float64(int(1)<<lonBits))&(1<<lonBits-1)
			d.texel = append(d.texel, texel)
			d.light = append(d.light, uint16(256*light))
		}
	}
	return d
}

// globePoint finds the longitude, latitude (0 to 1 each) and light of the point
// of a unit sphere that is seen at x, y.
func globePoint(x, y float64) (lon, lat, light float64) {
	z := math.Sqrt(max(0, 1-x*x-y*y))
	light = 0.12 + 0.94*max(0, -0.56*x-0.42*y+0.71*z) // from the upper left
	sin, cos := math.Sincos(axisTilt)
	x, y = x*cos+y*sin, y*cos-x*sin
	lon = math.Atan2(x, z)/(2*math.Pi) + 0.5
	lat = math.Asin(min(max(y, -1), 1))/math.Pi + 0.5
	return lon, lat, min(light, 1)
}

// draw puts the sphere with its centre at x, y, after some turns about its axis.
// It may lie outside the picture in part or as a whole.
func (s *sphere) draw(f *Frame, x, y, turns float64) {
	cx, cy := int(math.Floor(x)), int(math.Floor(y))
	_, turns = math.Modf(turns)
	lonBits := s.world.lonBits
	lon := uint32(turns * float64(int(256)<<lonBits))
	cw, ch := ChromaSize(f.Width, f.Height)
	s.luma.draw(plane{f.Y, f.YStride, f.Width, f.Height}, cx, cy, texture{s.world.y, lonBits, 16}, lon)
	s.chroma.draw(plane{f.U, f.UVStride, cw, ch}, cx/2, cy/2, texture{s.world.u, lonBits - 1, 128}, lon/2)
	s.chroma.draw(plane{f.V, f.UVStride, cw, ch}, cx/2, cy/2, texture{s.world.v, lonBits - 1, 128}, lon/2)
}

// A plane is one component of a picture.
type plane struct {
	pix          []byte
	stride, w, h int
}

// A texture is one plane of a world; what has no light has the value dark.
type texture struct {
	texels  []byte
	lonBits int
	dark    int
}

// draw paints the texture turned by lon, in 1/256 of a texel.
func (d *disc) draw(p plane, cx, cy int, tex texture, lon uint32) {
	for i, row := range d.rows {
		y := cy - len(d.rows)/2 + i
		from, to := max(cx-row.half, 0), min(cx+row.half, p.w)
		if y < 0 || y >= p.h || from >= to {
			continue
		}
		out := p.pix[y*p.stride+from : y*p.stride+to]
		first := row.first + from - (cx - row.half)
		tex.drawRow(out, d.texel[first:][:len(out)], d.light[first:][:len(out)], lon)
	}
}

// drawRow blends neighbours in longitude, so that the slowest turn is smooth.
func (t *texture) drawRow(out []byte, texels []uint32, light []uint16, lon uint32) {
	mask := uint32(1)<<t.lonBits - 1
	part, whole := int(lon&255), lon>>8
	for x := range out {
		lat, at := texels[x]&^mask, texels[x]+whole
		left, right := int(t.texels[lat|at&mask]), int(t.texels[lat|(at+1)&mask])
		v := left<<8 + (right-left)*part - t.dark<<8
		out[x] = byte(t.dark + v*int(light[x])>>16)
	}
}

// A world is the surface of a sphere, longitude by latitude. The chroma planes
// have half the size of the luma plane.
type world struct {
	lonBits, latBits int
	y, u, v          []byte
}

// newWorld paints a world with texels as large as the pixels of a sphere of radius.
func newWorld(radius float64, hue float64, paint painter) *world {
	lonBits := min(max(bits.Len(uint(2*math.Pi*radius))-1, 4), 10)
	w := &world{lonBits: lonBits, latBits: lonBits - 1}
	width, height := 1<<w.lonBits, 1<<w.latBits
	w.y, w.u, w.v = make([]byte, width*height), make([]byte, width*height/4), make([]byte, width*height/4)
	turned := hueTurned(hue)
	for row := range height {
		y, ring := math.Sincos(math.Pi * ((float64(row)+0.5)/float64(height) - 0.5))
		for col := range width {
			z, x := math.Sincos(2 * math.Pi * float64(col) / float64(width))
			luma, u, v := turned.yuv(paint(x*ring, y, z*ring))
			w.y[row*width+col] = toByte(luma)
			if row%2 == 0 && col%2 == 0 {
				i := row/2*width/2 + col/2
				w.u[i], w.v[i] = toByte(u), toByte(v)
			}
		}
	}
	return w
}

// A painter gives the colour of a point of the unit sphere.
type painter func(x, y, z float64) (r, g, b float64)

// planetPainter has seas, shores, land, heights and two ice caps.
func planetPainter() painter {
	terrain := newValueNoise(5)
	return func(x, y, z float64) (r, g, b float64) {
		height := terrain.layers(2.2*x, 2.2*y, 2.2*z, 5)
		detail := terrain.at(24*x, 24*y, 24*z) - 0.5
		land, peak := smoothstep(height, 0.50, 0.53), smoothstep(height, 0.56, 0.70)
		r = lerp(0.10+0.15*height, lerp(0.45, 0.80, peak), land) + 0.08*detail
		g = lerp(0.28+0.30*height, lerp(0.55, 0.70, peak), land) + 0.08*detail
		b = lerp(0.55+0.35*height, lerp(0.28, 0.52, peak), land) + 0.06*detail
		ice := smoothstep(y*y+0.5*(height-0.5), 0.70, 0.80)
		return lerp(r, 0.95, ice), lerp(g, 0.97, ice), lerp(b, 1, ice)
	}
}

// moonPainter is grey with darker plains.
func moonPainter() painter {
	ground := newValueNoise(6)
	return func(x, y, z float64) (r, g, b float64) {
		plain := smoothstep(ground.layers(2*x, 2*y, 2*z, 4), 0.40, 0.60)
		luma := 0.42 + 0.36*plain + 0.16*ground.at(9*x, 9*y, 9*z)
		return luma, luma * 0.98, luma * 0.92
	}
}
