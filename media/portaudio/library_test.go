//go:build cgo && unix

package portaudio

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gordonklaus/portaudio"

	"github.com/skulltech/prattle/media"
)

// TestExclusively: a call that hangs is left behind, and who comes next waits for
// its end.
func TestExclusively(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		hang := func() error { time.Sleep(3 * time.Second); return nil }
		if err := exclusively(time.Second, hang); err != errHangs {
			t.Errorf("%v, want %v", err, errHangs)
		}
		if took := time.Since(begin); took != time.Second {
			t.Errorf("took %v, want 1s", took)
		}
		time.Sleep(5 * time.Second)
		want := errors.New("an error of its own")
		if err := exclusively(time.Second, func() error { return want }); err != want {
			t.Errorf("%v, want %v", err, want)
		}
	})
}

func TestDeviceError(t *testing.T) {
	alsa := func(code int) error {
		return portaudio.UnanticipatedHostError{HostApiType: portaudio.ALSA, Code: code, Text: fmt.Sprint(code)}
	}
	for _, test := range []struct{ err, want error }{
		{portaudio.DeviceUnavailable, media.ErrDeviceBusy},
		{alsa(-16), media.ErrDeviceBusy}, // EBUSY
		{alsa(-13), media.ErrDeviceBusy}, // EACCES
		{alsa(-2), media.ErrNoDevice},    // ENOENT
		{portaudio.NoDefaultInputDevice, media.ErrNoDevice},
		{portaudio.InvalidSampleRate, portaudio.InvalidSampleRate},
		{nil, nil},
	} {
		if got := deviceError(test.err); !errors.Is(got, test.want) {
			t.Errorf("%v became %v, want %v", test.err, got, test.want)
		}
	}
}
