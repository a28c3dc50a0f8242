package mediatest

import (
	"slices"
	"strings"
	"testing"

	"github.com/skulltech/prattle/media"
)

// TestView checks that the views that open makes keep what media.View promises.
// What they look like is theirs.
func TestView(t *testing.T, open func(*testing.T) media.View) {
	t.Run("any scene", func(t *testing.T) { testScenes(t, open(t)) })
	t.Run("places", func(t *testing.T) { testPlaces(t, open(t)) })
	t.Run("frames are given back", func(t *testing.T) { testFramesGivenBack(t, open(t)) })
	t.Run("Close ends Events", func(t *testing.T) { testCloseEndsEvents(t, open(t)) })
	t.Run("Close while it shows", func(t *testing.T) { testCloseWhileShowing(t, open(t)) })
}

// scenes are all that a view may be asked to show.
func scenes() map[string]*media.Scene {
	long := strings.Repeat("wide 漢字 and long ", 40)
	everything := sceneOf(5, 320, 180)
	for i := range everything.Tiles {
		tile := &everything.Tiles[i]
		tile.Name, tile.Notice = long, long
		tile.Muted, tile.CameraOff, tile.Quality = true, i%2 == 0, media.Quality(i)
	}
	everything.Status, everything.Help = long, true
	everything.SelfMuted, everything.SelfCameraOff = true, true
	for range 40 {
		everything.Chat = append(everything.Chat, long)
		everything.Stats = append(everything.Stats, long)
	}
	waiting := sceneOf(2, 320, 180)
	waiting.Tiles[0].Frame, waiting.Tiles[1].Frame, waiting.Self = nil, nil, nil
	return map[string]*media.Scene{
		"nothing":     {},
		"no pictures": waiting,
		"one":         sceneOf(1, 640, 360),
		"upright":     sceneOf(1, 270, 480),
		"tiny":        sceneOf(1, 2, 2),
		"one pixel":   sceneOf(1, 1, 1),
		"odd":         sceneOf(2, 321, 181),
		"line":        sceneOf(1, 1000, 2),
		"many":        sceneOf(17, 64, 36),
		"everything":  everything,
	}
}

// sceneOf has tiles with pictures of w by h and one of ourselves.
func sceneOf(tiles, w, h int) *media.Scene {
	s := &media.Scene{Self: media.NewFrame(w, h)}
	Scene(tiles, s.Self)
	for i := range tiles {
		f := media.NewFrame(w, h)
		Scene(i, f)
		s.Tiles = append(s.Tiles, media.Tile{Frame: f, Name: "somebody"})
	}
	return s
}

// testScenes changes from every scene to every other.
func testScenes(t *testing.T, v media.View) {
	defer v.Close()
	all := scenes()
	for from, a := range all {
		for to, b := range all {
			if err := v.Show(a); err != nil {
				t.Fatalf("Show %s: %v", from, err)
			}
			if err := v.Show(b); err != nil {
				t.Fatalf("Show %s after %s: %v", to, from, err)
			}
		}
	}
}

// testPlaces asks a view that can tell where pictures go, before and after it shows
// them.
func testPlaces(t *testing.T, v media.View) {
	defer v.Close()
	a, ok := v.(media.Arranger)
	if !ok {
		return
	}
	for name, s := range scenes() {
		before := a.Arrange(s)
		if len(before.Tiles) != len(s.Tiles) {
			t.Errorf("%s: %d places for %d people", name, len(before.Tiles), len(s.Tiles))
		}
		for i, r := range before.Tiles {
			for _, other := range before.Tiles[:i] {
				if r.Overlaps(other) {
					t.Errorf("%s: %v lies over %v", name, r, other)
				}
			}
		}
		if err := v.Show(s); err != nil {
			t.Fatal(err)
		}
		if after := a.Arrange(s); !slices.Equal(before.Tiles, after.Tiles) {
			t.Errorf("%s: %v, and once it was shown %v", name, before.Tiles, after.Tiles)
		}
	}
}

// testFramesGivenBack writes to frames as soon as Show has returned; the race
// detector sees who else still reads.
func testFramesGivenBack(t *testing.T, v media.View) {
	defer v.Close()
	s := sceneOf(2, 160, 90)
	for n := range 20 {
		if err := v.Show(s); err != nil {
			t.Fatal(err)
		}
		s.Self.Fill(byte(n), 128, 128)
		for i := range s.Tiles {
			Scene(n, s.Tiles[i].Frame)
		}
	}
}

func testCloseEndsEvents(t *testing.T, v media.View) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range v.Events() {
		}
	}()
	for range 2 {
		if err := v.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	<-ended
	v.Show(sceneOf(1, 16, 16)) // may err, must not panic or wait
}

func testCloseWhileShowing(t *testing.T, v media.View) {
	s := sceneOf(1, 160, 90)
	started, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for n := 0; v.Show(s) == nil && n < 1000; n++ {
			if n == 3 {
				close(started)
			}
		}
	}()
	<-started
	if err := v.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	<-ended
}
