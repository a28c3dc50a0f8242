package media

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// wave paints a smooth picture whose value at a place does not depend on the
// size: scaling it must give the wave of the other size.
func wave(w, h int) *Frame {
	f := NewFrame(w, h)
	paint := func(p []byte, stride, w, h int, phase float64) {
		for y := range h {
			for x := range w {
				fx, fy := (float64(x)+0.5)/float64(w), (float64(y)+0.5)/float64(h)
				p[y*stride+x] = byte(math.Round(128 + 90*math.Sin(2*fx+phase)*math.Cos(3*fy)))
			}
		}
	}
	cw, ch := ChromaSize(w, h)
	paint(f.Y, f.YStride, w, h, 0)
	paint(f.U, f.UVStride, cw, ch, 1)
	paint(f.V, f.UVStride, cw, ch, 2)
	return f
}

// padded is a copy of f whose rows are further apart, with a canary between them.
func padded(f *Frame, pad int) *Frame {
	cw, ch := ChromaSize(f.Width, f.Height)
	p := &Frame{Width: f.Width, Height: f.Height, YStride: f.Width + pad, UVStride: cw + pad, N: f.N, Captured: f.Captured}
	plane := func(n, stride int) []byte { return bytes.Repeat([]byte{canary}, n*stride) }
	p.Y, p.U, p.V = plane(f.Height, p.YStride), plane(ch, p.UVStride), plane(ch, p.UVStride)
	copyFrame(p, f)
	return p
}

const canary = 0xA5

func checkCanaries(t *testing.T, f *Frame) {
	t.Helper()
	cw, ch := ChromaSize(f.Width, f.Height)
	for _, p := range []struct {
		name         string
		b            []byte
		stride, w, h int
	}{{"Y", f.Y, f.YStride, f.Width, f.Height}, {"U", f.U, f.UVStride, cw, ch}, {"V", f.V, f.UVStride, cw, ch}} {
		for y := range p.h {
			for x := p.w; x < p.stride; x++ {
				if p.b[y*p.stride+x] != canary {
					t.Fatalf("plane %s: wrote past the end of row %d", p.name, y)
				}
			}
		}
	}
}

func TestScale(t *testing.T) {
	at := time.Unix(1700000000, 0)
	sizes := [][2]int{{64, 48}, {32, 24}, {128, 96}, {63, 47}, {65, 49}, {20, 90}, {1, 1}, {2, 2}, {200, 3}}
	for _, from := range sizes[:5] {
		for _, to := range sizes {
			t.Run(fmt.Sprint(from, "to", to), func(t *testing.T) {
				src := padded(wave(from[0], from[1]), 5)
				src.N, src.Captured = 7, at
				dst := padded(NewFrame(to[0], to[1]), 3)
				Scale(dst, src)
				checkCanaries(t, dst)
				if dst.N != 7 || !dst.Captured.Equal(at) {
					t.Errorf("N %d, Captured %v; want those of the source", dst.N, dst.Captured)
				}
				want := wave(to[0], to[1])
				for y := range to[1] {
					for x := range to[0] {
						got, want := dst.Y[y*dst.YStride+x], want.Y[y*want.YStride+x]
						// A pixel of a tiny picture is the mean of a wide area, so allow more.
						if d := math.Abs(float64(got) - float64(want)); d > 6 && min(to[0], to[1]) > 3 {
							t.Fatalf("luma at %d,%d is %d, want about %d", x, y, got, want)
						}
					}
				}
			})
		}
	}
}

func TestScaleKeepsFlatColour(t *testing.T) {
	for _, colour := range [][3]byte{{0, 0, 0}, {255, 255, 255}, {16, 128, 128}, {81, 90, 240}} {
		for _, size := range [][4]int{{1280, 720, 320, 180}, {33, 17, 101, 77}, {640, 360, 480, 270}, {7, 5, 3, 2}} {
			src, dst := NewFrame(size[0], size[1]), NewFrame(size[2], size[3])
			src.Fill(colour[0], colour[1], colour[2])
			Scale(dst, src)
			want := NewFrame(size[2], size[3])
			want.Fill(colour[0], colour[1], colour[2])
			if !bytes.Equal(dst.Y, want.Y) || !bytes.Equal(dst.U, want.U) || !bytes.Equal(dst.V, want.V) {
				t.Errorf("%v from %v: colour changed", colour, size)
			}
		}
	}
}

func TestScaleEmpty(t *testing.T) {
	var none Frame
	Scale(NewFrame(4, 4), &none)
	Scale(&none, NewFrame(4, 4))
	Mirror(&none, new(Frame))
	Letterbox(&none, NewFrame(4, 4))
	Letterbox(NewFrame(4, 4), &none)
}

