//go:build cgo && gocv_highgui && gocv_videoio

package opencv

import (
	"errors"
	"io"
	"path/filepath"
	"testing"

	"gocv.io/x/gocv"

	"github.com/skulltech/prattle/media"
)

// writeVideo makes a video file of n pictures, each brighter than the one before.
func writeVideo(t *testing.T, n int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "clip.avi")
	w, err := gocv.VideoWriterFile(path, "MJPG", 50, 64, 48, true)
	if err != nil || !w.IsOpened() {
		t.Skipf("this OpenCV writes no video: %v", err)
	}
	defer w.Close()
	for i := range n {
		grey := float64(20 * (i + 1))
		m := gocv.NewMatWithSizeFromScalar(gocv.NewScalar(grey, grey, grey, 0), 48, 64, gocv.MatTypeCV8UC3)
		if err := w.Write(m); err != nil {
			t.Fatal(err)
		}
		m.Close()
	}
	return path
}

func TestCameraReadsFile(t *testing.T) {
	c, err := OpenCamera(writeVideo(t, 5), media.PictureConfig{})
	if err != nil {
		t.Fatal(err)
	}
	var f media.Frame
	for i := range 5 {
		if err := c.Capture(&f); err != nil {
			t.Fatal(err)
		}
		want := 16 + 20*(i+1)*219/255
		if f.Width != 64 || f.Height != 48 || f.N != uint64(i) || int(f.Y[0])-want > 6 || want-int(f.Y[0]) > 6 {
			t.Errorf("picture %d is %dx%d, number %d, luma %d, want luma %d", i, f.Width, f.Height, f.N, f.Y[0], want)
		}
	}
	if err := c.Capture(&f); err != io.EOF {
		t.Errorf("after the last: %v, want EOF", err)
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := c.Capture(&f); err != io.EOF {
		t.Errorf("after Close: %v, want EOF", err)
	}
}

func TestOpenCameraErrors(t *testing.T) {
	for _, arg := range []string{filepath.Join(t.TempDir(), "absent.avi"), "/dev/video97", "98", "nonsense ! appsink"} {
		if _, err := OpenCamera(arg, media.PictureConfig{Width: 640, Height: 480}); !errors.Is(err, media.ErrNoDevice) {
			t.Errorf("%s: %v, want %v", arg, err, media.ErrNoDevice)
		}
	}
}

func TestDeviceOf(t *testing.T) {
	for arg, want := range map[string]string{"0": "/dev/video0", "12": "/dev/video12", "/dev/video3": "/dev/video3"} {
		if got, is := deviceOf(arg); got != want || !is {
			t.Errorf("%q: %q, %v, want the device %q", arg, got, is, want)
		}
	}
	for _, arg := range []string{"clip.avi", "-1", "rtsp://host/", "a ! appsink"} {
		if _, is := deviceOf(arg); is {
			t.Errorf("%q is a device", arg)
		}
	}
}
