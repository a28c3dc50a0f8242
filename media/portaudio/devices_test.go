//go:build cgo && unix

package portaudio

import (
	"errors"
	"testing"

	"github.com/gordonklaus/portaudio"

	"github.com/skulltech/prattle/media"
)

func TestChoose(t *testing.T) {
	all := []*portaudio.DeviceInfo{
		{Name: "HDA Intel PCH: ALC257 Analog (hw:0,0)", MaxInputChannels: 2, MaxOutputChannels: 2},
		{Name: "HDMI 0", MaxOutputChannels: 8},
		{Name: "USB Headset Pro", MaxInputChannels: 1, MaxOutputChannels: 2},
		{Name: "USB Headset", MaxInputChannels: 1, MaxOutputChannels: 2},
	}
	for _, test := range []struct {
		dir        direction
		name, want string
	}{
		{capture, "usb headset", "USB Headset"}, // the very name goes before the part
		{capture, "headset", "USB Headset Pro"},
		{playback, "hdmi", "HDMI 0"},
		{playback, "HDA Intel PCH: ALC257 Analog (hw:0,0)", "HDA Intel PCH: ALC257 Analog (hw:0,0)"},
	} {
		if d, err := test.dir.choose(all, test.name); err != nil || d.Name != test.want {
			t.Errorf("%s %q: %v (%v), want %q", test.dir.kind, test.name, d, err, test.want)
		}
	}
	_, err := capture.choose(all, "hdmi")
	want := "no such device as \"hdmi\"; there are: HDA Intel PCH: ALC257 Analog (hw:0,0), USB Headset Pro, USB Headset"
	if !errors.Is(err, media.ErrNoDevice) || err.Error() != want {
		t.Errorf("microphone \"hdmi\": %v, want %s", err, want)
	}
	if _, err := capture.choose(nil, "x"); !errors.Is(err, media.ErrNoDevice) {
		t.Errorf("no devices at all: %v, want %v", err, media.ErrNoDevice)
	}
}
