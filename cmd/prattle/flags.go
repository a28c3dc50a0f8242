package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"slices"
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
	command *cobra.Command

	identity, cert, key string
	ca                  string
	knownPeers          string
	name                string
	reachFlags

	video, audio, view, speaker string

	viewSize, videoSize string
	fps                 int
	maxUp               string
	codec               string
	duration            time.Duration
	trace               string
	log, logLevel       string
	json                bool
	measure             bool
}

func (f *callFlags) register(c *cobra.Command) {
	f.registerMedia(c)
	f.reachFlags.register(c)
}

// registerMedia adds the flags that have nothing to do with how a call comes about.
func (f *callFlags) registerMedia(c *cobra.Command) {
	f.registerIdentity(c)
	s := c.Flags()
	s.StringVar(&f.name, "name", userName(), "what the other side is told you are called")
	s.StringVar(&f.video, "video", "", "pictures to send: "+specs(media.KindVideo))
	s.StringVar(&f.audio, "audio", "", "sound to send: "+specs(media.KindAudio))
	s.StringVar(&f.view, "view", "", "where pictures are shown: "+specs(media.KindView))
	s.StringVar(&f.speaker, "speaker", "", "where sound is played: "+specs(media.KindSpeaker))
	s.StringVar(&f.viewSize, "view-size", "1280x720", "size of the window or view file, `WxH`")
	s.StringVar(&f.videoSize, "video-size", "1280x720", "size of the pictures sent, `WxH`")
	s.IntVar(&f.fps, "fps", 30, "pictures sent a second")
	s.StringVar(&f.maxUp, "max-up", "", "most that is sent to all together, `BITRATE` (800k, 2.5M); without it 2.7M to each")
	s.StringVar(&f.codec, "codec", "", "video codec to prefer: "+strings.Join(media.VideoCodecs(), ", "))
	s.DurationVar(&f.duration, "duration", 0, "hang up after this long (30s, 5m)")
	s.StringVar(&f.trace, "trace", "", "write what happens to `FILE` as JSON Lines")
	s.StringVar(&f.log, "log", "", "append what goes on behind the call to `FILE`")
	s.StringVar(&f.logLevel, "log-level", "info", "how much of it: "+strings.Join(logLevels, ", "))
	s.BoolVar(&f.json, "json", false, "print a summary of the call as JSON")
	s.BoolVar(&f.measure, "measure", false, "stamp what is sent and measure what arrives")
	if err := s.MarkHidden("measure"); err != nil {
		panic(err)
	}
}

// registerIdentity adds the flags that say who the person is, and whom they know.
func (f *callFlags) registerIdentity(c *cobra.Command) {
	f.command = c
	s := c.Flags()
	s.StringVar(&f.identity, "identity", "", "identity `FILE` (default: one of your own, made at first use)")
	s.StringVar(&f.cert, "cert", "", "certificate `FILE` of a CA of yours, instead of an identity file")
	s.StringVar(&f.key, "key", "", "private key `FILE` for --cert (default: it is in the same file)")
	s.StringVar(&f.ca, "ca", "", "CA certificates `FILE`: whoever they have certified is known by the name in the certificate")
	s.StringVar(&f.knownPeers, "known-peers", "", "contacts `FILE` (default: the user's own)")
}

func specs(kind media.Kind) string { return strings.Join(media.SpecUsage(kind), ", ") }

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
	picture     media.PictureConfig
	shown       media.PictureConfig
	up          media.Bitrate
	id          *certs.Identity
	authorities *certs.Authorities
}

// check makes settings of flags. It opens no device.
func (f *callFlags) check() (*settings, error) {
	s := &settings{callFlags: *f}
	steps := []func() error{s.checkNumbers, s.reachFlags.check, s.chooseDevices, s.checkDevices, s.loadAuthorities, s.loadIdentity}
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
		return s.bad("video-size", "", err)
	}
	vw, vh, err := media.ParseSize(s.viewSize)
	if err != nil {
		return s.bad("view-size", "", err)
	}
	if s.maxUp != "" {
		if s.up, err = media.ParseBitrate(s.maxUp); err != nil {
			return s.bad("max-up", "", err)
		}
	}
	if s.fps < 1 || s.fps > 120 {
		return s.bad("fps", "", fmt.Errorf("%d is not between 1 and 120", s.fps))
	}
	if s.duration < 0 {
		return s.bad("duration", "", fmt.Errorf("%v is not a length of time", s.duration))
	}
	if s.codec != "" {
		if _, err := media.VideoCodecByName(s.codec); err != nil {
			return s.bad("codec", "codecs here: "+strings.Join(media.VideoCodecs(), ", "), err)
		}
	}
	if !slices.Contains(logLevels, s.logLevel) {
		return s.bad("log-level", "it takes "+strings.Join(logLevels, ", "), fmt.Errorf("there is no level %q", s.logLevel))
	}
	s.picture = media.PictureConfig{Width: w, Height: h, FPS: s.fps, Stamp: s.measure}
	s.shown = media.PictureConfig{Width: vw, Height: vh, FPS: s.fps, Title: "Prattle"}
	return nil
}

// bad is the error for the value of a flag, or of the setting that stands for it.
func (f *callFlags) bad(flag, hint string, err error) error {
	origin := f.command.Flags().Lookup(flag).Annotations[originAnnotation]
	if len(origin) == 0 {
		return usage(hint, "--%s: %w", flag, err)
	}
	return badSetting(origin[0], hint, fmt.Errorf("%s: %w", origin[0], err))
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
		if err := media.CheckSpec(d.kind, d.spec); errors.Is(err, media.ErrBadSpec) {
			return s.bad(string(d.kind), fmt.Sprintf("--%s takes %s", d.kind, specs(d.kind)), err)
		} else if err != nil {
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

func (s *settings) loadAuthorities() (err error) {
	if s.ca != "" {
		s.authorities, err = certs.LoadAuthorities(s.ca)
	}
	return err
}

// loadIdentity reads the identity file, or the certificate and key of a CA. The
// user's own identity is made at first use; what was named must exist.
func (s *settings) loadIdentity() error {
	if s.cert != "" || s.key != "" {
		return s.loadPair()
	}
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

func (s *settings) loadPair() (err error) {
	switch {
	case s.cert == "":
		return s.bad("key", "--cert says which certificate it belongs to", errors.New("it needs --cert"))
	case s.identity != "":
		return s.bad("cert", "leave one of them away", errors.New("it is given besides --identity"))
	}
	s.id, err = certs.LoadPair(s.cert, firstNonEmpty(s.key, func() string { return s.cert }), askPassphrase)
	return err
}

// room is the configuration of the engine.
func (s *settings) room() peer.Config {
	cfg := peer.Config{
		Identity:    s.id,
		Authorities: s.authorities,
		Name:        s.name,
		Agent:       "prattle " + version,
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
