package media

import (
	"bytes"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// stampTime is a time that a stamp can carry exactly.
var stampTime = time.UnixMicro(1_700_000_000_123_456)

func TestStampLayout(t *testing.T) {
	tests := []struct {
		n    uint64
		t    time.Time
		want stampCode
	}{
		{0, time.UnixMicro(0), stampCode{10: 0xe1, 11: 0x39}},
		{0xabcdef1, time.UnixMicro(0x123456789abcd), stampCode{0xab, 0xcd, 0xef, 0x11, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xf2, 0xbb}},
		{StampMask + 2, time.UnixMicro(1), stampCode{0, 0, 0, 0x10, 0, 0, 0, 0, 0, 1, 0xc6, 0x63}},
	}
	for _, tt := range tests {
		if got := packStamp(tt.n, tt.t); got != tt.want {
			t.Errorf("packStamp(%#x, %v) = %#x, want %#x", tt.n, tt.t.UnixMicro(), got, tt.want)
		}
	}
	if got, want := crc16([]byte("123456789")), uint16(0x29b1); got != want { // the check value of CRC-16/CCITT-FALSE
		t.Errorf("crc16 = %#x, want %#x", got, want)
	}
}

// A spoiled stamp is one that went through a bad path at some size.
func TestStampSurvives(t *testing.T) {
	spoil := map[string]func(f *Frame, rng *rand.Rand){
		"nothing":     func(*Frame, *rand.Rand) {},
		"noise":       func(f *Frame, rng *rand.Rand) { addNoise(f, rng, 40) },
		"blur":        func(f *Frame, rng *rand.Rand) { blur(f, max(1, f.Width/320)) },
		"fade":        func(f *Frame, rng *rand.Rand) { contrast(f, 0.35, 90) },
		"coarse JPEG": func(f *Frame, rng *rand.Rand) { recompress(f, 5) },
		"everything": func(f *Frame, rng *rand.Rand) {
			blur(f, max(1, f.Width/320))
			contrast(f, 0.6, 40)
			addNoise(f, rng, 20)
		},
	}
	sizes := [][2]int{{160, 90}, {161, 91}, {176, 144}, {320, 180}, {640, 360}, {640, 480}, {854, 480}, {1280, 720}, {360, 640}}
	const seed = 1
	for name, spoil := range spoil {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 0))
			for _, size := range sizes {
				f := NewFrame(size[0], size[1])
				addNoise(f, rng, 200)
				n := rng.Uint64() & StampMask
				Stamp(f, n, stampTime)
				spoil(f, rng)
				gotN, gotT, ok := ReadStamp(f)
				if !ok || gotN != n || !gotT.Equal(stampTime) {
					t.Errorf("%dx%d, seed %d: ReadStamp = %d, %v, %v; want %d, %v", size[0], size[1], seed, gotN, gotT, ok, n, stampTime)
				}
			}
		})
	}
}

func TestStampSurvivesScaling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width, height := rapid.IntRange(160, 1400), rapid.IntRange(90, 900)
		src := NewFrame(width.Draw(t, "width"), height.Draw(t, "height"))
		addNoise(src, rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)), 200)
		n := rapid.Uint64Range(0, StampMask).Draw(t, "n")
		at := time.UnixMicro(rapid.Int64Range(0, stampTimeMask).Draw(t, "time"))
		Stamp(src, n, at)
		dst := NewFrame(width.Draw(t, "scaled width"), height.Draw(t, "scaled height"))
		Scale(dst, src)
		gotN, gotT, ok := ReadStamp(dst)
		if !ok || gotN != n || !gotT.Equal(at) {
			t.Fatalf("ReadStamp = %d, %v, %v; want %d, %v", gotN, gotT, ok, n, at)
		}
	})
}

func TestReadStampFindsNoneInOtherPictures(t *testing.T) {
	for _, luma := range []byte{0, 16, 128, 235, 255} {
		f := NewFrame(320, 180)
		f.Fill(luma, 128, 128)
		if n, at, ok := ReadStamp(f); ok {
			t.Errorf("stamp %d, %v in a picture of luma %d", n, at, luma)
		}
	}
	const seed, pictures = 2, 20000
	rng, f, found := rand.New(rand.NewPCG(seed, 0)), NewFrame(stampCols, stampBand), 0
	for range pictures {
		addNoise(f, rng, 255)
		if _, _, ok := ReadStamp(f); ok {
			found++
		}
	}
	// 0.3 are to be expected; 5 would be one chance in a hundred million.
	if found >= 5 {
		t.Errorf("%d stamps in %d pictures of noise, seed %d", found, pictures, seed)
	}
}

