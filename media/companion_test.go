package media

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// The tests start this very test binary as companion; the variable says what it
// is to be like.
const fakeEnv = "PRATTLE_FAKE_COMPANION"

func init() {
	if behaviour := os.Getenv(fakeEnv); behaviour != "" {
		os.Exit(fakeCompanion(behaviour, os.Args))
	}
}

func fakeCompanion(behaviour string, args []string) int {
	switch behaviour {
	case "good":
		if args[1] == "camera" {
			return CompanionStatus(os.Stderr, ServeCamera(os.Stdin, os.Stdout, &rampCamera{left: -1}))
		}
		return CompanionStatus(os.Stderr, ServeView(os.Stdin, os.Stdout, newEchoView(640, 360)))
	case "short":
		return CompanionStatus(os.Stderr, ServeCamera(os.Stdin, os.Stdout, &rampCamera{left: 3}))
	case "unplugged":
		cam := &rampCamera{left: 3, err: fmt.Errorf("%w: it was unplugged", ErrNoDevice)}
		return CompanionStatus(os.Stderr, ServeCamera(os.Stdin, os.Stdout, cam))
	case "missing":
		return CompanionStatus(os.Stderr, fmt.Errorf("open: %w", fmt.Errorf("%w: camera 7", ErrNoDevice)))
	case "busy":
		return CompanionStatus(os.Stderr, fmt.Errorf("%w: camera 0 is in use", ErrDeviceBusy))
	case "crash":
		fmt.Fprintln(os.Stderr, "qt: cannot connect\nto the \x1b[31mdisplay")
		fmt.Fprint(os.Stderr, strings.Repeat("noise\n", 1000))
		return 2
	case "closes":
		v := newEchoView(640, 360)
		time.AfterFunc(20*time.Millisecond, func() { v.events <- ViewEvent{Closed: true} })
		return CompanionStatus(os.Stderr, ServeView(os.Stdin, os.Stdout, v))
	case "garbage":
		fmt.Println(`{"w":-1}`)
		io.Copy(io.Discard, os.Stdin)
	case "deaf": // opens, then neither reads nor ends
		fmt.Println(`{"w":640,"h":360}`)
		time.Sleep(time.Hour) // select would be taken for a deadlock
	case "args":
		return CompanionStatus(os.Stderr, fmt.Errorf("%w: %q", ErrBadSpec, args[1:]))
	}
	return 0
}

// rampCamera gives pictures whose luma is their number, left of them (or without
// end), then err or io.EOF.
type rampCamera struct {
	n, left int
	err     error
	closed  atomic.Bool
}

func (c *rampCamera) Capture(dst *Frame) error {
	time.Sleep(2 * time.Millisecond)
	if c.left == 0 && c.err != nil {
		return c.err
	}
	if c.left == 0 || c.closed.Load() {
		return io.EOF
	}
	c.left--
	dst.Resize(160, 90)
	dst.Fill(byte(c.n), 100, 200)
	dst.N, dst.Captured = uint64(c.n), time.Now()
	c.n++
	return nil
}

func (c *rampCamera) Close() error {
	c.closed.Store(true)
	return nil
}

// echoView answers each scene by a key: the luma of its first tile plus 0x100.
type echoView struct {
	w, h   int
	events chan ViewEvent
}

func newEchoView(w, h int) *echoView { return &echoView{w, h, make(chan ViewEvent, 1000)} }

func (v *echoView) Show(s *Scene) error {
	if len(s.Tiles) > 0 && s.Tiles[0].Frame != nil {
		v.events <- ViewEvent{Key: 0x100 + rune(s.Tiles[0].Frame.Y[0])}
	}
	return nil
}

func (v *echoView) Events() <-chan ViewEvent { return v.events }
func (v *echoView) Size() (w, h int)         { return v.w, v.h }
func (v *echoView) Close() error             { return nil }

