//go:build cgo

package yuv

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"testing"

	"github.com/skulltech/prattle/media"
)

const canary = 0xA5

// smooth is a picture that changes slowly, with rows pad bytes longer than the
// picture; what is between them holds the canary.
func smooth(w, h, pad int) *media.Frame {
	cw, ch := media.ChromaSize(w, h)
	f := &media.Frame{Width: w, Height: h, YStride: w + pad, UVStride: cw + pad}
	plane := func(stride, w, h int, phase float64) []byte {
		p := bytes.Repeat([]byte{canary}, stride*h)
		for y := range h {
			for x := range w {
				v := math.Sin(2*(float64(x)+0.5)/float64(w)+phase) * math.Cos(3*(float64(y)+0.5)/float64(h))
				p[y*stride+x] = byte(128 + 40*v) // within the RGB cube
			}
		}
		return p
	}
	f.Y, f.U, f.V = plane(f.YStride, w, h, 0), plane(f.UVStride, cw, ch, 1), plane(f.UVStride, cw, ch, 2)
	return f
}

// difference is the largest one between two pictures of a size, and fails the
// test if anything outside the picture was written.
func difference(t *testing.T, got, want *media.Frame) int {
	t.Helper()
	cw, ch := media.ChromaSize(want.Width, want.Height)
	worst := 0
	plane := func(name string, g []byte, gs int, m []byte, ms, w, h int) {
		for y := range h {
			for x := range w {
				worst = max(worst, abs(int(g[y*gs+x])-int(m[y*ms+x])))
			}
			for x := w; x < gs && y*gs+x < len(g); x++ {
				if g[y*gs+x] != canary {
					t.Fatalf("%s: byte %d of row %d, outside the picture, was written", name, x, y)
				}
			}
		}
	}
	plane("Y", got.Y, got.YStride, want.Y, want.YStride, want.Width, want.Height)
	plane("U", got.U, got.UVStride, want.U, want.UVStride, cw, ch)
	plane("V", got.V, got.UVStride, want.V, want.UVStride, cw, ch)
	return worst
}

func abs(n int) int { return max(n, -n) }

var sizes = [][2]int{{64, 48}, {63, 47}, {1, 1}, {2, 2}, {3, 1}, {1, 3}, {161, 91}, {320, 180}}

func TestScaleThroughMedia(t *testing.T) {
	for _, from := range sizes {
		for _, to := range sizes {
			src, dst := smooth(from[0], from[1], 3), smooth(to[0], to[1], 5)
			for _, p := range [][]byte{dst.Y, dst.U, dst.V} {
				copy(p, bytes.Repeat([]byte{canary}, len(p)))
			}
			src.N = 9
			media.Scale(dst, src)
			d := difference(t, dst, smooth(to[0], to[1], 0))
			// Few pixels are means of wide areas, so only large pictures compare.
			if d > 6 && min(from[0], from[1], to[0], to[1]) > 40 {
				t.Errorf("%v to %v: a sample is off by %d", from, to, d)
			}
			if dst.N != 9 {
				t.Errorf("%v to %v: N is %d, want 9", from, to, dst.N)
			}
		}
	}
}

func TestMirrorThroughMedia(t *testing.T) {
	for _, size := range sizes {
		src := smooth(size[0], size[1], 3)
		once, twice := new(media.Frame), new(media.Frame)
		media.Mirror(once, src)
		media.Mirror(twice, once)
		if d := difference(t, twice, src); d != 0 {
			t.Errorf("%v: mirrored twice is off by %d", size, d)
		}
		for y := range size[1] {
			if once.Y[y*once.YStride] != src.Y[y*src.YStride+size[0]-1] {
				t.Errorf("%v: row %d does not begin with its last pixel", size, y)
			}
		}
	}
}

