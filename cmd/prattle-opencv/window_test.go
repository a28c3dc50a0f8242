//go:build cgo && gocv_highgui && gocv_videoio

package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/mediatest"
)

// The tests of the window want a display, on which they press keys, and the
// programs xdotool and import (of ImageMagick): under Xvfb, not on one's desktop.
func needDisplay(t *testing.T) {
	t.Helper()
	if os.Getenv("PRATTLE_TEST_DEVICES") == "" || os.Getenv("DISPLAY") == "" {
		t.Skip("set PRATTLE_TEST_DEVICES=1 and DISPLAY (of an Xvfb) to test the window")
	}
	for _, program := range []string{"xdotool", "import"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
	useCompanion(t)
}

// testWindow is an open window and its number on the X server.
type testWindow struct {
	media.View
	id string
}

const testWidth, testHeight = 640, 360

func openTestWindow(t *testing.T) testWindow {
	t.Helper()
	needDisplay(t)
	title := fmt.Sprintf("Prattle — test %d", time.Now().UnixNano())
	v, err := media.OpenView("window", media.PictureConfig{Width: testWidth, Height: testHeight, Title: title})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	out, err := exec.Command("xdotool", "search", "--sync", "--onlyvisible", "--name", title).Output()
	if err != nil {
		t.Fatalf("no window is called %q: %v", title, err)
	}
	return testWindow{v, strings.Fields(string(out))[0]}
}

func (w testWindow) xdotool(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("xdotool", args...).CombinedOutput(); err != nil {
		t.Fatalf("xdotool %v: %v: %s", args, err, out)
	}
}

// picture is what the window shows.
func (w testWindow) picture(t *testing.T) image.Image {
	t.Helper()
	out, err := exec.Command("import", "-window", w.id, "png:-").Output()
	if err != nil {
		t.Fatalf("import: %v", err)
	}
	img, err := png.Decode(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// eventually repeats check until it says nothing, for as long as a busy machine
// may need.
func eventually(t *testing.T, check func() string) {
	t.Helper()
	var wrong string
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if wrong = check(); wrong == "" {
			return
		}
	}
	t.Error(wrong)
}

var (
	green = color.RGBA{0, 255, 1, 255}
	white = color.RGBA{255, 255, 255, 255}
	black = color.RGBA{0, 0, 0, 255}
)

// testScene is somebody all green, and a person here who is black on their left
// side and white on the other.
func testScene() *media.Scene {
	remote, self := media.NewFrame(testWidth, testHeight), media.NewFrame(320, 180)
	remote.Fill(145, 54, 34)
	self.Fill(235, 128, 128)
	for y := range 180 {
		for x := range 160 {
			self.Y[y*320+x] = 16
		}
	}
	return &media.Scene{Tiles: []media.Tile{{Frame: remote}}, Self: self}
}

func at(img image.Image, x, y int) color.RGBA {
	return color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
}

// wrongPixel says which of the pixels of testScene in img is not as it should be.
func wrongPixel(img image.Image, s *media.Scene) string {
	size := img.Bounds().Size()
	self := media.LayoutScene(s, size.X, size.Y).Self
	for _, p := range []struct {
		what string
		x, y int
		want color.RGBA
	}{
		{"middle", size.X / 2, size.Y / 2, green},
		{"upper left", size.X / 2, 2, green},
		{"own left", self.Min.X + self.Dx()/4, self.Min.Y + self.Dy()/2, white},
		{"own right", self.Max.X - self.Dx()/4, self.Min.Y + self.Dy()/2, black},
	} {
		if got := at(img, p.x, p.y); distance(got, p.want) > 6 {
			return fmt.Sprintf("in a window of %v the %s is %v, want %v", size, p.what, got, p.want)
		}
	}
	return ""
}

func distance(a, b color.RGBA) int {
	d := func(a, b byte) int { return max(int(a)-int(b), int(b)-int(a)) }
	return max(d(a.R, b.R), d(a.G, b.G), d(a.B, b.B))
}

func TestWindowShowsScene(t *testing.T) {
	w := openTestWindow(t)
	s := testScene()
	if err := w.Show(s); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() string { return wrongPixel(w.picture(t), s) })
}

// The scene follows the window's size without being shown again, each picture
// keeping its shape.
func TestWindowIsResized(t *testing.T) {
	w := openTestWindow(t)
	s := testScene()
	if err := w.Show(s); err != nil {
		t.Fatal(err)
	}
	const width, height = 900, 400
	w.xdotool(t, "windowsize", "--sync", w.id, strconv.Itoa(width), strconv.Itoa(height))
	eventually(t, func() string {
		img := w.picture(t)
		if size := img.Bounds().Size(); size != image.Pt(width, height) {
			return fmt.Sprintf("the window is %v large, want %dx%d", size, width, height)
		}
		if beside := at(img, 10, height/2); distance(beside, green) < 100 {
			return fmt.Sprintf("beside the picture is %v", beside)
		}
		return wrongPixel(img, s)
	})
}

func TestWindowHearsKeys(t *testing.T) {
	w := openTestWindow(t)
	w.xdotool(t, "windowfocus", "--sync", w.id)
	for _, k := range []struct {
		name string
		want rune
	}{{"q", 'q'}, {"m", 'm'}, {"question", '?'}, {"Escape", media.KeyEscape}, {"s", 's'}} {
		w.xdotool(t, "key", k.name)
		select {
		case e := <-w.Events():
			if e.Key != k.want {
				t.Errorf("key %s is reported as %+v", k.name, e)
			}
		case <-time.After(15 * time.Second):
			t.Fatalf("key %s is not reported", k.name)
		}
	}
}

func TestWindowClosedByItsFrame(t *testing.T) {
	w := openTestWindow(t)
	id, err := strconv.ParseUint(w.id, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	if err := deleteWindow(os.Getenv("DISPLAY"), uint32(id)); err != nil {
		t.Fatal(err)
	}
	select {
	case e := <-w.Events():
		if !e.Closed {
			t.Errorf("%+v, want Closed", e)
		}
	case <-time.After(15 * time.Second):
		t.Fatal("closing is not reported")
	}
	eventually(t, func() string {
		if w.Show(new(media.Scene)) == nil {
			return "a closed window shows scenes"
		}
		return ""
	})
}

func TestWindowConforms(t *testing.T) {
	needDisplay(t)
	mediatest.TestView(t, func(t *testing.T) media.View {
		v, err := media.OpenView("window", media.PictureConfig{Width: testWidth, Height: testHeight, Title: "Prattle"})
		if err != nil {
			t.Fatal(err)
		}
		return v
	})
}

// A display that is not there ends the toolkit's process, not this one.
func TestWindowWithoutServer(t *testing.T) {
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		t.Skip("windows need no server here")
	}
	useCompanion(t)
	t.Setenv("DISPLAY", ":9753")
	t.Setenv("WAYLAND_DISPLAY", "")
	t.Setenv("QT_QPA_PLATFORM", "")
	_, err := media.OpenView("window", media.PictureConfig{Width: 320, Height: 180})
	if !errors.Is(err, media.ErrNoDevice) {
		t.Errorf("%v, want %v", err, media.ErrNoDevice)
	}
}
