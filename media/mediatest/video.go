// Package mediatest tests codecs and devices against what package media promises
// of them, and makes the pictures and sounds to do it with.
package mediatest

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

// TestVideoCodec checks that codec keeps the promises of media.VideoEncoder and
// media.VideoDecoder. What a codec need not have (inter frames, long-term
// references, layers, dropping) is checked as far as it shows in its frames.
func TestVideoCodec(t *testing.T, codec media.VideoCodec) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, media.VideoCodec)
	}{
		{"Keyframes", testKeyframes},
		{"Quality", testQuality},
		{"Sizes", testSizes},
		{"OddSizes", testOddSizes},
		{"Bitrate", testBitrate},
		{"Starved", testStarved},
		{"TemporalLayers", testTemporalLayers},
		{"Loss", testLoss},
		{"Recover", testRecover},
		{"RecoverUnconfirmed", testRecoverUnconfirmed},
		{"RecoverTooLate", testRecoverTooLate},
		{"RecoverAtOtherSize", testRecoverAtOtherSize},
		{"Garbage", testGarbage},
		{"BadFrames", testBadFrames},
		{"BadConfigs", testBadConfigs},
		{"Close", testClose},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, codec) })
	}
}

// fine is the PSNR, in dB, above which a decoded picture is the one that was
// encoded: a wrong reference costs far more than coding it well does.
const fine = 30

func testKeyframes(t *testing.T, codec media.VideoCodec) {
	s, r := newSender(t, codec, videoConfig(320, 180)), newReceiver(t, codec)
	for n := range 12 {
		order := media.EncodeOrder{Keyframe: n == 6 || n == 7}
		f := s.next(order)
		if (n == 0 || order.Keyframe) && !f.Keyframe {
			t.Errorf("picture %d is no keyframe", n)
		}
		if f.Codec != codec.Name {
			t.Errorf("picture %d: codec %q, want %q", n, f.Codec, codec.Name)
		}
		if f.Width != 320 || f.Height != 180 {
			t.Errorf("picture %d: %dx%d, want 320x180", n, f.Width, f.Height)
		}
		r.takeFine(s, f)
	}
	// A decoder that joins at a keyframe needs nothing from before it.
	late := newReceiver(t, codec)
	late.takeFine(s, s.next(media.EncodeOrder{Keyframe: true}))
	late.takeFine(s, s.next(media.EncodeOrder{}))
}

func testQuality(t *testing.T, codec media.VideoCodec) {
	cfg := videoConfig(640, 360)
	cfg.Bitrate = 3 * media.Mbps
	s, r := newSender(t, codec, cfg), newReceiver(t, codec)
	for n := range 45 {
		r.take(s.next(media.EncodeOrder{}))
		want := 28.0
		if n > 30 {
			want = 33
		}
		if p := PSNR(&r.picture, s.picture); p < want {
			t.Errorf("picture %d: %.1f dB, want at least %.0f", n, p, want)
		}
	}
}

func testSizes(t *testing.T, codec media.VideoCodec) {
	s, r := newSender(t, codec, videoConfig(320, 180)), newReceiver(t, codec)
	for _, size := range [][2]int{{320, 180}, {640, 360}, {320, 180}, {160, 96}, {480, 270}, {64, 64}, {640, 360}, {360, 640}, {16, 16}, {640, 480}} {
		s.picture = media.NewFrame(size[0], size[1])
		for range 4 {
			f := s.next(media.EncodeOrder{})
			if f.Width != size[0] || f.Height != size[1] {
				t.Fatalf("%v: frame says %dx%d", size, f.Width, f.Height)
			}
			r.takeFine(s, f)
		}
	}
}

func testOddSizes(t *testing.T, codec media.VideoCodec) {
	for _, size := range [][2]int{{321, 181}, {319, 180}, {320, 179}, {17, 33}, {1, 1}, {2, 1}, {322, 182}} {
		s, r := newSender(t, codec, videoConfig(size[0], size[1])), newReceiver(t, codec)
		for range 4 {
			f := s.next(media.EncodeOrder{})
			if f.Width != size[0] || f.Height != size[1] {
				t.Fatalf("%v: frame says %dx%d", size, f.Width, f.Height)
			}
			r.takeFine(s, f)
		}
		// Rows further apart than the picture is wide, as in a part of a larger one.
		large := media.NewFrame(size[0]+6, size[1]+2)
		Scene(3, large)
		part := *large
		part.Width, part.Height = size[0], size[1]
		f, err := s.enc.Encode(&part, media.EncodeOrder{Keyframe: true})
		if err != nil {
			t.Fatalf("%v: part of a larger picture: %v", size, err)
		}
		r.take(f)
		if p := PSNR(&r.picture, &part); p < 25 {
			t.Errorf("%v: part of a larger picture: %.1f dB", size, p)
		}
	}
}

func testBitrate(t *testing.T, codec media.VideoCodec) {
	cfg := videoConfig(320, 180)
	s := newSender(t, codec, cfg)
	for i, c := range []struct {
		bitrate media.Bitrate
		fps     int
	}{{1500 * media.Kbps, 30}, {900 * media.Kbps, 30}, {1800 * media.Kbps, 30}, {900 * media.Kbps, 15}, {900 * media.Kbps, 24}} {
		order := media.EncodeOrder{Bitrate: c.bitrate, FPS: c.fps}
		bytes := 0
		for n := range 5 * c.fps / 2 {
			size := len(s.next(order).Data)
			if n >= c.fps/2 {
				bytes += size
			}
			order = media.EncodeOrder{}
		}
		want := c.bitrate.Bytes(2 * time.Second)
		if bytes < want*3/4 || bytes > want*5/4 {
			t.Errorf("step %d, %v at %d pictures a second: %d bytes in 2 s, want %d ± 25 %%", i, c.bitrate, c.fps, bytes, want)
		}
	}
}

