package mediatest

import (
	"math"
	"sync"

	"github.com/skulltech/prattle/media"
)

// Scene paints picture n of a synthetic clip into f, at the size that f has, and
// sets its N: a textured head that moves before a textured wall, as a camera with
// a little noise sees it at 30 pictures a second. The same n and size give the
// same picture, and the clip looks alike at all sizes.
func Scene(n int, f *media.Frame) {
	f.N = uint64(n)
	s := scene{t: float64(n) / 30, noise: uint32(n)*2654435761 + 1}
	s.paint(f.Y, f.YStride, f.Width, f.Height, luma)
	cw, ch := media.ChromaSize(f.Width, f.Height)
	s.paint(f.U, f.UVStride, cw, ch, blue)
	s.paint(f.V, f.UVStride, cw, ch, red)
}

// scene is one moment of the clip.
type scene struct {
	t     float64 // in seconds
	noise uint32  // state of the camera's noise
}

// A shade is how one plane sees the two things in the picture: a middle value
// and how far the texture carries it from there, in 1/256.
type shade struct{ wall, wallDepth, head, headDepth, noise int }

var (
	luma = shade{wall: 110, wallDepth: 90, head: 150, headDepth: 110, noise: 3}
	blue = shade{wall: 132, wallDepth: 20, head: 112, headDepth: 16}
	red  = shade{wall: 124, wallDepth: 20, head: 152, headDepth: 16}
)

// unit is the height of any picture in the fixed-point coordinates of the clip.
const unit = textureSize << 8

func (s *scene) paint(plane []byte, stride, w, h int, sh shade) {
	tex := texture()
	cx := int(unit * (float64(w)/float64(h)/2 + 0.15*math.Sin(1.9*s.t)))
	cy := int(unit * (0.5 + 0.06*math.Sin(3.1*s.t)))
	step := unit / h
	radius := unit * 3 / 10 >> 8
	for y := range h {
		v := y * step
		dy := (v - cy) >> 8
		row := plane[y*stride:][:w]
		for x := range row {
			u := x * step
			dx := (u - cx) >> 8
			value := 0
			if dx*dx+dy*dy < radius*radius {
				value = sh.head + sh.headDepth*(tex.at(2*(u-cx), 2*(v-cy))-128)>>8
			} else {
				value = sh.wall + sh.wallDepth*(tex.at(u+unit/3, v)-128)>>8
			}
			if sh.noise > 0 {
				s.noise ^= s.noise << 13
				s.noise ^= s.noise >> 17
				s.noise ^= s.noise << 5
				value += int(s.noise>>16)%(2*sh.noise+1) - sh.noise
			}
			row[x] = byte(min(max(value, 16), 235))
		}
	}
}

// textureSize is the side of the texture, which repeats itself; a power of two.
const textureSize = 256

// A textureMap is smooth noise of several octaves.
type textureMap [textureSize * textureSize]uint8

var texture = sync.OnceValue(newTexture)

func newTexture() *textureMap {
	var sum [textureSize * textureSize]float64
	noise, amplitude, total := uint32(1), 1.0, 0.0
	for cell := 64; cell >= 2; cell /= 2 {
		side := textureSize / cell
		grid := make([]float64, side*side)
		for i := range grid {
			noise ^= noise << 13
			noise ^= noise >> 17
			noise ^= noise << 5
			grid[i] = float64(noise>>8) / (1 << 24)
		}
		for i := range sum {
			x, y := float64(i%textureSize)/float64(cell), float64(i/textureSize)/float64(cell)
			sum[i] += amplitude * between(grid, side, x, y)
		}
		total += amplitude
		amplitude *= 0.6
	}
	m := new(textureMap)
	for i, v := range sum {
		m[i] = uint8(255 * v / total)
	}
	return m
}

// between interpolates smoothly in a grid that repeats itself.
func between(grid []float64, side int, x, y float64) float64 {
	smooth := func(f float64) float64 { return f * f * (3 - 2*f) }
	ix, iy := int(x), int(y)
	fx, fy := smooth(x-float64(ix)), smooth(y-float64(iy))
	at := func(x, y int) float64 { return grid[y%side*side+x%side] }
	top := at(ix, iy)*(1-fx) + at(ix+1, iy)*fx
	bottom := at(ix, iy+1)*(1-fx) + at(ix+1, iy+1)*fx
	return top*(1-fy) + bottom*fy
}

// at samples the texture at 1/256 of its elements.
func (m *textureMap) at(u, v int) int {
	const mask = textureSize - 1
	x, y, fx, fy := u>>8, v>>8, u&255, v&255
	a, b := int(m[y&mask*textureSize+x&mask]), int(m[y&mask*textureSize+(x+1)&mask])
	c, d := int(m[(y+1)&mask*textureSize+x&mask]), int(m[(y+1)&mask*textureSize+(x+1)&mask])
	return ((a*(256-fx)+b*fx)*(256-fy) + (c*(256-fx)+d*fx)*fy) >> 16
}

// PSNR is how alike two pictures of one size are over all samples of their three
// planes, in dB: from 30 on they look alike, equal ones are infinitely so.
func PSNR(a, b *media.Frame) float64 {
	if a.Width != b.Width || a.Height != b.Height {
		return 0
	}
	cw, ch := media.ChromaSize(a.Width, a.Height)
	squares := squaredError(a.Y, a.YStride, b.Y, b.YStride, a.Width, a.Height) +
		squaredError(a.U, a.UVStride, b.U, b.UVStride, cw, ch) +
		squaredError(a.V, a.UVStride, b.V, b.UVStride, cw, ch)
	if squares == 0 {
		return math.Inf(1)
	}
	samples := a.Width*a.Height + 2*cw*ch
	return 10 * math.Log10(255*255*float64(samples)/float64(squares))
}

func squaredError(a []byte, aStride int, b []byte, bStride, w, h int) (sum int) {
	for y := range h {
		ra, rb := a[y*aStride:][:w], b[y*bStride:][:w]
		for x := range ra {
			d := int(ra[x]) - int(rb[x])
			sum += d * d
		}
	}
	return sum
}
