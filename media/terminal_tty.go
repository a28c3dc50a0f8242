package media

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"
)

// A tty is the terminal that the program was started from. From enter to leave it
// is in raw mode and shows the alternate screen.
type tty struct {
	in, out *os.File
	owned   bool // in is out, and ours to close

	writing sync.Mutex // held during a write
	left    atomic.Bool
	title   bool
	raw     *term.State
}

// activeTTY is the one to be restored by RestoreTerminal.
var activeTTY atomic.Pointer[tty]

// RestoreTerminal gives the terminal back as it was if a terminal view is open,
// else it does nothing. Close of the view does so too; this is for the ways out
// that pass by it: before os.Exit, and a panic (see RestoreOnPanic).
func RestoreTerminal() {
	if t := activeTTY.Load(); t != nil {
		t.leave()
	}
}

// RestoreOnPanic, deferred in a goroutine, gives the terminal back before a panic
// of that goroutine ends the program, so that its trace can be read.
func RestoreOnPanic() {
	if fault := recover(); fault != nil {
		RestoreTerminal()
		panic(fault)
	}
}

// openTTY finds the terminal, wherever input and output were redirected to.
func openTTY() (*tty, error) {
	if f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0); err == nil {
		return &tty{in: f, out: f, owned: true}, nil
	}
	t := &tty{in: os.Stdin, out: os.Stdout}
	if !term.IsTerminal(descriptor(t.in)) || !term.IsTerminal(descriptor(t.out)) {
		return nil, fmt.Errorf("%w: not started from a terminal", ErrNoDevice)
	}
	return t, nil
}

// descriptor is that of f, which stays in the mode that lets deadlines work.
func descriptor(f *os.File) (fd int) {
	fd = -1
	if c, err := f.SyscallConn(); err == nil {
		c.Control(func(d uintptr) { fd = int(d) })
	}
	return fd
}

const (
	ttyEnter = "\x1b[?1049h" + // alternate screen
		"\x1b[?25l" + // no cursor
		"\x1b[?7l" + // no wrapping at the right edge
		"\x1b[?2004h" // bracketed paste
	// The first ends a sequence that was cut off; the second, a synchronized update.
	ttyLeave = "\x1b\\" + "\x1b[?2026l" + "\x1b[0m" + "\x1b[?2004l" + "\x1b[?7h" + "\x1b[?25h" + "\x1b[?1049l"

	ttyPushTitle = "\x1b[22;2t"
	ttyPopTitle  = "\x1b[23;2t"
)

// enter takes the terminal over.
func (t *tty) enter(title string) error {
	if !activeTTY.CompareAndSwap(nil, t) {
		return fmt.Errorf("%w: the terminal shows another call", ErrDeviceBusy)
	}
	state, err := term.MakeRaw(descriptor(t.in))
	if err != nil {
		activeTTY.Store(nil)
		return fmt.Errorf("%w: switch the terminal to raw mode: %w", ErrNoDevice, err)
	}
	t.raw = state
	begin := ttyEnter
	if title != "" {
		t.title = true
		begin += ttyPushTitle + "\x1b]2;" + title + "\x1b\\"
	}
	if err := t.write([]byte(begin)); err != nil {
		t.leave()
		return fmt.Errorf("write to the terminal: %w", err)
	}
	return nil
}

// leave gives the terminal back. Any goroutine may call it, at any time; what is
// written at that moment is broken off.
func (t *tty) leave() {
	if t.left.Swap(true) {
		return
	}
	t.out.SetWriteDeadline(time.Now()) // ends a write that hangs
	for range 20 {
		if t.writing.TryLock() {
			defer t.writing.Unlock()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	end := ttyLeave
	if t.title {
		end = ttyPopTitle + end
	}
	t.out.SetWriteDeadline(time.Now().Add(time.Second)) // a terminal that is gone takes nothing
	t.out.WriteString(end)
	t.out.SetWriteDeadline(time.Time{})
	if t.raw != nil {
		term.Restore(descriptor(t.in), t.raw)
	}
	activeTTY.CompareAndSwap(t, nil)
}

func (t *tty) write(b []byte) error {
	t.writing.Lock()
	defer t.writing.Unlock()
	if t.left.Load() || len(b) == 0 {
		return nil
	}
	_, err := t.out.Write(b)
	return err
}

// read waits for input, for a limited time unless wait is 0.
func (t *tty) read(b []byte, wait time.Duration) (int, error) {
	if wait > 0 && t.in.SetReadDeadline(time.Now().Add(wait)) != nil {
		// No deadlines here: what follows an ESC has come with it, or will not come.
		return 0, os.ErrDeadlineExceeded
	}
	n, err := t.in.Read(b)
	if wait > 0 {
		t.in.SetReadDeadline(time.Time{})
	}
	return n, err
}

// interrupt ends a read and a write that wait. It returns false where the system cannot.
func (t *tty) interrupt() bool {
	t.out.SetWriteDeadline(time.Now())
	return t.in.SetReadDeadline(time.Now()) == nil
}

func (t *tty) close() {
	if t.owned {
		t.in.Close()
		return
	}
	t.in.SetReadDeadline(time.Time{}) // others may read from it now
}

// size is that of the terminal in cells; 80 by 24 if it does not say.
func (t *tty) size() (w, h int) {
	const most = 1000 // cells each way: more is a mistake
	w, h, err := term.GetSize(descriptor(t.out))
	if err != nil || w <= 0 || h <= 0 {
		return 80, 24
	}
	return min(w, most), min(h, most)
}