func TestBGRColours(t *testing.T) {
	for _, c := range []struct {
		name    string
		y, u, v byte
		bgr     [3]byte
	}{
		{"black", 16, 128, 128, [3]byte{0, 0, 0}},
		{"white", 235, 128, 128, [3]byte{255, 255, 255}},
		{"red", 82, 90, 240, [3]byte{0, 0, 255}},
		{"green", 145, 54, 34, [3]byte{0, 255, 0}},
		{"blue", 41, 240, 110, [3]byte{255, 0, 0}},
	} {
		f := media.NewFrame(16, 8)
		f.Fill(c.y, c.u, c.v)
		bgr := make([]byte, 16*3*8)
		if err := ToBGR(bgr, 16*3, f); err != nil {
			t.Fatal(err)
		}
		for i, want := range c.bgr {
			if d := abs(int(bgr[i]) - int(want)); d > 3 {
				t.Errorf("%s is %v in BGR, want %v", c.name, bgr[:3], c.bgr)
			}
		}
		back := new(media.Frame)
		if err := FromBGR(back, bgr, 16*3, 16, 8); err != nil {
			t.Fatal(err)
		}
		if d := difference(t, back, f); d > 3 {
			t.Errorf("%s there and back is off by %d", c.name, d)
		}
	}
}

func TestBGRStaysInItsRows(t *testing.T) {
	for _, size := range sizes {
		w, h := size[0], size[1]
		stride := 3*w + 7
		bgr := bytes.Repeat([]byte{canary}, stride*(h-1)+3*w) // no byte after the last pixel
		if err := ToBGR(bgr, stride, smooth(w, h, 2)); err != nil {
			t.Fatalf("%v: %v", size, err)
		}
		for y := range h - 1 {
			if !bytes.Equal(bgr[y*stride+3*w:(y+1)*stride], bytes.Repeat([]byte{canary}, 7)) {
				t.Fatalf("%v: wrote past the end of row %d", size, y)
			}
		}
		back := new(media.Frame)
		if err := FromBGR(back, bgr, stride, w, h); err != nil {
			t.Fatalf("%v: %v", size, err)
		}
		if d := difference(t, back, smooth(w, h, 0)); d > 12 && min(w, h) > 40 {
			t.Errorf("%v: there and back is off by %d", size, d)
		}
	}
}

func TestFromYUY2(t *testing.T) {
	for _, size := range sizes {
		w, h := size[0], size[1]
		want := smooth(w, h, 0)
		stride := (w+1)/2*4 + 4
		packed := make([]byte, stride*h)
		for y := range h {
			for x := range w {
				c := y/2*want.UVStride + x/2
				chroma := want.U[c]
				if x%2 == 1 {
					chroma = want.V[c]
				} else {
					packed[y*stride+x*2+3] = want.V[c] // of an odd last column
				}
				packed[y*stride+x*2], packed[y*stride+x*2+1] = want.Y[y*want.YStride+x], chroma
			}
		}
		got := new(media.Frame)
		if err := FromYUY2(got, packed, stride, w, h); err != nil {
			t.Fatalf("%v: %v", size, err)
		}
		if d := difference(t, got, want); d > 1 {
			t.Errorf("%v: off by %d", size, d)
		}
	}
}

func TestFromNV12(t *testing.T) {
	for _, size := range sizes {
		w, h := size[0], size[1]
		want := smooth(w, h, 0)
		cw, ch := media.ChromaSize(w, h)
		stride := 2*cw + 6
		luma, chroma := make([]byte, stride*h), make([]byte, stride*ch)
		for y := range h {
			copy(luma[y*stride:], want.Y[y*want.YStride:][:w])
		}
		for y := range ch {
			for x := range cw {
				chroma[y*stride+2*x], chroma[y*stride+2*x+1] = want.U[y*cw+x], want.V[y*cw+x]
			}
		}
		got := new(media.Frame)
		if err := FromNV12(got, luma, chroma, stride, w, h); err != nil {
			t.Fatalf("%v: %v", size, err)
		}
		if d := difference(t, got, want); d != 0 {
			t.Errorf("%v: off by %d", size, d)
		}
	}
}

func TestShortBuffers(t *testing.T) {
	f := media.NewFrame(16, 16)
	dst := new(media.Frame)
	for name, err := range map[string]error{
		"ToBGR":          ToBGR(make([]byte, 16*16*3-1), 16*3, f),
		"ToBGR stride":   ToBGR(make([]byte, 16*16*3), 16*3-1, f),
		"ToBGR empty":    ToBGR(nil, 0, new(media.Frame)),
		"FromBGR":        FromBGR(dst, make([]byte, 16*16*3-1), 16*3, 16, 16),
		"FromBGR size":   FromBGR(dst, make([]byte, 16), 16, -1, -1),
		"FromYUY2":       FromYUY2(dst, make([]byte, 16*16*2-1), 16*2, 16, 16),
		"FromYUY2 odd":   FromYUY2(dst, make([]byte, 30), 30, 15, 1),
		"FromNV12":       FromNV12(dst, make([]byte, 16*16), make([]byte, 16*8-1), 16, 16, 16),
		"FromNV12 luma":  FromNV12(dst, make([]byte, 16*15), make([]byte, 16*8), 16, 16, 16),
		"FromMJPG empty": FromMJPG(dst, nil),
	} {
		if !errors.Is(err, ErrShort) {
			t.Errorf("%s: %v, want ErrShort", name, err)
		}
	}
}

