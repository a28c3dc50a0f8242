package media

import (
	"bytes"
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestScenesCrossTheWire(t *testing.T) {
	self, a := wave(33, 17), padded(wave(64, 36), 5)
	a.N, a.Captured = 7, time.Now()
	for name, s := range map[string]*Scene{
		"empty": {},
		"text only": {
			Status: "wäit", Chat: []string{"ana: “hi”\u2028", ""}, Stats: []string{"rtt  3 ms"}, Help: true,
			SelfMuted: true, SelfCameraOff: true, SelfHand: true, Keys: KeysRoom,
			Tiles: []Tile{
				{Name: "a\nb", Muted: true, CameraOff: true, Quality: QualityGood, Notice: "ringing…"},
				{Name: "c", Speaking: true, Large: true}, {Name: "d", Hand: true, Silenced: true},
			},
		},
		"pictures": {Self: self, Tiles: []Tile{{Name: "none"}, {Frame: a, Name: "ana"}, {Frame: self}}},
	} {
		t.Run(name, func(t *testing.T) {
			var wire bytes.Buffer
			for range 2 { // one message ends where the next begins
				if err := writeScene(&wire, s); err != nil {
					t.Fatal(err)
				}
			}
			r := newWireReader(&wire)
			got := sceneBuffer{Scene: Scene{Self: a, Tiles: []Tile{{Frame: a, Name: "left over"}}}}
			for range 2 {
				if err := readScene(r, &got); err != nil {
					t.Fatal(err)
				}
				checkSameScene(t, &got.Scene, s)
			}
			if err := readScene(r, &got); err != io.EOF {
				t.Errorf("at the end: %v, want EOF", err)
			}
		})
	}
}

func checkSameScene(t *testing.T, got, want *Scene) {
	t.Helper()
	checkSameFrame(t, "own", got.Self, want.Self)
	if len(got.Tiles) != len(want.Tiles) {
		t.Fatalf("%d tiles, want %d", len(got.Tiles), len(want.Tiles))
	}
	g, w := *got, *want
	g.Self, w.Self = nil, nil
	g.Tiles, w.Tiles = nil, nil
	if !reflect.DeepEqual(g, w) {
		t.Errorf("scene %+v, want %+v", g, w)
	}
	for i := range want.Tiles {
		g, w := got.Tiles[i], want.Tiles[i]
		checkSameFrame(t, "tile's", g.Frame, w.Frame)
		g.Frame, w.Frame = nil, nil
		if g != w {
			t.Errorf("tile %d is %+v, want %+v", i, g, w)
		}
	}
}

func checkSameFrame(t *testing.T, whose string, got, want *Frame) {
	t.Helper()
	if got == nil || want == nil {
		if got != want {
			t.Errorf("%s picture is %v, want %v", whose, got, want)
		}
		return
	}
	var packed Frame
	packed.CopyFrom(want)
	if got.Width != want.Width || got.Height != want.Height || got.N != want.N || got.Captured.UnixNano() != want.Captured.UnixNano() {
		t.Errorf("%s picture is %dx%d, N %d, of %v; want %dx%d, N %d, of %v", whose,
			got.Width, got.Height, got.N, got.Captured, want.Width, want.Height, want.N, want.Captured)
	}
	if !bytes.Equal(got.Y, packed.Y) || !bytes.Equal(got.U, packed.U) || !bytes.Equal(got.V, packed.V) {
		t.Errorf("%s picture has other pixels", whose)
	}
}

func TestReadSceneRefuses(t *testing.T) {
	for name, message := range map[string]string{
		"no JSON":             "hello\n",
		"endless header":      strings.Repeat("x", maxHeader+10),
		"huge picture":        `{"scene":{},"pictures":[{"w":16384,"h":16384,"tile":-1}]}` + "\n",
		"overflowing picture": `{"scene":{},"pictures":[{"w":4294967296,"h":4294967296,"tile":-1}]}` + "\n",
		"negative picture":    `{"scene":{},"pictures":[{"w":-2,"h":-2,"tile":-1}]}` + "\n",
		"picture of nobody":   `{"scene":{"Tiles":[{}]},"pictures":[{"w":2,"h":2,"tile":1}]}` + "\n......",
		"too many pictures":   `{"scene":{},"pictures":[{"w":2,"h":2},{"w":2,"h":2}]}` + "\n" + strings.Repeat(".", 12),
	} {
		if err := readScene(newWireReader(strings.NewReader(message)), new(sceneBuffer)); !errors.Is(err, errBadMessage) {
			t.Errorf("%s: %v, want %v", name, err, errBadMessage)
		}
	}
	for name, message := range map[string]string{
		"half a header":  `{"scene":`,
		"half a picture": `{"scene":{},"pictures":[{"w":2,"h":2,"tile":-1}]}` + "\n...",
	} {
		if err := readScene(newWireReader(strings.NewReader(message)), new(sceneBuffer)); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %v, want %v", name, err, io.ErrUnexpectedEOF)
		}
	}
}

func TestWriteSceneRefusesTooMuchText(t *testing.T) {
	s := &Scene{Status: strings.Repeat("x", maxHeader)}
	if err := writeScene(io.Discard, s); !errors.Is(err, errBadMessage) {
		t.Errorf("%v, want %v", err, errBadMessage)
	}
}

func FuzzReadScene(f *testing.F) {
	var wire bytes.Buffer
	s := &Scene{Self: wave(6, 4), Tiles: []Tile{{Name: "ana", Frame: wave(3, 3)}}, Chat: []string{"hi"}}
	if err := writeScene(&wire, s); err != nil {
		f.Fatal(err)
	}
	f.Add(wire.Bytes())
	f.Add([]byte(`{"scene":{},"pictures":[{"w":2,"h":2,"tile":-1}]}` + "\n......"))
	f.Fuzz(func(t *testing.T, message []byte) {
		r := newWireReader(bytes.NewReader(message))
		var got, again sceneBuffer
		if readScene(r, &got) != nil {
			return
		}
		for _, tile := range got.Tiles {
			if tile.Frame != nil && tile.Frame.Width*tile.Frame.Height > len(message) {
				t.Fatalf("a picture of %dx%d out of %d bytes", tile.Frame.Width, tile.Frame.Height, len(message))
			}
		}
		// What was understood can be said and understood again.
		var wire bytes.Buffer
		if err := writeScene(&wire, &got.Scene); err != nil {
			t.Fatal(err)
		}
		if err := readScene(newWireReader(&wire), &again); err != nil {
			t.Fatal(err)
		}
		checkSameScene(t, &again.Scene, &got.Scene)
	})
}

// One scene as it is in a call of two at 1280x720, through a pipe of the system.
func BenchmarkSceneThroughPipe(b *testing.B) {
	r, w, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	scene := &Scene{Tiles: []Tile{{Name: "ana", Frame: wave(1280, 720)}}, Self: wave(268, 150), Status: "ana 12:00"}
	read := make(chan error)
	go func() {
		in := newWireReader(r)
		var s sceneBuffer
		for {
			if err := readScene(in, &s); err != nil {
				read <- err
				return
			}
		}
	}()
	b.ReportAllocs()
	for b.Loop() {
		if err := writeScene(w, scene); err != nil {
			b.Fatal(err)
		}
	}
	w.Close()
	if err := <-read; err != io.EOF {
		b.Fatal(err)
	}
	r.Close()
}
