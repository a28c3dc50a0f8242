package media

import (
	"image"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// Pictures are sent no larger than they are seen.
func TestSceneBufferFitsPictures(t *testing.T) {
	scene := &Scene{
		Tiles: []Tile{{Frame: NewFrame(1280, 720)}, {Frame: NewFrame(160, 90)}, {Frame: NewFrame(1280, 720), CameraOff: true}},
		Self:  NewFrame(1280, 720),
		Chat:  []string{"a", "b"},
	}
	var b sceneBuffer
	b.copyFrom(scene, 800, 600)
	layout := LayoutScene(scene, 800, 600)
	if got, want := b.Tiles[0].Frame.Width, layout.Tiles[0].Dx(); got != want {
		t.Errorf("large picture is %d wide, want %d as its place", got, want)
	}
	if got := b.Tiles[1].Frame.Width; got != 160 {
		t.Errorf("small picture is %d wide, want 160 as it was", got)
	}
	if b.Tiles[2].Frame != nil {
		t.Error("the picture of a camera that is off is sent")
	}
	if got, want := b.Self.Width, layout.Self.Dx(); got != want {
		t.Errorf("own picture is %d wide, want %d", got, want)
	}
	b.Chat[0] = "changed"
	if scene.Chat[0] != "a" || scene.Tiles[0].Frame.Width != 1280 {
		t.Error("the copy shares memory with the scene")
	}
}

// The other end computes the same layout from pictures that were made to fit:
// none is scaled twice.
func TestSceneBufferKeepsLayout(t *testing.T) {
	for _, camera := range []image.Point{{1280, 720}, {1920, 1080}, {640, 480}, {1280, 1024}, {1280, 800}, {352, 288}, {720, 1280}, {480, 640}} {
		for _, window := range windowSizes {
			for n := range 5 {
				picture := NewFrame(camera.X, camera.Y)
				scene := &Scene{Self: picture, Tiles: make([]Tile, n)}
				for i := range scene.Tiles {
					scene.Tiles[i].Frame = picture
				}
				var b sceneBuffer
				b.copyFrom(scene, window.X, window.Y)
				sent, seen := LayoutScene(scene, window.X, window.Y), LayoutScene(&b.Scene, window.X, window.Y)
				if sent.Self != seen.Self || !slices.Equal(sent.Tiles, seen.Tiles) {
					t.Errorf("camera %v, window %v, %d others: %v, before %v", camera, window, n, seen, sent)
				}
			}
		}
	}
}

// Whatever a scene holds, it can be sent.
func TestSceneBufferBoundsText(t *testing.T) {
	long := strings.Repeat("漢<", 10000)
	scene := &Scene{Status: long}
	for range 200 {
		scene.Tiles = append(scene.Tiles, Tile{Name: long, Notice: long})
		scene.Chat = append(scene.Chat, long)
		scene.Stats = append(scene.Stats, long)
	}
	scene.Chat[199] = "the latest"
	var b sceneBuffer
	b.copyFrom(scene, 640, 360)
	if err := writeScene(io.Discard, &b.Scene); err != nil {
		t.Error(err)
	}
	if got := b.Chat[len(b.Chat)-1]; got != "the latest" {
		t.Errorf("the latest line is %q", got)
	}
	if !utf8.ValidString(b.Status) {
		t.Errorf("a rune was cut: %q", b.Status)
	}
}
