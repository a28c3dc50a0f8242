package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
)

// session is one run of call or listen: the room, and the person at it.
type session struct {
	settings *settings
	room     *peer.Room
	console  *console
	screen   screen
	trace    *peer.Trace
	signal   int // exit code of the signal that ended it, 0 if none did
}

// newSession checks the flags and opens a room on a UDP address.
func newSession(f *callFlags, listen string) (*session, error) {
	settings, err := f.check()
	if err != nil {
		return nil, err
	}
	addr, err := net.ResolveUDPAddr("udp", listen)
	if err != nil {
		return nil, usage("try --listen :7728 or --listen 127.0.0.1:7728", "--listen: %w", err)
	}
	s := &session{settings: settings, console: newConsole()}
	if settings.trace != "" {
		if s.trace, err = peer.OpenTrace(settings.trace); err != nil {
			return nil, err
		}
	}
	socket, err := net.ListenUDP("udp", addr)
	if err != nil {
		s.trace.Close()
		return nil, err
	}
	cfg := settings.room()
	cfg.Trace = s.trace
	cfg.Decorate = s.screen.decorate
	s.room = peer.NewRoom(socket, cfg)
	return s, nil
}

// close ends the room. A fault in closing becomes the error if there is none.
func (s *session) close(err *error) {
	closed := make(chan error, 1)
	go func() { closed <- s.room.Close() }()
	for waiting := true; waiting; {
		select {
		case e := <-closed:
			if *err == nil && e != nil && !errors.Is(e, net.ErrClosed) {
				*err = e
			}
			waiting = false
		case <-s.room.Events(): // nobody listens any more, and nobody must wait
		}
	}
	if e := s.trace.Close(); *err == nil {
		*err = e
	}
}

// untilSignal returns a context that ends with the first SIGINT or SIGTERM. The
// second quits at once.
func (s *session) untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case sig := <-signals:
			s.signal = exitSIGINT
			if sig == syscall.SIGTERM {
				s.signal = exitSIGTERM
			}
			cancel()
		case <-ctx.Done():
		}
		<-signals
		media.RestoreTerminal()
		os.Exit(exitSIGINT)
	}()
	return ctx, cancel
}

// stoppedOr returns err, or what the signal says if one ended the work.
func (s *session) stoppedOr(err error) error {
	if s.signal != 0 {
		return &stopped{s.signal}
	}
	return err
}

// follow keeps a call going until it ends, and tells its summary.
func (s *session) follow(ctx context.Context, l *peer.Link) error {
	c := &conversation{session: s, link: l}
	err := c.run(ctx)
	s.console.setQuiet(false)
	media.RestoreTerminal()
	if sum := l.Summary(); sum != nil {
		s.report(sum)
	}
	return err
}

// report prints the summary: for programs on stdout, for people on stderr.
func (s *session) report(sum *peer.Summary) {
	if s.settings.json {
		json.NewEncoder(os.Stdout).Encode(sum)
		return
	}
	s.console.printf("call with %s ended after %s: %.1f pictures/s shown, %.0f ms round trip, %.1f %% lost",
		sum.Name, time.Duration(sum.Seconds*float64(time.Second)).Round(time.Second), sum.ShownFPS, sum.RTT, sum.Loss*100)
}

// tellEnd tells how a call ended, where the program goes on.
func (s *session) tellEnd(err error) {
	if err != nil {
		s.console.printf("prattle: error: %v", err)
	}
	s.console.printf("listening on %s", s.room.Addr())
}

// conversation is one call as the person lives it.
type conversation struct {
	*session
	link      *peer.Link
	state     peer.State // as last told
	connected bool
	fault     error // a device that the call cannot do without
}

func (c *conversation) run(ctx context.Context) error {
	var hangUp <-chan time.Time
	var lines <-chan string
	stop := ctx.Done()
	for {
		if c.connected && hangUp == nil && c.settings.duration > 0 {
			hangUp = time.After(c.settings.duration)
		}
		if c.connected && lines == nil && c.settings.view != "terminal" {
			lines = c.console.lines()
		}
		select {
		case e := <-c.room.Events():
			c.handle(e)
		case line, ok := <-lines:
			if !ok {
				lines = make(chan string) // stdin has ended; the call goes on
				continue
			}
			c.line(line)
		case <-hangUp:
			c.link.HangUp()
		case <-stop:
			stop = nil
			c.link.HangUp()
		case <-c.link.Done():
			return c.outcome()
		}
	}
}