// useFake makes the fake the companion of this test, on a desktop.
func useFake(t *testing.T, behaviour string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(companionEnv, self)
	t.Setenv(fakeEnv, behaviour)
	t.Setenv("DISPLAY", ":7")
	t.Setenv("GORACE", "atexit_sleep_ms=0")
}

func TestFindCompanion(t *testing.T) {
	dir := t.TempDir()
	name := companionName
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	inPath := filepath.Join(dir, name)
	if err := os.WriteFile(inPath, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other.exe")
	if err := os.WriteFile(other, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv(companionEnv, "")
	t.Setenv("PATH", dir)
	if got, err := findCompanion(); err != nil || got != inPath {
		t.Errorf("in PATH: %q, %v, want %q", got, err, inPath)
	}
	t.Setenv(companionEnv, other)
	if got, err := findCompanion(); err != nil || got != other {
		t.Errorf("in %s: %q, %v, want %q", companionEnv, got, err, other)
	}
	t.Setenv(companionEnv, filepath.Join(dir, "absent"))
	if _, err := findCompanion(); !errors.Is(err, ErrNoDevice) || !strings.Contains(err.Error(), companionEnv) {
		t.Errorf("%s names a file that is not there: %v", companionEnv, err)
	}
	t.Setenv(companionEnv, "")
	t.Setenv("PATH", t.TempDir())
	if _, err := findCompanion(); !errors.Is(err, ErrNoDevice) || !strings.Contains(err.Error(), "go build") {
		t.Errorf("nowhere: %v, want how to build it", err)
	}
}

func TestCompanionOpeningErrors(t *testing.T) {
	for _, c := range []struct {
		behaviour string
		is        error
		says      string
	}{
		{"missing", ErrNoDevice, "no such device: open: no such device: camera 7"},
		{"busy", ErrDeviceBusy, ErrDeviceBusy.Error() + ": camera 0 is in use"},
		{"crash", ErrNoDevice, "(exit status 2): qt: cannot connect; to the [31mdisplay; noise"},
		{"garbage", ErrNoDevice, ""},
		{"args", ErrBadSpec, `["camera" "-version" "1" "-size" "640x360" "-fps" "25" "--" "x -y"]`},
	} {
		t.Run(c.behaviour, func(t *testing.T) {
			useFake(t, c.behaviour)
			_, err := OpenCamera("camera:x -y", PictureConfig{Width: 640, Height: 360, FPS: 25})
			if !errors.Is(err, c.is) || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("%v\nwant %v, saying %q", err, c.is, c.says)
			}
		})
	}
}

func TestCompanionStatus(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		says   string
	}{
		{nil, 0, ""},
		{io.ErrUnexpectedEOF, 1, "unexpected EOF\n"},
		{fmt.Errorf("%w: camera 3", ErrNoDevice), 69, "camera 3\n"},
		{fmt.Errorf("%w: camera 3", ErrDeviceBusy), 75, "camera 3\n"},
		{fmt.Errorf("%w: what?", ErrBadSpec), 64, "what?\n"},
	} {
		var said bytes.Buffer
		if status := CompanionStatus(&said, c.err); status != c.status || said.String() != c.says {
			t.Errorf("%v: status %d, said %q, want %d, %q", c.err, status, &said, c.status, c.says)
		}
	}
}

func TestWordsAreBounded(t *testing.T) {
	var w words
	for i := range 10000 {
		fmt.Fprintf(&w, "line %d\n\n", i)
	}
	if len(w.head) > wordsSize || len(w.tail) > wordsSize {
		t.Errorf("%d and %d bytes are kept, want at most %d each", len(w.head), len(w.tail), wordsSize)
	}
	if got, want := w.first(), "line 0; line 1; line 2"; got != want {
		t.Errorf("first %q, want %q", got, want)
	}
	if got, want := w.last(), "line 9999"; got != want {
		t.Errorf("last %q, want %q", got, want)
	}
	if got := new(words).last(); got == "" {
		t.Error("nothing is said of a companion that said nothing")
	}
}
