package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
)

// callFlags are those that every command with a call has. The zero value of a
// device flag means: whatever there is.
type callFlags struct {
	identity string
	name     string

	video, audio, view, speaker string

	viewSize, videoSize string
	fps                 int
	maxUp               string
	codec               string
	duration            time.Duration
	trace               string
	json                bool
	measure             bool
}

func (f *callFlags) register(c *cobra.Command) {
	s := c.Flags()
	s.StringVar(&f.identity, "identity", os.Getenv("PRATTLE_IDENTITY"), "identity `FILE` (default: one of your own, made at first use)")
	s.StringVar(&f.name, "name", envOr("PRATTLE_NAME", userName()), "what the other side is told you are called")
	s.StringVar(&f.video, "video", os.Getenv("PRATTLE_VIDEO"), "pictures to send: "+specs(media.KindVideo))
	s.StringVar(&f.audio, "audio", os.Getenv("PRATTLE_AUDIO"), "sound to send: "+specs(media.KindAudio))
	s.StringVar(&f.view, "view", os.Getenv("PRATTLE_VIEW"), "where pictures are shown: "+specs(media.KindView))
	s.StringVar(&f.speaker, "speaker", os.Getenv("PRATTLE_SPEAKER"), "where sound is played: "+specs(media.KindSpeaker))
	s.StringVar(&f.viewSize, "view-size", envOr("PRATTLE_VIEW_SIZE", "1280x720"), "size of the window or view file, `WxH`")
	s.StringVar(&f.videoSize, "video-size", envOr("PRATTLE_VIDEO_SIZE", "1280x720"), "size of the pictures sent, `WxH`")
	s.IntVar(&f.fps, "fps", 30, "pictures sent a second")
	s.StringVar(&f.maxUp, "max-up", envOr("PRATTLE_MAX_UP", "2500k"), "most that is sent, `BITRATE` (800k, 2.5M)")
	s.StringVar(&f.codec, "codec", os.Getenv("PRATTLE_CODEC"), "video codec to prefer: "+strings.Join(media.VideoCodecs(), ", "))
	s.DurationVar(&f.duration, "duration", 0, "hang up after this long (30s, 5m)")
	s.StringVar(&f.trace, "trace", os.Getenv("PRATTLE_TRACE"), "write what happens to `FILE` as JSON Lines")
	s.BoolVar(&f.json, "json", false, "print a summary of the call as JSON")
	s.BoolVar(&f.measure, "measure", false, "stamp what is sent and measure what arrives")
	if err := s.MarkHidden("measure"); err != nil {
		panic(err)
	}
}

func specs(kind media.Kind) string { return strings.Join(media.SpecUsage(kind), ", ") }

func envOr(key, value string) string {
	if v := os.Getenv(key); v != "" {
		return v
	}
	return value
}

func userName() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return media.CleanText(u.Username, 40)
}

// settings are the flags, checked and with the defaults of this machine.
type settings struct {
	callFlags
	picture media.PictureConfig
	shown   media.PictureConfig
	up      media.Bitrate
	id      *certs.Identity
}

// check makes settings of flags. It opens no device.
func (f *callFlags) check() (*settings, error) {
	s := &settings{callFlags: *f}
	steps := []func() error{s.checkNumbers, s.chooseDevices, s.checkDevices, s.loadIdentity}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *settings) checkNumbers() error {
	w, h, err := media.ParseSize(s.videoSize)
	if err != nil {
		return usage("", "--video-size: %w", err)
	}
	vw, vh, err := media.ParseSize(s.viewSize)
	if err != nil {
		return usage("", "--view-size: %w", err)
	}
	if s.up, err = media.ParseBitrate(s.maxUp); err != nil {
		return usage("", "--max-up: %w", err)
	}
	if s.fps < 1 || s.fps > 120 {
		return usage("", "--fps: %d is not between 1 and 120", s.fps)
	}
	if s.duration < 0 {
		return usage("", "--duration: %v is not a length of time", s.duration)
	}
	if s.codec != "" {
		if _, err := media.VideoCodecByName(s.codec); err != nil {
			return fmt.Errorf("--codec: %w", err)
		}
	}
	s.picture = media.PictureConfig{Width: w, Height: h, FPS: s.fps, Stamp: s.measure}
	s.shown = media.PictureConfig{Width: vw, Height: vh, FPS: s.fps, Title: "Prattle"}
	return nil
}

