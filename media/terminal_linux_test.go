package media

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A pty is a terminal of the kernel's with us at the other end.
type pty struct {
	t             *testing.T
	master, slave *os.File

	mu     sync.Mutex
	output string
	more   chan struct{} // output has grown
	ended  chan struct{} // nobody reads any more
}

func newPTY(t *testing.T, w, h int) *pty {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there are no pseudo terminals here: ", err)
	}
	p := &pty{t: t, master: master, more: make(chan struct{}, 1), ended: make(chan struct{})}
	n, err := unix.IoctlGetInt(descriptor(master), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(descriptor(master), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		p.slave, err = os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.resize(w, h)
	t.Cleanup(func() {
		p.hangUp()
		p.slave.Close()
	})
	return p
}

func (p *pty) resize(w, h int) {
	size := &unix.Winsize{Col: uint16(w), Row: uint16(h)}
	if err := unix.IoctlSetWinsize(descriptor(p.master), unix.TIOCSWINSZ, size); err != nil {
		p.t.Fatal(err)
	}
}

// read takes the output from now on.
func (p *pty) read() {
	go func() {
		defer close(p.ended)
		buf := make([]byte, 1<<16)
		for {
			n, err := p.master.Read(buf)
			p.mu.Lock()
			p.output += string(buf[:n])
			p.mu.Unlock()
			select {
			case p.more <- struct{}{}:
			default:
			}
			if err != nil {
				return
			}
		}
	}()
}

// hangUp ends the terminal from its side.
func (p *pty) hangUp() { p.master.Close() }

func (p *pty) taken() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output
}

// await waits until the output is as wanted.
func (p *pty) await(what string, good func(output string) bool) {
	p.t.Helper()
	for !good(p.taken()) {
		select {
		case <-p.more:
		case <-time.After(20 * time.Second):
			p.t.Fatalf("waited in vain for %s; the end of the output is %.1000q", what, p.taken())
		}
	}
}

// awaitText waits until the terminal shows text in row y; it has up to 80x24 cells.
func (p *pty) awaitText(y int, text string) {
	p.t.Helper()
	p.await(text, func(output string) bool {
		const end = "\x1b[?2026l"
		whole := output[:max(strings.LastIndex(output, end), 0)] // of the last update the rest may be on its way
		m := newTerminalModel(p.t, 80, 24, trueColour)
		m.feed(whole)
		return strings.Contains(m.text(y), text)
	})
}

func (p *pty) send(keys string) {
	p.t.Helper()
	if _, err := p.master.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pty) mode() unix.Termios {
	mode, err := unix.IoctlGetTermios(descriptor(p.slave), unix.TCGETS)
	if err != nil {
		p.t.Fatal(err)
	}
	return *mode
}

// open opens a view on the terminal.
func (p *pty) open() *terminalView {
	p.t.Helper()
	v := newTerminalView(&tty{in: p.slave, out: p.slave}, trueColour)
	if err := v.tty.enter("a call"); err != nil {
		p.t.Fatal(err)
	}
	v.start()
	p.t.Cleanup(func() { v.Close() })
	return v
}

func TestTerminalIsGivenBack(t *testing.T) {
	for name, giveBack := range map[string]func(*terminalView){
		"Close":           func(v *terminalView) { v.Close() },
		"RestoreTerminal": func(v *terminalView) { RestoreTerminal() },
		"both":            func(v *terminalView) { RestoreTerminal(); v.Close(); RestoreTerminal() },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPTY(t, 80, 24)
			before := p.mode()
			v := p.open()
			p.read()
			if during := p.mode(); during.Lflag&(unix.ICANON|unix.ECHO|unix.ISIG) != 0 {
				t.Error("the terminal is not in raw mode")
			}
			v.Show(&Scene{Status: "a status"})
			p.awaitText(0, "a status")
			giveBack(v)
			p.await("the end", func(output string) bool { return strings.HasSuffix(output, "\x1b[?1049l") })
			if after := p.mode(); after != before {
				t.Errorf("mode %+v, want %+v", after, before)
			}
			m := newTerminalModel(t, 80, 24, trueColour)
			m.feed(p.taken())
			for mode, want := range map[string]bool{"25": true, "7": true, "1049": false, "2004": false, "2026": false} {
				if m.modes[mode] != want {
					t.Errorf("mode %s is %v, want %v", mode, m.modes[mode], want)
				}
			}
			if m.title != "a call" {
				t.Errorf("title %q", m.title)
			}
		})
	}
}