func (c *conversation) outcome() error {
	if c.fault != nil {
		return c.fault
	}
	return c.stoppedOr(c.link.Err())
}

func (c *conversation) handle(e peer.Event) {
	switch e.Kind {
	case peer.EventRing:
		e.Link.Decline("busy")
	case peer.EventDevice:
		c.deviceFailed(e.Err)
	case peer.EventView:
		c.viewed(e.View)
	case peer.EventDelivered:
		c.console.printf("  ✓ delivered")
		c.screen.delivered(e.ID)
	}
	if e.Link != c.link {
		return
	}
	switch e.Kind {
	case peer.EventState:
		c.stateChanged()
	case peer.EventChat:
		c.screen.say(c.link.Name(), e.Text)
		fmt.Fprintf(c.chatOutput(), "%s: %s\n", c.link.Name(), e.Text)
	}
}

// chatOutput is stdout, but where that is for the summary alone or belongs to
// the picture.
func (c *conversation) chatOutput() io.Writer {
	switch {
	case c.settings.view == "terminal":
		return io.Discard
	case c.settings.json:
		return c.console.err
	}
	return c.console.out
}

func (c *conversation) stateChanged() {
	state := c.link.State()
	if state == c.state {
		return // something else about the link has changed
	}
	c.state = state
	switch state {
	case peer.StateRinging:
		c.console.printf("ringing %s …", c.link.Name())
	case peer.StateConnected:
		if !c.connected {
			c.connected = true
			c.screen.begin(c.link)
			c.console.printf("connected with %s (%s)", c.link.Name(), c.link.Peer())
			c.console.setQuiet(c.settings.view == "terminal")
		} else {
			c.console.printf("connected again")
		}
	case peer.StateReconnecting:
		c.console.printf("nothing is heard from %s: reconnecting …", c.link.Name())
	}
}

// deviceFailed ends the call if the device never worked; one that breaks later
// is tried again by the room.
func (c *conversation) deviceFailed(err error) {
	if errors.Is(err, peer.ErrDeviceLost) {
		c.console.printf("prattle: warning: %v", err)
		return
	}
	if c.fault == nil {
		c.fault = err
	}
	c.link.HangUp()
}

func (c *conversation) viewed(e media.ViewEvent) {
	switch {
	case e.Closed:
		c.link.HangUp()
	case e.Line != "":
		c.line(e.Line)
	case e.Key != 0:
		c.key(e.Key)
	}
}

// key does what a key in the view stands for.
func (c *conversation) key(k rune) {
	switch k {
	case 'q', 'Q', media.KeyEscape, 3:
		c.link.HangUp()
	case 'm', 'M':
		muted := c.screen.toggleMuted()
		c.room.SetMuted(muted)
		c.console.printf("%s", choose(muted, "you are muted", "you are heard again"))
	case 'v', 'V':
		off := c.screen.toggleCamera()
		c.room.SetCameraOff(off)
		c.console.printf("%s", choose(off, "your camera is off", "you are seen again"))
	case 's', 'S':
		c.screen.toggleStats()
	case '?', 'h', 'H':
		c.screen.toggleHelp()
	}
}

func choose(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// commands are what a typed line that begins with a slash can be.
var commands = map[string]rune{"/quit": 'q', "/mute": 'm', "/camera": 'v', "/stats": 's', "/help": '?'}

// line sends a typed line, or does what it says.
func (c *conversation) line(text string) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
	case strings.HasPrefix(text, "/"):
		c.command(text)
	default:
		c.screen.saySelf(c.link.SendChat(text), text)
	}
}

func (c *conversation) command(text string) {
	for name, key := range commands {
		if len(text) > 1 && strings.HasPrefix(name, text) {
			c.key(key)
			if key == '?' {
				c.console.printf("/mute /camera /stats /quit; anything else is sent as a message")
			}
			return
		}
	}
	c.console.printf("%s is no command: /mute /camera /stats /help /quit", text)
}
