package media_test

import (
	"os"
	"testing"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/mediatest"
)

// useGoodCompanion has this test binary play the companion; see companion_test.go.
func useGoodCompanion(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PRATTLE_OPENCV", self)
	t.Setenv("PRATTLE_FAKE_COMPANION", "good")
	t.Setenv("DISPLAY", ":7")
	t.Setenv("GORACE", "atexit_sleep_ms=0")
}

func TestCompanionCameraConforms(t *testing.T) {
	useGoodCompanion(t)
	mediatest.TestCamera(t, mediatest.Real(), "camera:fake", media.PictureConfig{Width: 160, Height: 90, FPS: 30})
}

func TestCompanionWindowConforms(t *testing.T) {
	useGoodCompanion(t)
	mediatest.TestView(t, func(t *testing.T) media.View {
		v, err := media.OpenView("window", media.PictureConfig{Width: 640, Height: 360, Title: "test"})
		if err != nil {
			t.Fatal(err)
		}
		return v
	})
}
