package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
)

type demoFlags struct {
	command                     *cobra.Command
	people                      int
	loopback                    bool
	duration                    time.Duration
	json                        bool
	video, audio, view, speaker string
	videoSize                   string
}

func newDemoCommand() *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "A call with yourself, or a room: processes on this machine",
		Long: `Run a call between two prattle processes over QUIC on loopback, each with an
identity of its own, and measure on both sides what arrives. The caller uses
your camera and microphone if there are any, else a test picture and a tone;
the other side always sends those.

With --people 3 or more they meet in a room, all with test pictures and tones: as root
on Linux each on a machine of its own (a network namespace) in one local network,
where they find each other by multicast, else on loopback. The table at the end has a
line for everybody's picture at everybody else.`,
		Example: `  prattle demo
  prattle demo --people 4 --duration 20s
  prattle demo --people 3 --view terminal`,
		Args:        cobra.NoArgs,
		Annotations: map[string]string{ownFlags: "yes"},
		RunE: func(c *cobra.Command, _ []string) error {
			if f.people == 2 {
				return runDemo(c.Context(), &f, c.OutOrStdout())
			}
			return runRoomDemo(c.Context(), &f, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f.command = c
	s := c.Flags()
	s.IntVar(&f.people, "people", 2, "how many take part: two have a call, more a room")
	s.BoolVar(&f.loopback, "loopback", false, "a room of processes on loopback, also as root")
	s.DurationVar(&f.duration, "duration", 10*time.Second, "how long the call lasts")
	s.BoolVar(&f.json, "json", false, "print what was measured as JSON")
	s.StringVar(&f.video, "video", "", "pictures that the caller sends (default: a camera, or test)")
	s.StringVar(&f.audio, "audio", "", "sound that the caller sends (default: a microphone, or tone)")
	s.StringVar(&f.view, "view", "", "where the caller shows pictures (default: window, terminal or none); in a room the first, default none")
	s.StringVar(&f.speaker, "speaker", "", "where the caller plays sound (default: the speaker, or none)")
	s.StringVar(&f.videoSize, "video-size", "1280x720", "size of the pictures sent, `WxH`; in a room 640x360 if not given")
	return c
}

func runDemo(ctx context.Context, f *demoFlags, out io.Writer) error {
	d, err := openDemo(f)
	if err != nil {
		return err
	}
	defer d.close()
	sides, err := d.run(ctx)
	if err != nil {
		return err
	}
	if f.json {
		err = json.NewEncoder(out).Encode(sides)
	} else {
		err = printSides(out, sides)
	}
	if err != nil {
		return err
	}
	return judge(sides, f.duration)
}

// demo runs the processes.
type demo struct {
	flags *demoFlags
	self  string
	dir   string
}

func openDemo(f *demoFlags) (*demo, error) {
	if f.duration < minDemo {
		return nil, usage("", "--duration: a demo needs %v at least", minDemo)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "prattle-demo-")
	return &demo{flags: f, self: self, dir: dir}, err
}

func (d *demo) close() { os.RemoveAll(d.dir) }

// side is what one process measured, and what it took.
type side struct {
	Side     string       `json:"side"`
	Call     peer.Summary `json:"call"`
	CPU      float64      `json:"cpu_cores"` // of one core, over the call
	MemoryMB float64      `json:"memory_mb"` // greatest resident size
}

// demoGrace is how much longer than the call the processes may take.
const demoGrace = 15 * time.Second

func (d *demo) run(ctx context.Context) ([]side, error) {
	ctx, cancel := context.WithTimeout(ctx, d.flags.duration+demoGrace)
	defer cancel()
	callee, addr, err := d.startListener(ctx)
	if err != nil {
		return nil, err
	}
	caller, err := d.startCaller(ctx, addr)
	if err != nil {
		return nil, err
	}
	var sides []side
	for _, p := range []*process{caller, callee} {
		s := side{Side: p.name}
		if err := p.wait(&s.Call); err != nil {
			cancel()
			return nil, err
		}
		s.CPU, s.MemoryMB = p.cost(s.Call.Seconds)
		sides = append(sides, s)
	}
	return sides, nil
}

func (d *demo) startListener(ctx context.Context) (p *process, addr string, err error) {
	p, err = d.start(ctx, "callee", nil, start, "listen", "--listen", "127.0.0.1:0", "--answer", "all", "--once",
		"--video", "test", "--audio", "tone", "--view", "none", "--speaker", "none", "--video-size", d.flags.videoSize)
	if err != nil {
		return nil, "", err
	}
	addr, err = p.addr(ctx)
	return p, addr, err
}

func (d *demo) startCaller(ctx context.Context, addr string) (*process, error) {
	f := d.flags
	view := firstNonEmpty(f.view, defaultView)
	var tty *os.File
	if view == "terminal" {
		tty = os.Stdin
	}
	return d.start(ctx, "caller", tty, start, "call", addr,
		"--video", firstNonEmpty(f.video, func() string { return firstDevice(media.KindVideo, "camera", "test") }),
		"--audio", firstNonEmpty(f.audio, func() string { return firstDevice(media.KindAudio, "mic", "tone") }),
		"--speaker", firstNonEmpty(f.speaker, func() string { return firstDevice(media.KindSpeaker, "default", "none") }),
		"--view", view, "--video-size", f.videoSize, "--duration", f.duration.String())
}

var errSilentDemo = errors.New("the demo did not work")

// minDemo leaves time for a few clicks of the tone, which come once a second.
const minDemo = 3 * time.Second

// Of what should have come, the share without which something is broken: a
// machine may be slow, but not that slow.
const (
	enoughPictures = 0.3
	enoughClicks   = 0.5
)

// judge decides from the received pixels and samples whether picture and sound
// arrived both ways.
func judge(sides []side, duration time.Duration) error {
	for _, s := range sides {
		pictures := duration.Seconds() * 30 * enoughPictures
		if float64(s.Call.Stamps) < pictures {
			return fmt.Errorf("%w: the %s saw only %d pictures of the other side", errSilentDemo, s.Side, s.Call.Stamps)
		}
		if float64(s.Call.Clicks) < duration.Seconds()*enoughClicks {
			return fmt.Errorf("%w: the %s heard only %d clicks of the other side", errSilentDemo, s.Side, s.Call.Clicks)
		}
	}
	return nil
}
