//go:build cgo

package vpx

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/mediatest"
)

func TestVP8Conformance(t *testing.T) { mediatest.TestVideoCodec(t, codec(t, "vp8")) }
func TestVP9Conformance(t *testing.T) { mediatest.TestVideoCodec(t, codec(t, "vp9")) }

var names = []string{"vp8", "vp9"}

func codec(tb testing.TB, name string) media.VideoCodec {
	tb.Helper()
	c, err := media.VideoCodecByName(name)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// source encodes the test scene.
type source struct {
	tb      testing.TB
	enc     media.VideoEncoder
	dec     media.VideoDecoder
	picture *media.Frame
	decoded media.Frame
	n       int
}

func newSource(tb testing.TB, name string, cfg media.VideoEncoderConfig) *source {
	tb.Helper()
	s := &source{tb: tb, picture: media.NewFrame(cfg.Width, cfg.Height)}
	var err error
	if s.enc, err = codec(tb, name).NewEncoder(cfg); err != nil {
		tb.Fatal(err)
	}
	if s.dec, err = codec(tb, name).NewDecoder(media.VideoDecoderConfig{}); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.enc.Close(); s.dec.Close() })
	return s
}

// next encodes the next picture at size w by h, and decodes it again.
func (s *source) next(w, h int, order media.EncodeOrder) media.EncodedFrame {
	s.tb.Helper()
	s.picture.Resize(w, h)
	mediatest.Scene(s.n, s.picture)
	s.n++
	f, err := s.enc.Encode(s.picture, order)
	if err != nil {
		s.tb.Fatal(err)
	}
	if len(f.Data) > 0 {
		if _, err := s.dec.Decode(f.Data, &s.decoded); err != nil {
			s.tb.Fatal(err)
		}
	}
	return f
}

func config(w, h int, bitrate media.Bitrate) media.VideoEncoderConfig {
	return media.VideoEncoderConfig{Width: w, Height: h, FPS: 30, Bitrate: bitrate, TemporalLayers: 1}
}

// TestVP9HeadersNameTheReferences reads the references out of the compressed frames:
// they are the ones described, and no others. In the end nothing is kept but what may be
// predicted from.
func TestVP9HeadersNameTheReferences(t *testing.T) {
	for layers := 1; layers <= 3; layers++ {
		cfg := config(320, 180, media.Mbps)
		cfg.TemporalLayers = layers
		s := newSource(t, "vp9", cfg)
		var holds [maxBuffers]uint16
		w, h := 320, 180
		for n := range 152 {
			if n%25 == 20 {
				w, h = 320-w/2, 180-h/2
			}
			f := s.next(w, h, media.EncodeOrder{Keyframe: n%60 == 59, MarkLongTerm: n%9 == 5, Recover: n%20 == 15})
			head, err := parseVP9(f.Data)
			if err != nil {
				t.Fatal(err)
			}
			if head.keyframe != f.Keyframe {
				t.Fatalf("frame %d: keyframe %v, want %v", f.ID, head.keyframe, f.Keyframe)
			}
			for _, ref := range head.refs {
				if !head.intra && holds[ref] != f.ID-uint16(f.Refs[0]) {
					t.Errorf("%d layers: frame %d is predicted from %d, described as from %d", layers, f.ID, holds[ref], f.ID-uint16(f.Refs[0]))
				}
			}
			for b := range holds {
				if head.refresh>>b&1 != 0 {
					holds[b] = f.ID
				}
			}
		}
		most := 1 + layers/3 + len(s.enc.(*encoder).refs.longTerm) // base, middle, marked
		slices.Sort(holds[:])
		if kept := slices.Compact(holds[:]); len(kept) > most {
			t.Errorf("%d layers: frames %v are kept, more than %d", layers, kept, most)
		}
	}
}

func TestVP9ResizesWithoutKeyframe(t *testing.T) {
	const rate = 800 * media.Kbps
	s := newSource(t, "vp9", config(640, 360, rate))
	mean := int(rate) / 8 / 30
	for i, size := range [][2]int{{640, 360}, {320, 180}, {640, 360}, {480, 270}, {640, 360}, {321, 181}, {640, 360}} {
		for n := range 25 {
			f := s.next(size[0], size[1], media.EncodeOrder{})
			if f.Keyframe != (i == 0 && n == 0) {
				t.Errorf("size %v, frame %d: keyframe %v", size, n, f.Keyframe)
			}
			if n < 3 && len(f.Data) > 4*mean {
				t.Errorf("size %v, frame %d: %d bytes, where the mean is %d", size, n, len(f.Data), mean)
			}
		}
	}
	if f := s.next(800, 450, media.EncodeOrder{}); !f.Keyframe {
		t.Error("growing beyond the first size gave no keyframe")
	}
}

