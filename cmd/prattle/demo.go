package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
)

type demoFlags struct {
	duration                    time.Duration
	json                        bool
	video, audio, view, speaker string
	videoSize                   string
}

func newDemoCommand() *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "A call with yourself: two processes on this machine",
		Long: `Run a call between two prattle processes over QUIC on loopback, each with an
identity of its own, and measure on both sides what arrives. The caller uses
your camera and microphone if there are any, else a test picture and a tone;
the other side always sends those.`,
		Args:        cobra.NoArgs,
		Annotations: map[string]string{ownFlags: "yes"},
		RunE:        func(c *cobra.Command, _ []string) error { return runDemo(c.Context(), &f, c.OutOrStdout()) },
	}
	s := c.Flags()
	s.DurationVar(&f.duration, "duration", 10*time.Second, "how long the call lasts")
	s.BoolVar(&f.json, "json", false, "print what was measured as JSON")
	s.StringVar(&f.video, "video", "", "pictures that the caller sends (default: a camera, or test)")
	s.StringVar(&f.audio, "audio", "", "sound that the caller sends (default: a microphone, or tone)")
	s.StringVar(&f.view, "view", "", "where the caller shows pictures (default: window, terminal or none)")
	s.StringVar(&f.speaker, "speaker", "", "where the caller plays sound (default: the speaker, or none)")
	s.StringVar(&f.videoSize, "video-size", "1280x720", "size of the pictures sent, `WxH`")
	return c
}

func runDemo(ctx context.Context, f *demoFlags, out io.Writer) error {
	if f.duration < minDemo {
		return usage("", "--duration: a demo needs %v at least", minDemo)
	}
	dir, err := os.MkdirTemp("", "prattle-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	d := demo{flags: f, self: self, dir: dir}
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

// demo runs both processes.
type demo struct {
	flags *demoFlags
	self  string
	dir   string
}

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
		s, err := p.wait()
		if err != nil {
			cancel()
			return nil, err
		}
		sides = append(sides, *s)
	}
	return sides, nil
}

func (d *demo) startListener(ctx context.Context) (p *process, addr string, err error) {
	p, err = d.start(ctx, "callee", nil, "listen", "--listen", "127.0.0.1:0", "--answer", "all", "--once",
		"--video", "test", "--audio", "tone", "--view", "none", "--speaker", "none")
	if err != nil {
		return nil, "", err
	}
	select {
	case addr = <-p.listening:
		return p, addr, nil
	case <-p.exited:
		_, err = p.wait()
		return nil, "", fmt.Errorf("the callee did not listen: %w", err)
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
}

func (d *demo) startCaller(ctx context.Context, addr string) (*process, error) {
	f := d.flags
	view := firstNonEmpty(f.view, defaultView)
	var tty *os.File
	if view == "terminal" {
		tty = os.Stdin
	}
	return d.start(ctx, "caller", tty, "call", addr,
		"--video", firstNonEmpty(f.video, func() string { return firstDevice(media.KindVideo, "camera", "test") }),
		"--audio", firstNonEmpty(f.audio, func() string { return firstDevice(media.KindAudio, "mic", "tone") }),
		"--speaker", firstNonEmpty(f.speaker, func() string { return firstDevice(media.KindSpeaker, "default", "none") }),
		"--view", view, "--duration", f.duration.String())
}

// process is one of the two.
type process struct {
	name      string
	cmd       *exec.Cmd
	stdout    bytes.Buffer
	notes     bytes.Buffer // stderr; owned by watch until exited
	listening chan string
	exited    chan struct{}
	err       error
	started   time.Time
}

func (d *demo) start(ctx context.Context, name string, tty *os.File, args ...string) (*process, error) {
	identity := filepath.Join(d.dir, name+".pem")
	if _, err := certs.Create(identity, nil); err != nil {
		return nil, err
	}
	args = append(args, "--identity", identity, "--name", name, "--config", noConfig, "--video-size", d.flags.videoSize, "--measure", "--json")
	p := &process{name: name, listening: make(chan string, 1), exited: make(chan struct{}), started: time.Now()}
	p.cmd = exec.CommandContext(ctx, d.self, args...)
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = 3 * time.Second
	p.cmd.Stdout = &p.stdout
	if tty != nil {
		p.cmd.Stdin = tty
	}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the %s: %w", name, err)
	}
	go p.watch(stderr)
	return p, nil
}

// watch reads what the process says until it exits.
func (p *process) watch(stderr io.Reader) {
	defer close(p.exited)
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if addr, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			select {
			case p.listening <- addr:
			default:
			}
		}
		fmt.Fprintln(&p.notes, lines.Text())
	}
	p.err = p.cmd.Wait()
}

func (p *process) wait() (*side, error) {
	<-p.exited
	if p.err != nil {
		return nil, fmt.Errorf("the %s failed: %w\n%s", p.name, p.err, p.notes.String())
	}
	s := &side{Side: p.name}
	if err := json.Unmarshal(p.stdout.Bytes(), &s.Call); err != nil {
		return nil, fmt.Errorf("the %s gave no summary: %w", p.name, err)
	}
	state := p.cmd.ProcessState
	if s.Call.Seconds > 0 {
		s.CPU = (state.UserTime() + state.SystemTime()).Seconds() / s.Call.Seconds
	}
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		s.MemoryMB = float64(usage.Maxrss) / maxrssPerMB
	}
	return s, nil
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
