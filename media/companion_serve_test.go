package media

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestServeCameraEndsWithItsInput(t *testing.T) {
	var out bytes.Buffer
	if err := ServeCamera(strings.NewReader("x"), &out, &rampCamera{left: -1}); err != nil {
		t.Error(err)
	}
}

func TestServeCameraReportsWriteErrors(t *testing.T) {
	in, inEnd := io.Pipe()
	defer inEnd.Close()
	r, w := io.Pipe()
	r.Close()
	if err := ServeCamera(in, w, &rampCamera{left: 100}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%v, want %v", err, io.ErrClosedPipe)
	}
}

// A scene is shown again while no other comes: chat fades, windows are resized.
func TestServeViewRefreshes(t *testing.T) {
	v := openFakeWindow(t, "good")
	frame := NewFrame(320, 180)
	frame.Fill(77, 128, 128)
	if err := v.Show(&Scene{Tiles: []Tile{{Frame: frame}}}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if e, _ := nextEvent(t, v); e.Key != 0x100+77 {
			t.Fatalf("%+v, want the same scene again", e)
		}
	}
}