// TestFirstFrameSmallerThanConfigured begins below the size that the encoder was
// made for, and goes up to it and beyond.
func TestFirstFrameSmallerThanConfigured(t *testing.T) {
	for _, name := range names {
		s := newSource(t, name, config(640, 360, 800*media.Kbps))
		for _, size := range [][2]int{{160, 90}, {320, 180}, {640, 360}, {800, 450}} {
			for n := range 5 {
				if f := s.next(size[0], size[1], media.EncodeOrder{}); f.Keyframe != (n == 0) {
					t.Errorf("%s %v, frame %d: keyframe %v", name, size, n, f.Keyframe)
				}
				if p := mediatest.PSNR(s.picture, &s.decoded); p < 28 {
					t.Errorf("%s %v, frame %d: %.1f dB", name, size, n, p)
				}
			}
		}
	}
}

// TestKeyframesStaySmall, and so do the frames after them.
func TestKeyframesStaySmall(t *testing.T) {
	for _, name := range names {
		for _, c := range []struct {
			w, h int
			rate media.Bitrate
		}{{320, 180, 150 * media.Kbps}, {640, 360, 500 * media.Kbps}, {1280, 720, 1500 * media.Kbps}} {
			s := newSource(t, name, config(c.w, c.h, c.rate))
			mean := int(c.rate) / 8 / 30
			for n := range 70 {
				f := s.next(c.w, c.h, media.EncodeOrder{Keyframe: n == 50})
				most := 3 * mean
				if f.Keyframe {
					most = 6 * mean
				}
				if len(f.Data) > most {
					t.Errorf("%s %dx%d, picture %d: keyframe %v of %d bytes, where the mean is %d", name, c.w, c.h, n, f.Keyframe, len(f.Data), mean)
				}
			}
		}
	}
}

// TestFramesShrinkAtOnce when the bitrate falls: just then the link bears large
// ones least.
func TestFramesShrinkAtOnce(t *testing.T) {
	for _, name := range names {
		s := newSource(t, name, config(640, 360, 1200*media.Kbps))
		for range 45 {
			s.next(640, 360, media.EncodeOrder{})
		}
		const fallen = 300 * media.Kbps
		mean := int(fallen) / 8 / 30
		for n := range 20 {
			if f := s.next(640, 360, media.EncodeOrder{Bitrate: fallen}); len(f.Data) > 2*mean {
				t.Errorf("%s, picture %d after the fall: %d bytes, where the mean is %d", name, n, len(f.Data), mean)
			}
		}
	}
}

// TestBitrateIsFollowed changes it as the rate control of a call does: a little,
// often, and now and then a lot.
func TestBitrateIsFollowed(t *testing.T) {
	for _, name := range names {
		s := newSource(t, name, config(640, 360, 600*media.Kbps))
		rate := 600 * media.Kbps
		for _, c := range []struct {
			what       string
			step, leap float64 // factors: each 3 pictures, and once at first
		}{
			{"steady", 1, 1}, {"rising", 1.05, 1}, {"steady", 1, 1}, {"falling", 0.95, 1}, {"fallen", 1, 0.4}, {"trembling", 1.02, 1},
		} {
			rate = media.Bitrate(float64(rate) * c.leap)
			want, got := 0.0, 0
			for n := range 45 {
				if n%3 == 2 {
					rate = media.Bitrate(float64(rate) * c.step)
				}
				if c.what == "trembling" && n%6 == 2 {
					rate = media.Bitrate(float64(rate) / c.step / c.step)
				}
				got += len(s.next(640, 360, media.EncodeOrder{Bitrate: rate}).Data)
				want += float64(rate) / 8 / 30
			}
			if ratio := float64(got) / want; ratio < 0.7 || ratio > 1.2 {
				t.Errorf("%s, %s to %v: %.0f %% of the bitrate", name, c.what, rate, 100*ratio)
			}
		}
	}
}

