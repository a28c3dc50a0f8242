package media

import (
	"errors"
	"fmt"
	"time"
)

// Camera gives pictures at its own pace.
type Camera interface {
	// Capture waits for the next picture and copies it into dst, resizing dst
	// as needed and setting N and Captured. It returns io.EOF after Close or at
	// the end of the source.
	Capture(dst *Frame) error
	// Close releases the device and unblocks Capture. It may be called from
	// another goroutine, and more than once.
	Close() error
}

// Microphone gives sound at its own pace.
type Microphone interface {
	// Read waits until len(block) samples (mono, 48 kHz) have been heard and
	// fills block with them. It returns the local time at which the first was
	// heard, and io.EOF after Close or at the end of the source.
	Read(block []int16) (first time.Time, err error)
	// Close releases the device and unblocks Read, as Camera's does.
	Close() error
}

// Speaker plays sound at its own pace; its clock is the master of playout.
type Speaker interface {
	// Play calls fill for each block that the device needs, as late as it can,
	// until Close (nil) or until the device fails. The length of block is the
	// device's choice and at most 20 ms; at is the local time at which its first
	// sample will be heard. fill has a few milliseconds to return.
	Play(fill func(block []int16, at time.Time)) error
	// Close releases the device and ends Play, as Camera's does.
	Close() error
}

// View shows the room to a person and hears their keys.
type View interface {
	// Show draws s. It does not keep s or its frames after it returns. A view
	// that cannot keep up blocks; the caller drops pictures meanwhile.
	Show(s *Scene) error
	// Events yields keys, typed lines and the closing of the view, until Close.
	Events() <-chan ViewEvent
	// Close removes the view and restores what it changed (the terminal, say).
	Close() error
}

// PicturesOnly is what a View has besides if nobody looks at it, such as a file:
// it wants one Show for each new picture and none for the rest of the scene.
type PicturesOnly interface{ PicturesOnly() }

// ViewEvent is something a person did to a view. One field is set.
type ViewEvent struct {
	Key    rune   // a single key, as typed ('q', 'Q', 27 for ESC, '?')
	Line   string // a line of text, ended by Enter
	Closed bool   // the window was closed, or the terminal went away
}

// KeyEscape is the ESC key.
const KeyEscape rune = 27

// PictureConfig is what is wished of a camera or a view. A device may differ:
// the frames say what they are.
type PictureConfig struct {
	Width, Height int
	FPS           int
	Title         string // of a window
	Stamp         bool   // bake number and time into the picture (see Stamp)
}

// Errors that a device's opening wraps, so that the program can choose its exit code.
var (
	ErrNoDevice   = errors.New("no such device")
	ErrDeviceBusy = errors.New("device is busy or not permitted")
	ErrBadSpec    = errors.New("unknown device")
)

// DeviceInfo describes one device that exists on this machine.
type DeviceInfo struct {
	Kind    Kind   `json:"kind"`
	Spec    string `json:"spec"` // what to give to the flag
	Name    string `json:"name"`
	Default bool   `json:"default,omitempty"`
}

// Kind is one of the four kinds of device, named as its flag.
type Kind string

// The kinds of device.
const (
	KindVideo   Kind = "video"
	KindAudio   Kind = "audio"
	KindView    Kind = "view"
	KindSpeaker Kind = "speaker"
)

// A driver opens devices whose spec is its scheme, or begins with scheme and a colon.
type driver[T any, C any] struct {
	scheme string
	usage  string
	open   func(arg string, cfg C) (T, error)
	list   func() []DeviceInfo
}

// drivers is a registry in the manner of image.RegisterFormat: written in init
// functions, read afterwards.
type drivers[T any, C any] struct {
	kind Kind
	all  []driver[T, C]
}

var (
	cameras     = drivers[Camera, PictureConfig]{kind: KindVideo}
	microphones = drivers[Microphone, struct{}]{kind: KindAudio}
	views       = drivers[View, PictureConfig]{kind: KindView}
	speakers    = drivers[Speaker, struct{}]{kind: KindSpeaker}
)

// RegisterCamera adds a camera driver. usage is its line in help texts
// ("camera[:N]"), list names the devices that exist, or is nil.
func RegisterCamera(scheme, usage string, open func(arg string, cfg PictureConfig) (Camera, error), list func() []DeviceInfo) {
	cameras.all = append(cameras.all, driver[Camera, PictureConfig]{scheme, usage, open, list})
}