// chooseDevices fills in what the user left open: what this machine has.
func (s *settings) chooseDevices() error {
	s.video = firstNonEmpty(s.video, func() string { return firstDevice(media.KindVideo, "camera", "none") })
	s.audio = firstNonEmpty(s.audio, func() string { return firstDevice(media.KindAudio, "mic", "none") })
	s.speaker = firstNonEmpty(s.speaker, func() string { return firstDevice(media.KindSpeaker, "default", "none") })
	s.view = firstNonEmpty(s.view, defaultView)
	return nil
}

func firstNonEmpty(spec string, choose func() string) string {
	if spec != "" {
		return spec
	}
	return choose()
}

// firstDevice returns the spec of scheme if this machine has such a device.
func firstDevice(kind media.Kind, scheme, otherwise string) string {
	for _, d := range media.Devices(kind) {
		if d.Spec == scheme || strings.HasPrefix(d.Spec, scheme+":") {
			return scheme
		}
	}
	return otherwise
}

// defaultView is the window if there is a display, the terminal if we are in one.
func defaultView() string {
	terminal := "none"
	if term.IsTerminal(int(os.Stdout.Fd())) && term.IsTerminal(int(os.Stdin.Fd())) {
		terminal = "terminal"
	}
	return firstDevice(media.KindView, "window", terminal)
}

// checkDevices finds what can be known to fail before anybody is called: specs
// that no driver takes, and files that are not there.
func (s *settings) checkDevices() error {
	for _, d := range []struct {
		kind  media.Kind
		spec  string
		input bool
	}{
		{media.KindVideo, s.video, true}, {media.KindAudio, s.audio, true},
		{media.KindView, s.view, false}, {media.KindSpeaker, s.speaker, false},
	} {
		if err := media.CheckSpec(d.kind, d.spec); err != nil {
			return &hinted{err, fmt.Sprintf("--%s takes %s", d.kind, specs(d.kind))}
		}
		name, isFile := strings.CutPrefix(d.spec, "file:")
		if !isFile || !d.input {
			continue
		}
		if _, err := os.Stat(name); err != nil {
			return fmt.Errorf("--%s: %w", d.kind, err)
		}
	}
	return s.missingHardware()
}

// missingHardware refuses a camera or a microphone that was asked for by its
// scheme where the machine has none at all.
func (s *settings) missingHardware() error {
	for _, d := range []struct {
		kind         media.Kind
		spec, scheme string
	}{
		{media.KindVideo, s.video, "camera"}, {media.KindAudio, s.audio, "mic"},
		{media.KindSpeaker, s.speaker, "default"}, {media.KindView, s.view, "window"},
	} {
		if d.spec == d.scheme && firstDevice(d.kind, d.scheme, "") == "" {
			return fmt.Errorf("--%s %s: %w", d.kind, d.spec, media.ErrNoDevice)
		}
	}
	return nil
}

// loadIdentity reads the identity file. The user's own is made at first use; one
// that was named must exist.
func (s *settings) loadIdentity() error {
	var err error
	if s.identity != "" {
		s.id, err = certs.Load(s.identity, askPassphrase)
	} else {
		var path string
		if path, err = identityPath(); err == nil {
			s.id, err = certs.LoadOrCreate(path, askPassphrase)
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return &hinted{err, fmt.Sprintf("`prattle identity new %s` makes one", s.identity)}
	}
	return err
}

// room is the configuration of the engine.
func (s *settings) room() peer.Config {
	cfg := peer.Config{
		Identity: s.id,
		Name:     s.name,
		Agent:    "prattle " + version,
		Devices: peer.Devices{
			Camera:     func() (media.Camera, error) { return media.OpenCamera(s.video, s.picture) },
			Microphone: func() (media.Microphone, error) { return media.OpenMicrophone(s.audio) },
			View:       func() (media.View, error) { return media.OpenView(s.view, s.shown) },
			Speaker:    func() (media.Speaker, error) { return media.OpenSpeaker(s.speaker) },
		},
		FPS:     s.fps,
		MaxUp:   s.up,
		Measure: s.measure,
		Tick:    s.measure && s.audio != "tone",
	}
	if s.codec != "" {
		cfg.VideoCodecs = append([]string{s.codec}, media.VideoCodecs()...)
	}
	return cfg
}