func TestShortPlanesPanic(t *testing.T) {
	f := media.NewFrame(16, 16)
	f.V = f.V[:len(f.V)-1]
	defer func() {
		if recover() == nil {
			t.Error("scaling into a frame with a short plane did not panic")
		}
	}()
	media.Scale(f, media.NewFrame(32, 32))
}

func jpegOf(tb testing.TB, w, h int, c color.Color) []byte {
	tb.Helper()
	img := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	y := color.YCbCrModel.Convert(c).(color.YCbCr)
	for i := range img.Y {
		img.Y[i] = y.Y
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = y.Cb, y.Cr
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestFromMJPG(t *testing.T) {
	for _, size := range [][2]int{{64, 48}, {160, 90}, {63, 47}} {
		got := new(media.Frame)
		if err := FromMJPG(got, jpegOf(t, size[0], size[1], color.RGBA{R: 255, A: 255})); err != nil {
			t.Fatalf("%v: %v", size, err)
		}
		if got.Width != size[0] || got.Height != size[1] {
			t.Fatalf("%dx%d, want %v", got.Width, got.Height, size)
		}
		want := media.NewFrame(size[0], size[1])
		want.Fill(82, 90, 240) // red in the narrow range
		if d := difference(t, got, want); d > 4 {
			t.Errorf("%v: red is off by %d: %d %d %d", size, d, got.Y[0], got.U[0], got.V[0])
		}
	}
}

func FuzzFromMJPG(f *testing.F) {
	good := jpegOf(f, 32, 16, color.Gray{Y: 90})
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte{0xff, 0xd8, 0xff})
	dst := new(media.Frame)
	f.Fuzz(func(t *testing.T, data []byte) {
		if FromMJPG(dst, data) == nil && dst.Width*dst.Height == 0 {
			t.Error("decoded an empty picture")
		}
	})
}

func BenchmarkScale720pTo360p(b *testing.B) {
	src, dst := smooth(1280, 720, 0), media.NewFrame(640, 360)
	b.ReportAllocs()
	for b.Loop() {
		media.Scale(dst, src)
	}
}

func BenchmarkScale360pTo720p(b *testing.B) {
	src, dst := smooth(640, 360, 0), media.NewFrame(1280, 720)
	b.ReportAllocs()
	for b.Loop() {
		media.Scale(dst, src)
	}
}

func BenchmarkMirror720p(b *testing.B) {
	src, dst := smooth(1280, 720, 0), new(media.Frame)
	b.ReportAllocs()
	for b.Loop() {
		media.Mirror(dst, src)
	}
}

func BenchmarkToBGR720p(b *testing.B) {
	src, dst := smooth(1280, 720, 0), make([]byte, 1280*720*3)
	b.ReportAllocs()
	for b.Loop() {
		if err := ToBGR(dst, 1280*3, src); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFromBGR720p(b *testing.B) {
	src, dst := make([]byte, 1280*720*3), new(media.Frame)
	b.ReportAllocs()
	for b.Loop() {
		if err := FromBGR(dst, src, 1280*3, 1280, 720); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFromMJPG720p(b *testing.B) {
	data, dst := jpegOf(b, 1280, 720, color.RGBA{R: 200, G: 90, A: 255}), new(media.Frame)
	b.ReportAllocs()
	for b.Loop() {
		if err := FromMJPG(dst, data); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleToBGR() {
	f := media.NewFrame(2, 2)
	f.Fill(235, 128, 128)
	bgr := make([]byte, 2*2*3)
	err := ToBGR(bgr, 2*3, f)
	fmt.Println(bgr[:3], err)
	// Output: [255 255 255] <nil>
}
