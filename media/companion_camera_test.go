package media

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func openFakeCamera(t *testing.T, behaviour string) Camera {
	t.Helper()
	useFake(t, behaviour)
	c, err := OpenCamera("camera:fake", PictureConfig{Width: 160, Height: 90, FPS: 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestCompanionCameraCaptures(t *testing.T) {
	c := openFakeCamera(t, "good")
	var f Frame
	var before uint64
	for i := range 20 {
		if err := c.Capture(&f); err != nil {
			t.Fatal(err)
		}
		if f.Width != 160 || f.Height != 90 || f.U[0] != 100 || f.V[len(f.V)-1] != 200 || f.Y[0] != f.Y[len(f.Y)-1] {
			t.Fatalf("picture %d is %dx%d with U %d, V %d", i, f.Width, f.Height, f.U[0], f.V[len(f.V)-1])
		}
		if i > 0 && f.N <= before {
			t.Fatalf("picture %d comes after %d", f.N, before)
		}
		before = f.N
	}
}

// A caller that is late gets what is new, and is told by N what it missed.
func TestCompanionCameraDropsTheOld(t *testing.T) {
	c := openFakeCamera(t, "good")
	var f Frame
	if err := c.Capture(&f); err != nil {
		t.Fatal(err)
	}
	for range 20 { // on a busy machine the other process may stand still meanwhile
		before := f.N
		time.Sleep(100 * time.Millisecond) // 50 pictures long
		if err := c.Capture(&f); err != nil {
			t.Fatal(err)
		}
		if f.N > before+1 {
			return
		}
	}
	t.Error("the picture after a pause of many is the next one of the queue")
}

func TestCompanionCameraEnds(t *testing.T) {
	for _, c := range []struct {
		behaviour string
		want      error
		says      string
	}{
		{"short", io.EOF, ""},
		{"unplugged", ErrNoDevice, "it was unplugged"},
	} {
		t.Run(c.behaviour, func(t *testing.T) {
			cam := openFakeCamera(t, c.behaviour)
			var f Frame
			var err error
			for n := 0; err == nil; n++ {
				if err = cam.Capture(&f); n > 3 {
					t.Fatalf("%d pictures came, want 3", n)
				}
			}
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("Capture: %v, want %v", err, c.want)
			}
			if f.Y[0] != 2 {
				t.Errorf("the last picture is %d, want 2", f.Y[0])
			}
		})
	}
}
