package peer

import (
	"image"
	"log/slog"
	"testing"

	"github.com/skulltech/prattle/media"
)

// watched is a decoder of a link's pictures, and an encoder at the other end.
type watched struct {
	linkDecoder
	enc  media.VideoEncoder
	sent uint64
}

func newWatched(t *testing.T) *watched {
	t.Helper()
	c, err := media.VideoCodecByName("vp9")
	if err != nil {
		t.Fatal(err)
	}
	enc, err := c.NewEncoder(media.VideoEncoderConfig{Bitrate: media.Mbps, FPS: 30})
	if err != nil {
		t.Fatal(err)
	}
	l := &Link{spares: make(chan *media.Frame, 2)}
	p := &pipeline{room: &Room{cfg: Config{Log: slog.New(slog.DiscardHandler)}}, wake: make(chan struct{}, 1)}
	return &watched{linkDecoder: linkDecoder{l: l, p: p, picture: new(media.Frame)}, enc: enc}
}

// next sends a picture, and returns what is to be shown of it.
func (w *watched) next(t *testing.T, keyframe bool) *media.Frame {
	t.Helper()
	f := media.NewFrame(1280, 720)
	f.N = w.sent
	w.sent++
	out, err := w.enc.Encode(f, media.EncodeOrder{Keyframe: keyframe})
	if err != nil {
		t.Fatal(err)
	}
	out.Codec = "vp9"
	w.handle(&out)
	shown, _ := w.l.picture.Take()
	return shown
}

// see sets how large the pictures are seen, and lets the other side know.
func (w *watched) see(size image.Point) {
	w.l.place.set(size, size)
	w.l.wished()
}

// While a picture is not seen none is decoded; afterwards a keyframe is asked for,
// once, and nothing is decoded that would need what was left out.
func TestHiddenPicturesAreNotDecoded(t *testing.T) {
	w := newWatched(t)
	if w.next(t, true) == nil || w.next(t, false) == nil {
		t.Fatal("pictures are not shown")
	}
	w.see(image.Point{})
	for range 10 {
		if w.next(t, false) != nil {
			t.Fatal("a hidden picture is decoded")
		}
	}
	if w.next(t, true) != nil {
		t.Fatal("a hidden keyframe is decoded")
	}
	if w.l.broken.Load() {
		t.Error("a keyframe is asked for while nobody sees it")
	}
	w.see(image.Pt(640, 360))
	for i := range 3 {
		if w.next(t, false) != nil {
			t.Fatal("a picture is shown without its reference")
		}
		if asked := w.l.broken.Swap(false); asked != (i == 0) {
			t.Errorf("frame %d after it is seen again: a keyframe is asked for: %v", i, asked)
		}
	}
	if w.next(t, true) == nil || w.next(t, false) == nil {
		t.Error("pictures are not shown again")
	}
	w.see(image.Point{})
	w.next(t, false)
	w.see(image.Pt(640, 360))
	if w.next(t, true) == nil || w.l.broken.Load() {
		t.Error("the sender began anew of itself, and is asked to")
	}
}

// Pictures are made as small as they are seen, if the other side knows how large that
// is, and say what they were.
func TestPicturesAreMadeToFit(t *testing.T) {
	w := newWatched(t)
	whole := image.Pt(1280, 720)
	w.l.place.set(image.Pt(320, 200), image.Pt(320, 200))
	if f := w.next(t, true); image.Pt(f.Width, f.Height) != whole || f.SourceSize() != whole {
		t.Errorf("%dx%d, before the other side was told", f.Width, f.Height)
	}
	w.see(image.Pt(320, 200))
	for range 5 {
		f := w.next(t, false)
		if f.Width != 320 || f.Height != 180 || f.SourceSize() != whole {
			t.Errorf("%dx%d of %v in a place of 320x200", f.Width, f.Height, f.SourceSize())
		}
		w.l.release(f)
	}
	w.see(image.Pt(2000, 1000))
	for range 5 {
		f := w.next(t, false)
		if image.Pt(f.Width, f.Height) != whole || f.SourceSize() != whole {
			t.Errorf("%dx%d of %v in a larger place", f.Width, f.Height, f.SourceSize())
		}
		w.l.release(f)
	}
}