func TestSpansSumToOne(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 500 {
		in, out := 1+rng.IntN(300), 1+rng.IntN(300)
		for i, s := range spans(out, in) {
			sum := uint32(0)
			for _, w := range s.weights {
				sum += w
			}
			if sum != 1<<weightBits || s.first < 0 || s.first+len(s.weights) > in {
				t.Fatalf("seed %d: span %d of %d from %d samples: %+v", seed, i, out, in, s)
			}
		}
	}
}

func TestMirror(t *testing.T) {
	for _, size := range [][2]int{{64, 48}, {7, 5}, {1, 1}, {2, 3}} {
		src := padded(wave(size[0], size[1]), 4)
		src.N = 3
		once, twice := new(Frame), new(Frame)
		Mirror(once, src)
		Mirror(twice, once)
		for y := range size[1] {
			for x := range size[0] {
				if once.Y[y*once.YStride+x] != src.Y[y*src.YStride+size[0]-1-x] {
					t.Fatalf("%v: luma at %d,%d is not the mirrored one", size, x, y)
				}
			}
		}
		want := new(Frame)
		want.CopyFrom(src)
		if !bytes.Equal(twice.Y, want.Y) || !bytes.Equal(twice.U, want.U) || !bytes.Equal(twice.V, want.V) || twice.N != 3 {
			t.Errorf("%v: mirrored twice differs from the source", size)
		}
	}
}

func TestFit(t *testing.T) {
	for _, c := range []struct{ srcW, srcH, boxW, boxH, x, y, w, h int }{
		{1280, 720, 640, 360, 0, 0, 640, 360},
		{640, 480, 1280, 720, 160, 0, 960, 720},
		{1280, 720, 640, 480, 0, 60, 640, 360},
		{720, 1280, 640, 360, 218, 0, 202, 360},
		{640, 360, 641, 361, 0, 0, 640, 360},
		{10000, 10, 100, 100, 0, 48, 100, 2},
		{100, 100, 1, 100, 0, 0, 0, 0},
		{0, 100, 100, 100, 0, 0, 0, 0},
	} {
		x, y, w, h := Fit(c.srcW, c.srcH, c.boxW, c.boxH)
		if x != c.x || y != c.y || w != c.w || h != c.h {
			t.Errorf("Fit(%d, %d, %d, %d) = %d, %d, %d, %d; want %d, %d, %d, %d",
				c.srcW, c.srcH, c.boxW, c.boxH, x, y, w, h, c.x, c.y, c.w, c.h)
		}
	}
}

func TestFitStaysInBox(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 10000 {
		srcW, srcH, boxW, boxH := 1+rng.IntN(2000), 1+rng.IntN(2000), 2+rng.IntN(2000), 2+rng.IntN(2000)
		x, y, w, h := Fit(srcW, srcH, boxW, boxH)
		if (x|y|w|h)&1 != 0 || x < 0 || y < 0 || w < 2 || h < 2 || x+w > boxW || y+h > boxH {
			t.Fatalf("seed %d: Fit(%d, %d, %d, %d) = %d, %d, %d, %d", seed, srcW, srcH, boxW, boxH, x, y, w, h)
		}
	}
}

func TestLetterbox(t *testing.T) {
	src := NewFrame(40, 40)
	src.Fill(200, 90, 160)
	for _, size := range [][2]int{{80, 40}, {40, 80}, {81, 41}, {41, 83}, {40, 40}, {41, 41}} {
		dst := padded(wave(size[0], size[1]), 2)
		Letterbox(dst, src)
		checkCanaries(t, dst)
		x, y, w, h := Fit(40, 40, size[0], size[1])
		if w == size[0]&^1 {
			w = size[0]
		}
		if h == size[1]&^1 {
			h = size[1]
		}
		for py := range size[1] {
			for px := range size[0] {
				want := [3]byte{16, 128, 128}
				if px >= x && px < x+w && py >= y && py < y+h {
					want = [3]byte{200, 90, 160}
				}
				c := py/2*dst.UVStride + px/2
				got := [3]byte{dst.Y[py*dst.YStride+px], dst.U[c], dst.V[c]}
				if got != want {
					t.Fatalf("%v: pixel %d,%d is %v, want %v", size, px, py, got, want)
				}
			}
		}
	}
}

func BenchmarkScaleHalf(b *testing.B) {
	src, dst := wave(1280, 720), NewFrame(640, 360)
	b.ReportAllocs()
	for b.Loop() {
		Scale(dst, src)
	}
}

func BenchmarkScaleDouble(b *testing.B) {
	src, dst := wave(640, 360), NewFrame(1280, 720)
	b.ReportAllocs()
	for b.Loop() {
		Scale(dst, src)
	}
}
