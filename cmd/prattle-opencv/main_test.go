//go:build cgo && gocv_highgui && gocv_videoio

package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"gocv.io/x/gocv"

	"github.com/skulltech/prattle/media"
)

// This test binary is the companion that the tests start. They run on the main
// goroutine's thread only when they are it.
func TestMain(m *testing.M) {
	if os.Getenv("PRATTLE_TEST_IS_COMPANION") != "" {
		main()
	}
	goleak.VerifyTestMain(m)
}

func useCompanion(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PRATTLE_OPENCV", self)
	t.Setenv("PRATTLE_TEST_IS_COMPANION", "1")
}

// A video file through OpenCV, the companion and its pipe.
func TestCameraFromFile(t *testing.T) {
	useCompanion(t)
	path := filepath.Join(t.TempDir(), "clip.avi")
	video, err := gocv.VideoWriterFile(path, "MJPG", 50, 320, 240, true)
	if err != nil || !video.IsOpened() {
		t.Skipf("this OpenCV writes no video: %v", err)
	}
	const pictures = 25
	for i := range pictures {
		grey := float64(10 * i)
		m := gocv.NewMatWithSizeFromScalar(gocv.NewScalar(grey, grey, grey, 0), 240, 320, gocv.MatTypeCV8UC3)
		if err := video.Write(m); err != nil {
			t.Fatal(err)
		}
		m.Close()
	}
	video.Close()

	camera, err := media.OpenCamera("camera:"+path, media.PictureConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer camera.Close()
	var f media.Frame
	seen, brightest := 0, 0
	for err = camera.Capture(&f); err == nil; err = camera.Capture(&f) {
		if f.Width != 320 || f.Height != 240 {
			t.Fatalf("a picture of %dx%d", f.Width, f.Height)
		}
		if luma := int(f.Y[120*f.YStride+160]); luma < brightest {
			t.Errorf("picture %d has luma %d, one before had %d", f.N, luma, brightest)
		} else {
			brightest = luma
		}
		seen++
	}
	if err != io.EOF {
		t.Errorf("Capture: %v, want EOF", err)
	}
	if seen < pictures/2 || brightest < 200 {
		t.Errorf("%d of %d pictures were seen, the brightest with luma %d", seen, pictures, brightest)
	}
}

func TestCameraThatDoesNotExist(t *testing.T) {
	useCompanion(t)
	path := filepath.Join(t.TempDir(), "absent.avi")
	_, err := media.OpenCamera("camera:"+path, media.PictureConfig{Width: 640, Height: 480})
	if !errors.Is(err, media.ErrNoDevice) || !strings.HasSuffix(err.Error(), "no such device: "+path+" cannot be opened as a video") {
		t.Errorf("%v", err)
	}
}

func TestArguments(t *testing.T) {
	for _, c := range []struct{ args, says string }{
		{"", "started by prattle"},
		{"camera -bad", "-bad"},
		{"camera -version 0 0", "another version"},
		{"camera -version 1 -size x 0", "size"},
		{"screen -version 1 0", `"screen"`},
	} {
		if err := run(strings.Fields(c.args)); !errors.Is(err, media.ErrBadSpec) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v, want that it says %s", c.args, err, c.says)
		}
	}
}
