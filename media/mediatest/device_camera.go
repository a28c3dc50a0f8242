package mediatest

import (
	"io"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

// TestCamera checks that the endless camera that spec names keeps what
// media.Camera promises.
func TestCamera(t *testing.T, p Pace, spec string, cfg media.PictureConfig) {
	p.run(t, "pictures follow each other", func(t *testing.T) { testCapturing(t, spec, cfg) })
	p.run(t, "pictures are the caller's", func(t *testing.T) { testOwnPictures(t, spec, cfg) })
	p.run(t, "Close ends Capture", func(t *testing.T) { testCloseEndsCapture(t, spec, cfg) })
	p.run(t, "closed before it filmed", func(t *testing.T) { testCloseBeforeCapture(t, spec, cfg) })
	p.run(t, "opened again and again", func(t *testing.T) {
		for range 3 {
			c := openCamera(t, spec, cfg)
			capture(t, c, new(media.Frame))
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func openCamera(t *testing.T, spec string, cfg media.PictureConfig) media.Camera {
	t.Helper()
	c, err := media.OpenCamera(spec, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// capture takes a picture and checks that it is one.
func capture(t *testing.T, c media.Camera, f *media.Frame) {
	t.Helper()
	if err := c.Capture(f); err != nil {
		t.Fatalf("Capture: %v", err)
	}
	cw, ch := media.ChromaSize(f.Width, f.Height)
	switch {
	case f.Width <= 0 || f.Height <= 0:
		t.Fatalf("a picture of %dx%d", f.Width, f.Height)
	case f.YStride < f.Width || f.UVStride < cw:
		t.Fatalf("strides %d, %d in a picture %d wide", f.YStride, f.UVStride, f.Width)
	case len(f.Y) < (f.Height-1)*f.YStride+f.Width:
		t.Fatalf("%d bytes of luma in a picture of %dx%d", len(f.Y), f.Width, f.Height)
	case min(len(f.U), len(f.V)) < (ch-1)*f.UVStride+cw:
		t.Fatalf("%d, %d bytes of chroma in a picture of %dx%d", len(f.U), len(f.V), f.Width, f.Height)
	}
}

// testCapturing wants pictures of one size, numbered from 0 and upwards, each
// captured after the one before and not in the future.
func testCapturing(t *testing.T, spec string, cfg media.PictureConfig) {
	begin := time.Now()
	c := openCamera(t, spec, cfg)
	defer c.Close()
	var f, last media.Frame
	for i := range 20 {
		capture(t, c, &f)
		switch {
		case i == 0 && f.N != 0:
			t.Errorf("the first picture has number %d, want 0", f.N)
		case i == 0 && f.Captured.Before(begin):
			t.Errorf("the first picture was captured %v before the camera was opened", begin.Sub(f.Captured))
		case i > 0 && f.N <= last.N:
			t.Errorf("picture %d comes after picture %d", f.N, last.N)
		case i > 0 && !f.Captured.After(last.Captured):
			t.Errorf("picture %d was captured %v before the one before", f.N, last.Captured.Sub(f.Captured))
		case i > 0 && (f.Width != last.Width || f.Height != last.Height):
			t.Errorf("picture %d is %dx%d, want %dx%d", f.N, f.Width, f.Height, last.Width, last.Height)
		case i > 0 && &f.Y[0] != &last.Y[0]:
			t.Errorf("picture %d has new memory, though the last had enough", f.N)
		}
		if ahead := time.Until(f.Captured); ahead > 0 {
			t.Errorf("picture %d is captured in %v", f.N, ahead)
		}
		last = f
	}
}

// testOwnPictures wants a picture to stay what it is, wherever it was captured
// to, while others are captured.
func testOwnPictures(t *testing.T, spec string, cfg media.PictureConfig) {
	c := openCamera(t, spec, cfg)
	defer c.Close()
	var keep, copied, other media.Frame
	capture(t, c, &keep)
	copied.CopyFrom(&keep)
	large := media.NewFrame(keep.Width+100, keep.Height+100)
	capture(t, c, large)
	if large.Width != keep.Width || large.Height != keep.Height {
		t.Errorf("a frame of another size became %dx%d, want %dx%d", large.Width, large.Height, keep.Width, keep.Height)
	}
	for range 5 {
		capture(t, c, &other)
	}
	if !sameAs(&keep, &copied) || keep.N != copied.N {
		t.Error("a captured picture changed while others were captured")
	}
}

func testCloseEndsCapture(t *testing.T, spec string, cfg media.PictureConfig) {
	c := openCamera(t, spec, cfg)
	ended := make(chan error)
	go func() {
		var f media.Frame
		for {
			if err := c.Capture(&f); err != nil {
				ended <- err
				return
			}
		}
	}()
	time.Sleep(20 * time.Millisecond) // so that Capture waits; either order is right
	if err := c.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-ended; err != io.EOF {
		t.Errorf("the waiting Capture: %v, want EOF", err)
	}
	if err := c.Capture(new(media.Frame)); err != io.EOF {
		t.Errorf("Capture after Close: %v, want EOF", err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func testCloseBeforeCapture(t *testing.T, spec string, cfg media.PictureConfig) {
	c := openCamera(t, spec, cfg)
	if err := c.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := c.Capture(new(media.Frame)); err != io.EOF {
		t.Errorf("Capture after Close: %v, want EOF", err)
	}
}