// testStarved gives far too little for the picture. The codec may drop frames
// or exceed the rate, but what it gives must be sound, and an order to recover
// must not be lost with a dropped frame.
func testStarved(t *testing.T, codec media.VideoCodec) {
	cfg := videoConfig(640, 360)
	cfg.Bitrate = 20 * media.Kbps
	s, r := newSender(t, codec, cfg), newReceiver(t, codec)
	first := s.next(media.EncodeOrder{MarkLongTerm: true})
	r.take(first)
	for n := 1; n < 90; n++ {
		order := media.EncodeOrder{}
		lost := n >= 30 && n < 40
		if n == 40 {
			order = media.EncodeOrder{Recover: true, Confirmed: []uint16{first.ID}}
		}
		f := s.next(order)
		if len(f.Data) == 0 || lost {
			continue
		}
		if n >= 40 && !r.decodable(f) {
			t.Fatalf("picture %d cannot be decoded though the encoder was told to recover", n)
		}
		r.take(f)
	}
}

func testGarbage(t *testing.T, codec media.VideoCodec) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	s, r := newSender(t, codec, videoConfig(160, 96)), newReceiver(t, codec)
	var scratch media.Frame
	for round := range 60 {
		f := s.next(media.EncodeOrder{Keyframe: round%4 == 0})
		bad := bytes.Clone(f.Data)
		switch round % 5 {
		case 0:
			bad = bad[:rng.IntN(len(bad))]
		case 1:
			for range 1 + rng.IntN(20) {
				bad[rng.IntN(len(bad))] ^= byte(1 << rng.IntN(8))
			}
		case 2:
			for i := range bad {
				bad[i] = byte(rng.Uint32())
			}
		case 3:
			bad = append(bad, bad...)
		case 4:
			bad = nil
		}
		// Whatever comes of it, it returns and stays within bounds.
		if shown, err := r.dec.Decode(bad, &scratch); err == nil && shown && scratch.Width*scratch.Height > media.MaxPixels {
			t.Errorf("seed %d, round %d: picture of %dx%d accepted", seed, round, scratch.Width, scratch.Height)
		}
	}
	f := s.next(media.EncodeOrder{Keyframe: true})
	for range 5 {
		r.takeFine(s, f)
		f = s.next(media.EncodeOrder{})
	}
	if t.Failed() {
		t.Logf("seed %d", seed)
	}
}

func testBadFrames(t *testing.T, codec media.VideoCodec) {
	s, r := newSender(t, codec, videoConfig(64, 48)), newReceiver(t, codec)
	r.takeFine(s, s.next(media.EncodeOrder{}))
	good := media.NewFrame(64, 48)
	short := *good
	short.V = short.V[:len(short.V)-1]
	narrow := *good
	narrow.YStride = 63
	for name, f := range map[string]*media.Frame{
		"empty":        new(media.Frame),
		"negative":     {Width: -2, Height: -2},
		"short plane":  &short,
		"short stride": &narrow,
		"huge":         {Width: 1 << 20, Height: 1 << 20},
	} {
		if _, err := s.enc.Encode(f, media.EncodeOrder{}); err == nil {
			t.Errorf("%s frame was encoded", name)
		}
	}
	r.takeFine(s, s.next(media.EncodeOrder{}))
}

func testBadConfigs(t *testing.T, codec media.VideoCodec) {
	for name, spoil := range map[string]func(*media.VideoEncoderConfig){
		"no size":       func(c *media.VideoEncoderConfig) { c.Width, c.Height = 0, 0 },
		"negative size": func(c *media.VideoEncoderConfig) { c.Width = -16 },
		"huge size":     func(c *media.VideoEncoderConfig) { c.Width, c.Height = 1<<20, 1<<20 },
	} {
		cfg := videoConfig(64, 48)
		spoil(&cfg)
		if enc, err := codec.NewEncoder(cfg); err == nil {
			t.Errorf("%s: got an encoder", name)
			enc.Close()
		}
	}
}

func testClose(t *testing.T, codec media.VideoCodec) {
	s, r := newSender(t, codec, videoConfig(64, 48)), newReceiver(t, codec)
	f := s.next(media.EncodeOrder{})
	for range 2 {
		if err := s.enc.Close(); err != nil {
			t.Errorf("close the encoder: %v", err)
		}
		if err := r.dec.Close(); err != nil {
			t.Errorf("close the decoder: %v", err)
		}
	}
	if _, err := s.enc.Encode(s.picture, media.EncodeOrder{}); err == nil {
		t.Error("a closed encoder encodes")
	}
	if _, err := r.dec.Decode(f.Data, new(media.Frame)); err == nil {
		t.Error("a closed decoder decodes")
	}
}

// videoConfig is a usual one for a small picture.
func videoConfig(w, h int) media.VideoEncoderConfig {
	return media.VideoEncoderConfig{Width: w, Height: h, FPS: 30, Bitrate: 1500 * media.Kbps, TemporalLayers: 1}
}

// sameAs says whether two pictures are equal to the bit.
func sameAs(a, b *media.Frame) bool { return math.IsInf(PSNR(a, b), 1) }