func TestTerminalEvents(t *testing.T) {
	p := newPTY(t, 80, 24)
	v := p.open()
	p.read()
	events := []struct {
		keys string
		want ViewEvent
	}{
		{"hello wörld\x1b[D\x7f\x7f\r", ViewEvent{Line: "hello wöd"}},
		{"  \r/mute \r", ViewEvent{Line: "/mute"}},
		{"\x1b", ViewEvent{Key: KeyEscape}},
		{"\x03", ViewEvent{Key: 3}},
		{"q\x04\x04\x1b[D\x04\x04", ViewEvent{Key: 'q'}}, // the first have something to delete
		{"\x1b[200~/quit\n\x1b[201~ no\r", ViewEvent{Line: "/quit  no"}},
	}
	for _, e := range events {
		p.send(e.keys)
		if got := <-v.Events(); got != e.want {
			t.Errorf("%q is %+v, want %+v", e.keys, got, e.want)
		}
	}
	p.send("half a line")
	p.awaitText(23, " › half a line ") // without any Show
	p.hangUp()
	if got := <-v.Events(); got != (ViewEvent{Closed: true}) {
		t.Errorf("after the end of the terminal: %+v", got)
	}
	v.Close()
	if _, open := <-v.Events(); open {
		t.Error("there are events after Close")
	}
}

func TestTerminalFollowsItsSize(t *testing.T) {
	p := newPTY(t, 80, 24)
	v := p.open()
	p.read()
	s := &Scene{Tiles: []Tile{{Frame: redFrame(160, 90)}}, Status: "a status", Chat: []string{"the end of it"}}
	if err := v.Show(s); err != nil {
		t.Fatal(err)
	}
	p.awaitText(22, "the end of it")
	p.resize(40, 12)
	if err := syscall.Kill(os.Getpid(), syscall.SIGWINCH); err != nil {
		t.Fatal(err)
	}
	p.awaitText(10, "the end of it") // without another Show
}

// TestTerminalThatTakesNothing never reads what the view writes.
func TestTerminalThatTakesNothing(t *testing.T) {
	p := newPTY(t, 160, 45)
	v := p.open()
	s := &Scene{Tiles: []Tile{{Frame: noisy(160, 90, 0)}}}
	for n := range 100 {
		s.Tiles[0].Frame = noisy(160, 90, uint64(n))
		if err := v.Show(s); err != nil {
			t.Fatal(err)
		}
	}
	p.send("\x03") // is heard all the same
	if got := <-v.Events(); got != (ViewEvent{Key: 3}) {
		t.Errorf("Ctrl-C is %+v", got)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
}

func TestTerminalThatGoesAway(t *testing.T) {
	p := newPTY(t, 80, 24)
	v := p.open()
	p.hangUp()
	if got := <-v.Events(); got != (ViewEvent{Closed: true}) {
		t.Errorf("event %+v, want that it was closed", got)
	}
	if err := v.Show(&Scene{}); err == nil {
		t.Error("Show on a terminal that went away")
	}
}

func TestTerminalAfterClose(t *testing.T) {
	v := newPTY(t, 80, 24).open()
	for range 2 {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := v.Show(&Scene{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Show after Close: %v, want ErrClosed", err)
	}
}

func TestTerminalForOneViewOnly(t *testing.T) {
	p := newPTY(t, 80, 24)
	p.open()
	second := &tty{in: p.slave, out: p.slave}
	if err := second.enter(""); !errors.Is(err, ErrDeviceBusy) {
		t.Errorf("a second view: %v, want ErrDeviceBusy", err)
	}
}

func TestTerminalThatIsNone(t *testing.T) {
	for _, term := range []string{"", "dumb"} {
		t.Setenv("TERM", term)
		if _, err := OpenView("terminal", PictureConfig{}); !errors.Is(err, ErrNoDevice) {
			t.Errorf("TERM=%q: %v, want ErrNoDevice", term, err)
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if err := (&tty{in: r, out: w}).enter(""); !errors.Is(err, ErrNoDevice) {
		t.Errorf("a pipe: %v, want ErrNoDevice", err)
	}
	if usage := SpecUsage(KindView); !slices.Contains(usage, "terminal") {
		t.Errorf("views are %q", usage)
	}
}

// OpenTerminalForTest opens a terminal view on a pseudo terminal that is read.
func OpenTerminalForTest(t *testing.T) View {
	p := newPTY(t, 100, 30)
	p.read()
	return p.open()
}
