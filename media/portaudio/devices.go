//go:build cgo && unix

package portaudio

import (
	"fmt"
	"strings"
	"time"

	"github.com/gordonklaus/portaudio"

	"github.com/skulltech/prattle/media"
)

func init() {
	media.RegisterMicrophone("mic", "mic[:NAME]", openMicrophone, func() []media.DeviceInfo { return list(capture) })
	media.RegisterSpeaker("default", "default", openSpeaker, func() []media.DeviceInfo { return list(playback) })
	media.RegisterSpeaker("", "DEVICE NAME", openSpeaker, nil)
}

// direction is what distinguishes capture from playback in PortAudio's eyes.
type direction struct {
	kind     media.Kind
	spec     func(name string) string // of the device called name; "" is the default one
	channels func(*portaudio.DeviceInfo) int
	latency  func(*portaudio.DeviceInfo) time.Duration // the lowest it claims to bear
	standard func() (*portaudio.DeviceInfo, error)
}

var capture = direction{
	kind: media.KindAudio,
	spec: func(name string) string {
		if name == "" {
			return "mic"
		}
		return "mic:" + name
	},
	channels: func(d *portaudio.DeviceInfo) int { return d.MaxInputChannels },
	standard: portaudio.DefaultInputDevice,
	latency:  func(d *portaudio.DeviceInfo) time.Duration { return d.DefaultLowInputLatency },
}

var playback = direction{
	kind: media.KindSpeaker,
	spec: func(name string) string {
		if name == "" {
			return "default"
		}
		return name
	},
	channels: func(d *portaudio.DeviceInfo) int { return d.MaxOutputChannels },
	standard: portaudio.DefaultOutputDevice,
	latency:  func(d *portaudio.DeviceInfo) time.Duration { return d.DefaultLowOutputLatency },
}

// find returns the device that name means; an empty one means the default. The
// caller holds the library.
func (dir direction) find(name string) (*portaudio.DeviceInfo, error) {
	if name == "" {
		d, err := dir.standard()
		return d, deviceError(err)
	}
	all, err := portaudio.Devices()
	if err != nil {
		return nil, fmt.Errorf("list sound devices: %w", err)
	}
	return dir.choose(all, name)
}

// choose returns the device of that very name, or else the first whose name
// contains it.
func (dir direction) choose(all []*portaudio.DeviceInfo, name string) (*portaudio.DeviceInfo, error) {
	var similar *portaudio.DeviceInfo
	var names []string
	for _, d := range all {
		switch {
		case dir.channels(d) == 0:
			continue
		case strings.EqualFold(d.Name, name):
			return d, nil
		case similar == nil && strings.Contains(strings.ToLower(d.Name), strings.ToLower(name)):
			similar = d
		}
		names = append(names, d.Name)
	}
	if similar == nil {
		return nil, noDeviceError(name, names)
	}
	return similar, nil
}

func noDeviceError(name string, there []string) error {
	if len(there) == 0 {
		return fmt.Errorf("%w as %q, nor any other", media.ErrNoDevice, name)
	}
	return fmt.Errorf("%w as %q; there are: %s", media.ErrNoDevice, name, strings.Join(there, ", "))
}

// list names the devices of one direction, the default one first. A machine whose
// sound system does not answer has none.
func list(dir direction) []media.DeviceInfo {
	found := make(chan []media.DeviceInfo, 1)
	err := exclusively(openLimit, func() error {
		if err := acquire(); err != nil {
			return err
		}
		defer release()
		found <- dir.list()
		return nil
	})
	if err != nil {
		return nil
	}
	return <-found
}

// list wants the library.
func (dir direction) list() []media.DeviceInfo {
	var out []media.DeviceInfo
	standard, err := dir.standard()
	if err == nil {
		out = append(out, media.DeviceInfo{Kind: dir.kind, Spec: dir.spec(""), Name: standard.Name, Default: true})
	}
	all, _ := portaudio.Devices()
	for _, d := range all {
		if dir.channels(d) > 0 && d != standard {
			out = append(out, media.DeviceInfo{Kind: dir.kind, Spec: dir.spec(d.Name), Name: d.Name})
		}
	}
	return out
}
