//go:build cgo

package vpx

import (
	"bytes"
	"testing"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/mediatest"
)

// scenes are some pictures of the test scene, so that painting them is not measured.
func scenes(w, h int) []*media.Frame {
	frames := make([]*media.Frame, 30)
	for i := range frames {
		frames[i] = media.NewFrame(w, h)
		mediatest.Scene(i, frames[i])
	}
	return frames
}

// there gives the index of step n of a walk there and back through frames.
func there(n, frames int) int {
	if n %= 2 * frames; n >= frames {
		return 2*frames - 1 - n
	}
	return n
}

func benchmarkEncode(b *testing.B, name string) {
	s := newSource(b, name, config(1280, 720, 1500*media.Kbps))
	frames := scenes(1280, 720)
	b.ReportAllocs()
	total := 0
	for n := 0; b.Loop(); n++ {
		f, err := s.enc.Encode(frames[there(n, len(frames))], media.EncodeOrder{})
		if err != nil {
			b.Fatal(err)
		}
		total += len(f.Data)
	}
	b.ReportMetric(float64(total)/float64(b.N), "bytes/frame")
}

func benchmarkDecode(b *testing.B, name string) {
	s := newSource(b, name, config(1280, 720, 1500*media.Kbps))
	var stream [][]byte
	for _, p := range scenes(1280, 720) {
		f, err := s.enc.Encode(p, media.EncodeOrder{})
		if err != nil {
			b.Fatal(err)
		}
		stream = append(stream, bytes.Clone(f.Data))
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if data := stream[n%len(stream)]; len(data) > 0 {
			if _, err := s.dec.Decode(data, &s.decoded); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkEncode720pVP8(b *testing.B) { benchmarkEncode(b, "vp8") }
func BenchmarkEncode720pVP9(b *testing.B) { benchmarkEncode(b, "vp9") }
func BenchmarkDecode720pVP8(b *testing.B) { benchmarkDecode(b, "vp8") }
func BenchmarkDecode720pVP9(b *testing.B) { benchmarkDecode(b, "vp9") }
