package media

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func openFakeWindow(t *testing.T, behaviour string) *companionWindow {
	t.Helper()
	useFake(t, behaviour)
	v, err := OpenView("window", PictureConfig{Width: 640, Height: 360, Title: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v.(*companionWindow)
}

// nextEvent waits for an event as long as a busy machine may need.
func nextEvent(t *testing.T, v View) (e ViewEvent, ok bool) {
	t.Helper()
	select {
	case e, ok = <-v.Events():
		return e, ok
	case <-time.After(20 * time.Second):
		t.Fatal("no event")
		return e, false
	}
}

func TestCompanionWindowShowsScenesAndHearsKeys(t *testing.T) {
	v := openFakeWindow(t, "good")
	frame := NewFrame(320, 180)
	for luma := byte(20); luma < 25; luma++ {
		frame.Fill(luma, 128, 128)
		if err := v.Show(&Scene{Tiles: []Tile{{Frame: frame, Name: "ana"}}, Self: frame}); err != nil {
			t.Fatal(err)
		}
		frame.Fill(255, 0, 0) // Show has let go of it
		for {                 // the scene before may be shown again meanwhile
			e, _ := nextEvent(t, v)
			if e.Key == 0x100+rune(luma) {
				break
			}
			if e.Key != 0x100+rune(luma)-1 {
				t.Fatalf("the window shows %+v, want luma %d", e, luma)
			}
		}
	}
}

func TestCompanionWindowClosedByAPerson(t *testing.T) {
	v := openFakeWindow(t, "closes")
	if e, ok := nextEvent(t, v); !ok || !e.Closed {
		t.Errorf("event %+v, want Closed", e)
	}
	if _, ok := nextEvent(t, v); ok {
		t.Error("there are events after Closed")
	}
	if err := v.Show(new(Scene)); !errors.Is(err, errWindowClosed) {
		t.Errorf("Show: %v, want %v", err, errWindowClosed)
	}
}

func TestCompanionWindowThatDies(t *testing.T) {
	v := openFakeWindow(t, "good")
	if err := v.proc.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if e, ok := nextEvent(t, v); !ok || !e.Closed {
		t.Errorf("event %+v, want Closed", e)
	}
	if err := v.Show(new(Scene)); !errors.Is(err, ErrNoDevice) || !strings.Contains(err.Error(), "killed") {
		t.Errorf("Show: %v, want that it was killed", err)
	}
}

// A window that reads nothing must not hold up the call, and can be closed.
func TestCompanionWindowThatHangs(t *testing.T) {
	v := openFakeWindow(t, "deaf")
	s := &Scene{Tiles: []Tile{{Frame: NewFrame(640, 360)}}}
	for range 50 { // many pipes full
		if err := v.Show(s); err != nil {
			t.Fatal(err)
		}
	}
	if v.scenes.waiting.Dropped() < 40 {
		t.Errorf("%d scenes were dropped of 50 that nobody read", v.scenes.waiting.Dropped())
	}
}

func TestCompanionWindowNeedsADisplay(t *testing.T) {
	useFake(t, "good")
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	if hasDisplay() {
		t.Skip("this system has a display without a variable for it")
	}
	if _, err := OpenView("window", PictureConfig{}); !errors.Is(err, ErrNoDevice) || !strings.Contains(err.Error(), "no display") {
		t.Errorf("%v, want that there is no display", err)
	}
	if got := listWindows(); got != nil {
		t.Errorf("listed without a display: %v", got)
	}
	t.Setenv("WAYLAND_DISPLAY", "wayland-0")
	if got := listWindows(); len(got) != 1 || got[0].Spec != "window" {
		t.Errorf("listed %v, want the window", got)
	}
}
