package media

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"
	"testing"
	"time"
)

var sceneTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// The three colours of the tests, as pictures and as they are shown.
var (
	whiteYUV = [3]byte{235, 128, 128}
	blackYUV = [3]byte{16, 128, 128}
	greenYUV = [3]byte{145, 54, 34}
)

func plainFrame(w, h int, yuv [3]byte) *Frame {
	f := NewFrame(w, h)
	f.Fill(yuv[0], yuv[1], yuv[2])
	return f
}

// renderScene draws s in a window of w by h pixels.
func renderScene(t testing.TB, s *Scene, w, h int) *Canvas {
	t.Helper()
	c := NewCanvas(w, h)
	var r SceneRenderer
	if err := r.Draw(c, s, sceneTime); err != nil {
		t.Fatal(err)
	}
	return c
}

func at(c *Canvas, x, y int) color.RGBA { return c.At(x, y).(color.RGBA) }

// changed is the smallest rectangle around all pixels in which a and b differ.
func changed(a, b *Canvas) image.Rectangle {
	var r image.Rectangle
	for y := range a.Height {
		if bytes.Equal(a.row(y, 0, a.Width), b.row(y, 0, b.Width)) {
			continue
		}
		for x := range a.Width {
			if at(a, x, y) != at(b, x, y) {
				r = r.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return r
}

func TestPictureKeepsItsAspect(t *testing.T) {
	c := renderScene(t, &Scene{Tiles: []Tile{{Frame: plainFrame(400, 300, greenYUV)}}}, 1280, 720)
	green := color.RGBA{0, 255, 1, 255}
	for _, p := range []struct {
		x, y int
		want color.RGBA
	}{
		{640, 360, green}, {161, 1, green}, {1118, 718, green},
		{158, 360, colourWindow}, {1121, 360, colourWindow}, {0, 0, colourWindow},
	} {
		if got := at(c, p.x, p.y); got != p.want {
			t.Errorf("at %d, %d: %v, want %v", p.x, p.y, got, p.want)
		}
	}
}

func TestOwnPictureIsMirrored(t *testing.T) {
	self := plainFrame(320, 180, whiteYUV)
	for y := range 180 { // black on its left side
		fill(self.Y[y*320:y*320+160], 16)
	}
	for name, s := range map[string]*Scene{
		"inset":   {Self: self, Tiles: []Tile{{Frame: plainFrame(320, 180, greenYUV)}}},
		"in grid": {Self: self, Tiles: make([]Tile, 3)},
		"alone":   {Self: self},
	} {
		r := LayoutScene(s, 640, 360).Self
		c := renderScene(t, s, 640, 360)
		left, right := at(c, r.Min.X+r.Dx()/4, r.Min.Y+r.Dy()/2), at(c, r.Max.X-r.Dx()/4, r.Min.Y+r.Dy()/2)
		if left.R < 250 || right.R > 5 {
			t.Errorf("%s: %v on the left, %v on the right, want white and black", name, left, right)
		}
	}
}

// What is written stays where it belongs: at no size does text leave its picture
// or touch the edge of the window.
func TestTextStaysInPlace(t *testing.T) {
	long := strings.Repeat("a long text without end ", 30)
	picture := plainFrame(160, 90, greenYUV)
	bare := func() *Scene {
		return &Scene{Tiles: []Tile{{Frame: picture}, {Frame: picture}}}
	}
	for _, size := range []image.Point{{1280, 720}, {640, 480}, {1000, 400}, {500, 900}, {320, 240}, {200, 100}} {
		layout := LayoutScene(bare(), size.X, size.Y)
		before := renderScene(t, bare(), size.X, size.Y)
		window := image.Rectangle{Max: size}.Inset(3)
		for _, c := range []struct {
			name  string
			write func(s *Scene)
			place image.Rectangle
		}{
			{"name", func(s *Scene) {
				s.Tiles[1] = Tile{Frame: picture, Name: long, Muted: true, CameraOff: false, Quality: QualityBad}
			}, layout.Tiles[1]},
			{"notice", func(s *Scene) { s.Tiles[0].Notice = long }, layout.Tiles[0]},
			{"absent", func(s *Scene) { s.Tiles[0] = Tile{Notice: long} }, layout.Tiles[0]},
			{"chat", func(s *Scene) { s.Chat = []string{long, long, long, long, long, long, long} }, window},
			{"stats", func(s *Scene) { s.Stats = []string{long, "a  b  " + long, "c\td", "", "  "} }, window},
			{"many stats", func(s *Scene) { s.Stats = strings.Split(strings.Repeat("a  b\n", 200), "\n") }, window},
			{"help", func(s *Scene) { s.Help = true }, image.Rectangle{Max: size}},
			{"keys of a room", func(s *Scene) { s.Help, s.Keys = true, KeysRoom }, image.Rectangle{Max: size}},
			{"marks", func(s *Scene) {
				t := &s.Tiles[1]
				t.Speaking, t.Hand, t.Silenced, t.Name = true, true, true, long
			}, layout.Tiles[1]},
		} {
			s := bare()
			c.write(s)
			r := changed(before, renderScene(t, s, size.X, size.Y))
			if !r.In(c.place) {
				t.Errorf("%s in a window of %v covers %v, outside of %v", c.name, size, r, c.place)
			}
			if r.Empty() && size.X > 300 {
				t.Errorf("%s in a window of %v is not seen", c.name, size)
			}
		}
	}
}

// Text is read on whatever picture it comes to stand: at least the contrast that
// WCAG 2 asks of small text lies between it and its plate.
func TestTextIsLegible(t *testing.T) {
	for name, yuv := range map[string][3]byte{"white": whiteYUV, "black": blackYUV, "green": greenYUV} {
		c := renderScene(t, &Scene{Tiles: []Tile{{Frame: plainFrame(1280, 720, yuv)}}, Status: "llllllllllll"}, 1280, 720)
		lightest, darkest := 0.0, 1.0
		y := scaled(15, insetMargin) + 15
		for x := 40; x < 60; x++ { // on the plate, through the letters
			l := luminance(at(c, x, y))
			lightest, darkest = max(lightest, l), min(darkest, l)
		}
		if contrast := (lightest + 0.05) / (darkest + 0.05); contrast < 4.5 {
			t.Errorf("on %s: contrast %.1f, want 4.5 at least", name, contrast)
		}
	}
}

// luminance is the relative luminance of WCAG 2, 0 to 1.
func luminance(c color.RGBA) float64 {
	linear := func(v byte) float64 {
		f := float64(v) / 255
		if f <= 0.04045 {
			return f / 12.92
		}
		return math.Pow((f+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

func TestMarksAreShown(t *testing.T) {
	picture := plainFrame(320, 180, greenYUV)
	plain := func() *Scene { return &Scene{Tiles: []Tile{{Frame: picture, Name: "ana"}}, Self: picture} }
	before := renderScene(t, plain(), 640, 360)
	for name, mark := range map[string]func(*Scene){
		"muted":          func(s *Scene) { s.Tiles[0].Muted = true },
		"camera off":     func(s *Scene) { s.Tiles[0].CameraOff = true },
		"quality":        func(s *Scene) { s.Tiles[0].Quality = QualityBad },
		"self muted":     func(s *Scene) { s.SelfMuted = true },
		"own camera off": func(s *Scene) { s.SelfCameraOff = true },
		"notice":         func(s *Scene) { s.Tiles[0].Notice = "reconnecting…" },
		"status":         func(s *Scene) { s.Status = "0:01" },
		"stats":          func(s *Scene) { s.Stats = []string{"rtt  1 ms"} },
		"help":           func(s *Scene) { s.Help = true },
		"chat":           func(s *Scene) { s.Chat = []string{"ana: hi"} },
	} {
		s := plain()
		mark(s)
		if changed(before, renderScene(t, s, 640, 360)).Empty() {
			t.Errorf("%s is not seen", name)
		}
	}
	s := plain()
	s.Self, s.SelfMuted = nil, true
	alone := plain()
	alone.Self = nil
	if changed(renderScene(t, alone, 640, 360), renderScene(t, s, 640, 360)).Empty() {
		t.Error("who has no camera does not see that they are muted")
	}
}

func TestPicturesHaveRoundCorners(t *testing.T) {
	s := &Scene{Tiles: []Tile{{Frame: plainFrame(320, 180, greenYUV)}}, Self: plainFrame(320, 180, whiteYUV)}
	c := renderScene(t, s, 640, 360)
	r := LayoutScene(s, 640, 360).Self
	for _, p := range []image.Point{r.Min, {r.Max.X - 1, r.Min.Y}, {r.Min.X, r.Max.Y - 1}, r.Max.Sub(image.Pt(1, 1))} {
		if got := at(c, p.X, p.Y); got.R > 60 || got.G < 200 {
			t.Errorf("corner %v of the own picture is %v, want the green beneath", p, got)
		}
	}
	if got := at(c, r.Min.X+r.Dx()/2, r.Min.Y+3); got.R < 250 {
		t.Errorf("its upper edge is %v, want white", got)
	}
}

// What has not changed is not rendered again, and what is not used is forgotten.
func TestSpritesAreKept(t *testing.T) {
	var r SceneRenderer
	c := NewCanvas(640, 360)
	s := &Scene{Tiles: []Tile{{Name: "ana"}}, Status: "0:01", Stats: []string{"rtt  1 ms"}}
	draw := func() {
		if err := r.Draw(c, s, sceneTime); err != nil {
			t.Fatal(err)
		}
	}
	draw()
	n := len(r.sprites.rendered)
	first := make(map[drawing]*sprite, n)
	for d, p := range r.sprites.rendered {
		first[d] = p
	}
	draw()
	for d, p := range r.sprites.rendered {
		if first[d] != p {
			t.Errorf("%+v was rendered again", d)
		}
	}
	for i := range 10 {
		s.Status = fmt.Sprintf("0:%02d", i+2)
		draw()
	}
	if got := len(r.sprites.rendered); got != n {
		t.Errorf("%d sprites are kept after 10 changes, want %d", got, n)
	}
}

func TestDrawReportsFailure(t *testing.T) {
	want := fmt.Errorf("no pixels")
	r := SceneRenderer{ToBGR: func([]byte, int, *Frame) error { return want }}
	s := &Scene{Tiles: []Tile{{Frame: plainFrame(64, 36, greenYUV)}}}
	if err := r.Draw(NewCanvas(64, 36), s, sceneTime); err != want {
		t.Errorf("%v, want %v", err, want)
	}
}

// No size of window and no text may break the drawing.
func FuzzDrawScene(f *testing.F) {
	f.Add(uint8(100), uint8(60), uint8(1), "ana", "ana: hi there")
	f.Add(uint8(0), uint8(0), uint8(0), "", "")
	f.Add(uint8(255), uint8(1), uint8(9), "漢字\u0301\xff", "x: "+strings.Repeat("w", 300))
	var r SceneRenderer
	f.Fuzz(func(t *testing.T, w, h, tiles uint8, name, text string) {
		picture := plainFrame(int(h)+1, int(w)/3+1, greenYUV)
		s := &Scene{Self: picture, SelfMuted: w%2 == 0, SelfCameraOff: w%3 == 0, SelfHand: w%5 == 0, Help: h%2 == 0, Keys: KeySet(h % 3),
			Status: text, Chat: []string{text, name}, Stats: strings.Split(text, " ")}
		for i := range tiles % 18 {
			tile := Tile{Name: name, Notice: text, Muted: i%2 == 0, Quality: Quality(i) - 2, CameraOff: i%5 == 0}
			tile.Speaking, tile.Hand, tile.Silenced, tile.Large = i%3 == 1, i%4 == 2, i%4 == 1, i == tiles%7
			if i%3 != 0 {
				tile.Frame = picture
			}
			s.Tiles = append(s.Tiles, tile)
		}
		if err := r.Draw(NewCanvas(3*int(w), 2*int(h)), s, sceneTime); err != nil {
			t.Fatal(err)
		}
	})
}

// All that lies over the picture of a call of two at 1280x720; converting the
// picture itself is left out.
func BenchmarkOverlays(b *testing.B) {
	r := SceneRenderer{ToBGR: func([]byte, int, *Frame) error { return nil }}
	c := NewCanvas(1280, 720)
	s := &Scene{
		Tiles:  []Tile{{Frame: NewFrame(1280, 720), Name: "Ana Lovelace", Quality: QualityGood, Muted: true}},
		Self:   NewFrame(268, 151),
		Status: "Ana Lovelace · 12:04",
		Chat:   []string{"ana: hello", "you: hello to you, and to everybody who is there with you today"},
		Stats:  []string{"rtt  12 ms", "loss  0.1 %", "send  1.4 Mbit/s  1280x720@30", "receive  1.4 Mbit/s  1280x720@30"},
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Draw(c, s, sceneTime); err != nil {
			b.Fatal(err)
		}
	}
}
