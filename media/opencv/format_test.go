//go:build cgo && gocv_highgui && gocv_videoio

package opencv

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"testing"
	"time"

	"gocv.io/x/gocv"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/yuv"
)

// Each format of the same plain red, 4 by 2 pixels.
func TestConvert(t *testing.T) {
	const y, u, v = 81, 90, 240
	for _, c := range []struct {
		name       string
		format     format
		kind       gocv.MatType
		rows, cols int
		pixels     []byte
	}{
		{"BGR", formatUnknown, gocv.MatTypeCV8UC3, 2, 4, bytes.Repeat([]byte{0, 0, 254}, 8)},
		{"YUY2", formatYUY2, gocv.MatTypeCV8UC2, 2, 4, bytes.Repeat([]byte{y, u, y, v}, 4)},
		{"I420", formatI420, gocv.MatTypeCV8UC1, 3, 4, []byte{y, y, y, y, y, y, y, y, u, u, v, v}},
		{"I420 by default", formatUnknown, gocv.MatTypeCV8UC1, 3, 4, []byte{y, y, y, y, y, y, y, y, u, u, v, v}},
		{"NV12", formatNV12, gocv.MatTypeCV8UC1, 3, 4, []byte{y, y, y, y, y, y, y, y, u, v, u, v}},
	} {
		m, err := gocv.NewMatFromBytes(c.rows, c.cols, c.kind, c.pixels)
		if err != nil {
			t.Fatal(err)
		}
		var f media.Frame
		if err := c.format.convert(&f, &m); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		checkRed(t, c.name, &f, 4, 2)
		m.Close()
	}
}

func checkRed(t *testing.T, name string, f *media.Frame, w, h int) {
	t.Helper()
	if f.Width != w || f.Height != h {
		t.Errorf("%s: %dx%d, want %dx%d", name, f.Width, f.Height, w, h)
		return
	}
	near := func(plane []byte, want int) bool {
		for _, v := range plane {
			if int(v)-want > 3 || want-int(v) > 3 {
				return false
			}
		}
		return true
	}
	if !near(f.Y, 81) || !near(f.U, 90) || !near(f.V, 240) {
		t.Errorf("%s: Y %v U %v V %v, want red", name, f.Y[:4], f.U[:2], f.V[:2])
	}
}

func TestConvertJPEG(t *testing.T) {
	picture := image.NewRGBA(image.Rect(0, 0, 32, 16))
	draw.Draw(picture, picture.Rect, image.NewUniform(color.RGBA{254, 0, 0, 255}), image.Point{}, draw.Src)
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, picture, nil); err != nil {
		t.Fatal(err)
	}
	// A driver's buffer is longer than the picture in it.
	padded := append(buf.Bytes(), make([]byte, 500)...)
	for name, pixels := range map[string][]byte{"exact": buf.Bytes(), "padded": padded} {
		m, err := gocv.NewMatFromBytes(1, len(pixels), gocv.MatTypeCV8UC1, pixels)
		if err != nil {
			t.Fatal(err)
		}
		var f media.Frame
		if err := formatMJPG.convert(&f, &m); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		checkRed(t, name, &f, 32, 16)
		m.Close()
	}
}

func TestConvertRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		kind       gocv.MatType
		rows, cols int
		want       error
	}{
		"floats":     {gocv.MatTypeCV32FC1, 2, 2, errFormat},
		"rows":       {gocv.MatTypeCV8UC1, 4, 4, errFormat},
		"odd":        {gocv.MatTypeCV8UC1, 3, 3, errFormat},
		"alpha":      {gocv.MatTypeCV8UC4, 2, 2, errFormat},
		"odd height": {gocv.MatTypeCV8UC1, 9, 4, nil}, // 6 rows: fine
	} {
		m := gocv.NewMatWithSize(c.rows, c.cols, c.kind)
		if err := formatUnknown.convert(new(media.Frame), &m); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		m.Close()
	}
	m := gocv.NewMatWithSize(1, 40, gocv.MatTypeCV8UC1)
	defer m.Close()
	if err := formatMJPG.convert(new(media.Frame), &m); err == nil {
		t.Error("zeros were decoded as JPEG")
	}
}

func TestFormatOf(t *testing.T) {
	for code, want := range map[string]format{
		"MJPG": formatMJPG, "YUYV": formatYUY2, "NV12": formatNV12, "YU12": formatI420, "GREY": formatUnknown, "": formatUnknown,
	} {
		if got := formatOf(code); got != want {
			t.Errorf("%q: %v, want %v", code, got, want)
		}
	}
}

func TestInterval(t *testing.T) {
	for fps, want := range map[float64]time.Duration{25: 40 * time.Millisecond, 50: 20 * time.Millisecond, 0: time.Second / 30, -1: time.Second / 30, 1e9: time.Second / 30} {
		if got := interval(fps); got.Round(time.Microsecond) != want.Round(time.Microsecond) {
			t.Errorf("%v pictures a second: %v, want %v", fps, got, want)
		}
	}
}

// The window's share of showing a picture of a call of two, but for painting.
func BenchmarkDrawScene(b *testing.B) {
	r := media.SceneRenderer{ToBGR: yuv.ToBGR}
	c := media.NewCanvas(1280, 720)
	s := &media.Scene{
		Tiles:  []media.Tile{{Frame: media.NewFrame(1280, 720), Name: "Ana Lovelace", Quality: media.QualityGood}},
		Self:   media.NewFrame(268, 151),
		Status: "Ana Lovelace · 12:04",
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Draw(c, s, time.Time{}); err != nil {
			b.Fatal(err)
		}
	}
}