// TestRecoverOutlivesADrop orders a recovery when the buffer is so low that the
// frame is dropped.
func TestRecoverOutlivesADrop(t *testing.T) {
	for _, name := range names {
		s := newSource(t, name, config(640, 360, 1500*media.Kbps))
		var mark media.EncodedFrame
		for n := range 20 {
			f := s.next(640, 360, media.EncodeOrder{MarkLongTerm: n == 9})
			if n == 9 {
				mark = f
			}
		}
		// A rate so low that frames are dropped, and now and then the recovery is one.
		const starved = 10 * media.Kbps
		dropped := 0
		for tries := 0; dropped == 0 && tries < 50; tries++ {
			for len(s.next(640, 360, media.EncodeOrder{Bitrate: starved}).Data) > 0 {
				if s.n > 2000 {
					t.Fatalf("%s: no frame is dropped at %v", name, starved)
				}
			}
			f := s.next(640, 360, media.EncodeOrder{Recover: true, Confirmed: []uint16{mark.ID}})
			for ; len(f.Data) == 0; f = s.next(640, 360, media.EncodeOrder{}) {
				dropped++
			}
			if f.Keyframe || (f.ID-uint16(f.Refs[0]))&media.FrameIDMask != mark.ID {
				t.Fatalf("%s: frame %d goes %d back, want the mark, %d", name, f.ID, f.Refs[0], mark.ID)
			}
		}
		if dropped == 0 {
			t.Errorf("%s: the recovery was not dropped, so this tested nothing", name)
		}
	}
}

func TestThreads(t *testing.T) {
	for _, name := range names {
		cfg := config(1280, 720, 1500*media.Kbps)
		cfg.Threads = 4
		s := newSource(t, name, cfg)
		for n := range 20 {
			f := s.next(1280, 720, media.EncodeOrder{MarkLongTerm: n == 5, Recover: n == 12})
			if p := mediatest.PSNR(s.picture, &s.decoded); p < 28 {
				t.Errorf("%s: frame %d of %d bytes: %.1f dB", name, f.ID, len(f.Data), p)
			}
		}
	}
}

func TestDecoderWantsAKeyframeAfterAnError(t *testing.T) {
	for _, name := range names {
		s := newSource(t, name, config(160, 96, 500*media.Kbps))
		s.next(160, 96, media.EncodeOrder{})
		// The header is sound, so the frame is admitted, but hardly anything follows.
		f := s.next(160, 96, media.EncodeOrder{Keyframe: true})
		_, err := s.dec.Decode(f.Data[:14], &s.decoded)
		if !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: half a keyframe: %v, want ErrCorrupt", name, err)
		}
		f, err = s.enc.Encode(s.picture, media.EncodeOrder{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.dec.Decode(f.Data, &s.decoded); !errors.Is(err, ErrNeedKeyframe) {
			t.Errorf("%s: inter frame after that: %v, want ErrNeedKeyframe", name, err)
		}
		for range 3 {
			s.next(160, 96, media.EncodeOrder{Keyframe: true}) // decodes, or fails the test
			s.next(160, 96, media.EncodeOrder{})
		}
	}
}

// TestVP9DecoderIgnoresWhatFollowsAFrame appends a frame that would not be admitted.
func TestVP9DecoderIgnoresWhatFollowsAFrame(t *testing.T) {
	s := newSource(t, "vp9", config(160, 96, 500*media.Kbps))
	f := s.next(160, 96, media.EncodeOrder{})
	want := new(media.Frame)
	want.CopyFrom(&s.decoded)
	if _, err := s.dec.Decode(append(bytes.Clone(f.Data), vp9Key(16384, 16384)...), &s.decoded); err != nil {
		t.Errorf("frame with a tail: %v", err)
	}
	if s.decoded.Width != 160 || mediatest.PSNR(want, &s.decoded) < 99 {
		t.Errorf("frame with a tail decodes to %dx%d", s.decoded.Width, s.decoded.Height)
	}
}

func TestNoAllocations(t *testing.T) {
	for _, name := range names {
		for layers := 1; layers <= 3; layers++ {
			cfg := config(320, 180, 500*media.Kbps)
			cfg.TemporalLayers = layers
			s := newSource(t, name, cfg)
			rate := cfg.Bitrate
			step := func() {
				rate += media.Kbps // so that the configuration is set anew each time
				s.next(320, 180, media.EncodeOrder{Bitrate: rate, MarkLongTerm: s.n%10 == 0})
			}
			for range 60 {
				step()
			}
			if n := testing.AllocsPerRun(100, step); n > 0 {
				t.Errorf("%s, %d layers: %v allocations a frame", name, layers, n)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range names {
		s := newSource(f, name, config(64, 48, 300*media.Kbps))
		for range 3 {
			f.Add(bytes.Clone(s.next(64, 48, media.EncodeOrder{}).Data))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, name := range names {
			s := newSource(t, name, config(64, 48, 300*media.Kbps))
			s.next(64, 48, media.EncodeOrder{})
			for range 2 {
				if shown, err := s.dec.Decode(data, &s.decoded); err == nil && shown && s.decoded.Width*s.decoded.Height > media.MaxPixels {
					t.Errorf("%s: picture of %dx%d", name, s.decoded.Width, s.decoded.Height)
				}
			}
			s.next(64, 48, media.EncodeOrder{Keyframe: true})
		}
	})
}