// RegisterMicrophone adds a microphone driver.
func RegisterMicrophone(scheme, usage string, open func(arg string) (Microphone, error), list func() []DeviceInfo) {
	microphones.all = append(microphones.all, driver[Microphone, struct{}]{scheme, usage,
		func(arg string, _ struct{}) (Microphone, error) { return open(arg) }, list})
}

// RegisterView adds a view driver.
func RegisterView(scheme, usage string, open func(arg string, cfg PictureConfig) (View, error), list func() []DeviceInfo) {
	views.all = append(views.all, driver[View, PictureConfig]{scheme, usage, open, list})
}

// RegisterSpeaker adds a speaker driver. The driver with the empty scheme takes
// the specs that fit no other: plain device names.
func RegisterSpeaker(scheme, usage string, open func(arg string) (Speaker, error), list func() []DeviceInfo) {
	speakers.all = append(speakers.all, driver[Speaker, struct{}]{scheme, usage,
		func(arg string, _ struct{}) (Speaker, error) { return open(arg) }, list})
}

// OpenCamera opens the camera that spec names ("camera:0", "file:CLIP.y4m", "test", ...).
func OpenCamera(spec string, cfg PictureConfig) (Camera, error) { return cameras.open(spec, cfg) }

// OpenMicrophone opens the microphone that spec names ("mic", "tone", ...).
func OpenMicrophone(spec string) (Microphone, error) { return microphones.open(spec, struct{}{}) }

// OpenView opens the view that spec names ("window", "terminal", "file:OUT.y4m", "none").
func OpenView(spec string, cfg PictureConfig) (View, error) { return views.open(spec, cfg) }

// OpenSpeaker opens the speaker that spec names ("default", "file:OUT.wav", ...).
func OpenSpeaker(spec string) (Speaker, error) { return speakers.open(spec, struct{}{}) }

// CheckSpec says whether a driver exists for spec, without opening anything.
func CheckSpec(kind Kind, spec string) error {
	var err error
	switch kind {
	case KindVideo:
		_, _, err = cameras.find(spec)
	case KindAudio:
		_, _, err = microphones.find(spec)
	case KindView:
		_, _, err = views.find(spec)
	case KindSpeaker:
		_, _, err = speakers.find(spec)
	}
	return err
}

// Devices lists the devices of a kind that exist on this machine.
func Devices(kind Kind) []DeviceInfo {
	switch kind {
	case KindVideo:
		return cameras.list()
	case KindAudio:
		return microphones.list()
	case KindView:
		return views.list()
	case KindSpeaker:
		return speakers.list()
	}
	return nil
}

// SpecUsage lists the specs that a kind accepts, for help texts and hints.
func SpecUsage(kind Kind) []string {
	switch kind {
	case KindVideo:
		return cameras.usage()
	case KindAudio:
		return microphones.usage()
	case KindView:
		return views.usage()
	case KindSpeaker:
		return speakers.usage()
	}
	return nil
}

func (d *drivers[T, C]) open(spec string, cfg C) (T, error) {
	drv, arg, err := d.find(spec)
	if err != nil {
		var none T
		return none, err
	}
	dev, err := drv.open(arg, cfg)
	if err != nil {
		var none T
		return none, fmt.Errorf("open --%s %s: %w", d.kind, spec, err)
	}
	return dev, nil
}

func (d *drivers[T, C]) find(spec string) (drv *driver[T, C], arg string, err error) {
	scheme, arg := cutSpec(spec)
	var rest *driver[T, C]
	for i := range d.all {
		switch d.all[i].scheme {
		case scheme:
			return &d.all[i], arg, nil
		case "":
			rest = &d.all[i]
		}
	}
	if rest != nil && spec != "" {
		return rest, spec, nil
	}
	return nil, "", fmt.Errorf("%w %q for --%s", ErrBadSpec, spec, d.kind)
}

func (d *drivers[T, C]) list() []DeviceInfo {
	var out []DeviceInfo
	for i := range d.all {
		if d.all[i].list != nil {
			out = append(out, d.all[i].list()...)
		}
	}
	return out
}

func (d *drivers[T, C]) usage() []string {
	var out []string
	for i := range d.all {
		out = append(out, d.all[i].usage)
	}
	return out
}

func cutSpec(spec string) (scheme, arg string) {
	for i := range spec {
		if spec[i] == ':' {
			return spec[:i], spec[i+1:]
		}
	}
	return spec, ""
}
