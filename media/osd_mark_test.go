package media

import (
	"image"
	"image/color"
	"testing"
)

// roomScene is a room of several with pictures of one colour.
func roomScene(people int) *Scene {
	s := &Scene{Self: plainFrame(320, 180, greenYUV), Keys: KeysRoom}
	for range people {
		s.Tiles = append(s.Tiles, Tile{Frame: plainFrame(320, 180, greenYUV), Name: "ana"})
	}
	return s
}

func TestMarksOfARoomAreShown(t *testing.T) {
	before := renderScene(t, roomScene(3), 1280, 720)
	layout := LayoutScene(roomScene(3), 1280, 720)
	for name, c := range map[string]struct {
		mark  func(*Scene)
		place image.Rectangle
	}{
		"speaking": {func(s *Scene) { s.Tiles[1].Speaking = true }, layout.Tiles[1]},
		"hand":     {func(s *Scene) { s.Tiles[1].Hand = true }, layout.Tiles[1]},
		"silenced": {func(s *Scene) { s.Tiles[1].Silenced = true }, layout.Tiles[1]},
		"own hand": {func(s *Scene) { s.SelfHand = true }, layout.Self},
	} {
		s := roomScene(3)
		c.mark(s)
		if r := changed(before, renderScene(t, s, 1280, 720)); r.Empty() || !r.In(c.place) {
			t.Errorf("%s changes %v, want something within %v", name, r, c.place)
		}
	}
}

// The frame of who speaks follows the edge of the picture, at one width all around.
func TestSpeakerIsFramed(t *testing.T) {
	want := color.RGBA{colourSpeech.R, colourSpeech.G, colourSpeech.B, 255}
	for _, size := range []image.Point{{1280, 720}, {640, 360}, {3840, 2160}} {
		s := roomScene(4)
		s.Tiles[2].Speaking = true
		c := renderScene(t, s, size.X, size.Y)
		at := LayoutScene(s, size.X, size.Y).Tiles[2]
		x, y := at.Min.X+at.Dx()/2, at.Min.Y+at.Dy()/2
		width := 0
		for ; at.Dx() > width && c.At(x, at.Min.Y+width) == want; width++ {
		}
		if width < 2 || width > size.Y/100 {
			t.Errorf("%v: the frame is %d wide", size, width)
		}
		for i := range width {
			for _, p := range []image.Point{{x, at.Max.Y - 1 - i}, {at.Min.X + i, y}, {at.Max.X - 1 - i, y}} {
				if c.At(p.X, p.Y) != want {
					t.Errorf("%v: %v at %v on the frame of %v", size, c.At(p.X, p.Y), p, at)
				}
			}
		}
		if got := c.At(at.Min.X+width, y); got == want {
			t.Errorf("%v: the frame of %d at the top is wider on the left", size, width)
		}
	}
}

// A call between two looks as ever, whoever speaks; a raised hand is seen.
func TestOneOtherIsNotFramed(t *testing.T) {
	quiet := renderScene(t, roomScene(1), 640, 360)
	s := roomScene(1)
	s.Tiles[0].Speaking = true
	if r := changed(quiet, renderScene(t, s, 640, 360)); !r.Empty() {
		t.Errorf("who speaks is marked at %v", r)
	}
	s.Tiles[0].Hand = true
	if changed(quiet, renderScene(t, s, 640, 360)).Empty() {
		t.Error("a raised hand is not seen")
	}
}

// While the keys are shown, so are the numbers that pin people.
func TestNumbersOfPeople(t *testing.T) {
	numbered, plain := roomScene(5), roomScene(5)
	numbered.Help, plain.Help, plain.Keys = true, true, KeysCall
	r := changed(renderScene(t, numbered, 1280, 720), renderScene(t, plain, 1280, 720))
	for i, at := range LayoutScene(numbered, 1280, 720).Tiles {
		if !r.Overlaps(at) {
			t.Errorf("nobody sees the number of %d", i)
		}
	}
}