func TestStampLeavesTheRestAlone(t *testing.T) {
	f := NewFrame(1280, 720)
	f.Fill(100, 50, 60)
	Stamp(f, 1, stampTime)
	for y := range 680 {
		for x := range 1280 {
			if f.Y[y*f.YStride+x] != 100 || f.U[y/2*f.UVStride+x/2] != 50 || f.V[y/2*f.UVStride+x/2] != 60 {
				t.Fatalf("pixel %d, %d was changed", x, y)
			}
		}
	}
}

func FuzzReadStamp(f *testing.F) {
	stamped := NewFrame(160, 90)
	Stamp(stamped, 7, stampTime)
	f.Add(uint16(160), uint16(90), stamped.Y[80*160:])
	f.Add(uint16(0), uint16(0), []byte{})
	f.Add(uint16(47), uint16(35), []byte{255, 0, 255})
	f.Add(uint16(48), uint16(36), []byte{255, 0, 255})
	f.Fuzz(func(t *testing.T, w, h uint16, tail []byte) {
		pic := NewFrame(int(w%1000), int(h%1000))
		copy(pic.Y[max(0, len(pic.Y)-len(tail)):], tail)
		n, at, ok := ReadStamp(pic)
		if !ok {
			return
		}
		again := NewFrame(pic.Width, pic.Height)
		Stamp(again, n, at)
		if n2, at2, ok := ReadStamp(again); !ok || n2 != n || !at2.Equal(at) {
			t.Fatalf("stamp %d, %v reads back as %d, %v, %v", n, at, n2, at2, ok)
		}
	})
}

// addNoise adds luma noise, uniform within ±strength.
func addNoise(f *Frame, rng *rand.Rand, strength int) {
	for i, v := range f.Y {
		f.Y[i] = byte(min(max(int(v)+rng.IntN(2*strength+1)-strength, 0), 255))
	}
}

// contrast scales luma by gain and lifts it.
func contrast(f *Frame, gain float64, lift int) {
	for i, v := range f.Y {
		f.Y[i] = byte(gain*float64(v)) + byte(lift)
	}
}

// recompress takes luma through JPEG of a quality from 1 to 100.
func recompress(f *Frame, quality int) {
	grey := &image.Gray{Pix: f.Y, Stride: f.YStride, Rect: image.Rect(0, 0, f.Width, f.Height)}
	var buf bytes.Buffer
	jpeg.Encode(&buf, grey, &jpeg.Options{Quality: quality})
	decoded, _ := jpeg.Decode(&buf)
	copyPlane(f.Y, f.YStride, decoded.(*image.Gray).Pix, decoded.(*image.Gray).Stride, f.Width, f.Height)
}

// blur takes the mean of 2r+1 pixels along rows, then along columns.
func blur(f *Frame, r int) {
	for y := range f.Height {
		blurLine(f.Y[y*f.YStride:], 1, f.Width, r)
	}
	for x := range f.Width {
		blurLine(f.Y[x:], f.YStride, f.Height, r)
	}
}

// blurLine blurs n pixels that lie step apart.
func blurLine(pix []byte, step, n, r int) {
	line := make([]int, n)
	for i := range line {
		line[i] = int(pix[i*step])
	}
	for i := range line {
		sum := 0
		for d := -r; d <= r; d++ {
			sum += line[min(max(i+d, 0), n-1)]
		}
		pix[i*step] = byte(sum / (2*r + 1))
	}
}

func BenchmarkStamp(b *testing.B) {
	f := NewFrame(1280, 720)
	b.ReportAllocs()
	for b.Loop() {
		Stamp(f, 1, stampTime)
	}
}

func BenchmarkReadStamp(b *testing.B) {
	f := NewFrame(1280, 720)
	Stamp(f, 1, stampTime)
	b.ReportAllocs()
	for b.Loop() {
		ReadStamp(f)
	}
}
