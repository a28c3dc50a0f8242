package media

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"
)

func TestJPEGRefusesWhatItDoesNotMake(t *testing.T) {
	encoded := func(m image.Image) []byte {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, m, nil); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	good := encoded(image.NewYCbCr(image.Rect(0, 0, 32, 32), image.YCbCrSubsampleRatio420))
	sof := bytes.Index(good, []byte{0xff, 0xc0})
	patched := func(offset int, b ...byte) []byte {
		bad := bytes.Clone(good)
		copy(bad[sof+offset:], b)
		return bad
	}
	tests := map[string][]byte{
		"grey":        encoded(image.NewGray(image.Rect(0, 0, 32, 32))),
		"progressive": patched(1, 0xc2),
		"too large":   patched(5, 0xff, 0xff, 0xff, 0xff),
		"no height":   patched(5, 0, 0),
		"4:4:4":       patched(11, 0x11),
		"fill byte":   append(bytes.Clone(good[:sof]), append([]byte{0xff}, patched(1, 0xc2)[sof:]...)...),
		"restart":     append(bytes.Clone(good[:sof]), append([]byte{0xff, 0xd0}, patched(1, 0xc2)[sof:]...)...),
		"extended":    patched(1, 0xc1),
		"cut off":     good[:len(good)-20],
		"nothing":     nil,
	}
	var d jpegDecoder
	for name, data := range tests {
		if _, err := d.Decode(data, new(Frame)); err == nil {
			t.Errorf("%s: was decoded", name)
		}
	}
	var f Frame
	if shown, err := d.Decode(good, &f); err != nil || !shown || f.Width != 32 || f.Height != 32 {
		t.Errorf("the good one: %dx%d, %v (%v)", f.Width, f.Height, shown, err)
	}
}

func TestJPEGQuality(t *testing.T) {
	for q := 1; q <= 95; q++ {
		if got := jpegQuality(jpegScale(q) * 0.9999); got != q {
			t.Errorf("quality %d scales by %.3f, which is quality %d", q, jpegScale(q), got)
		}
	}
}

func FuzzJPEGDecoder(f *testing.F) {
	enc, err := newJPEGEncoder(VideoEncoderConfig{Width: 32, Height: 18, FPS: 30, Bitrate: Mbps})
	if err != nil {
		f.Fatal(err)
	}
	good, err := enc.Encode(noisy(32, 18, 1), EncodeOrder{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good.Data)
	f.Add(good.Data[:len(good.Data)/2])
	f.Fuzz(func(t *testing.T, data []byte) {
		var frame Frame
		shown, err := new(jpegDecoder).Decode(data, &frame)
		if err != nil || !shown {
			return
		}
		if err := checkPicture(&frame); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkJPEG(b *testing.B) {
	enc, err := newJPEGEncoder(VideoEncoderConfig{Width: 1280, Height: 720, FPS: 30, Bitrate: 20 * Mbps})
	if err != nil {
		b.Fatal(err)
	}
	var f Frame
	newTestCard(1280, 720, 30, 0).draw(&f, 1, stampTime)
	var encoded EncodedFrame
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			encoded, _ = enc.Encode(&f, EncodeOrder{Keyframe: true})
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			new(jpegDecoder).Decode(encoded.Data, &f)
		}
	})
}
