package media

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// The camera and the window are OpenCV's, which lives in a program of its own,
// prattle-opencv: linking it costs 100 ms and 70 MB at every start, and a window
// system or a driver that aborts must not end the call. The companion is started
// when a device is opened. It reads its standard input and writes its standard
// output as companion_wire.go says; it ends when its input does, so that none is
// left over when its parent is killed.
const (
	companionName = "prattle-opencv"
	companionEnv  = "PRATTLE_OPENCV" // names another one

	// CompanionVersion is given to the companion, which refuses another: the two
	// programs are built together.
	CompanionVersion = "1"

	companionPatience = 15 * time.Second        // until a device is open: some cameras take seconds
	companionGrace    = 1500 * time.Millisecond // until a companion that was asked to end is killed
)

// companionErrors are the errors that a companion tells by its exit status. The
// numbers keep clear of those that Go (2) and shells (126 and up) end with.
var companionErrors = []struct {
	status int
	err    error
}{
	{64, ErrBadSpec}, // EX_USAGE of sysexits.h, like the next two
	{69, ErrNoDevice},
	{75, ErrDeviceBusy},
}

// CompanionStatus writes err, if there is one, to stderr and returns the status
// with which a companion ends. The program that started it makes the same error
// of both.
func CompanionStatus(stderr io.Writer, err error) int {
	if err == nil {
		return 0
	}
	status, text := 1, err.Error()
	for _, e := range companionErrors {
		if errors.Is(err, e.err) {
			status, text = e.status, strings.TrimPrefix(text, e.err.Error()+": ")
		}
	}
	fmt.Fprintln(stderr, text)
	return status
}

// A companion is one running process.
type companion struct {
	cmd     *exec.Cmd
	in      *os.File // what it reads
	out     *os.File // what it writes
	said    words
	exited  chan struct{}
	stopped sync.Once
}

func startCompanion(args ...string) (*companion, error) {
	path, err := findCompanion()
	if err != nil {
		return nil, err
	}
	childIn, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", companionName, err)
	}
	out, childOut, err := os.Pipe()
	if err != nil {
		childIn.Close()
		in.Close()
		return nil, fmt.Errorf("start %s: %w", companionName, err)
	}
	widenPipe(in)
	widenPipe(out)
	c := &companion{cmd: exec.Command(path, args...), in: in, out: out, exited: make(chan struct{})}
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = childIn, childOut, &c.said
	c.cmd.Env = append(os.Environ(), "OPENCV_LOG_LEVEL=ERROR", "GOTRACEBACK=none")
	c.cmd.WaitDelay = companionGrace
	err = c.cmd.Start()
	childIn.Close()
	childOut.Close()
	if err != nil {
		in.Close()
		out.Close()
		return nil, fmt.Errorf("start %s: %w", companionName, err)
	}
	go func() {
		_ = c.cmd.Wait() // ProcessState tells as much
		close(c.exited)
	}()
	return c, nil
}

// findCompanion looks where the environment says, beside this program, and in PATH.
func findCompanion() (string, error) {
	if path := os.Getenv(companionEnv); path != "" {
		found, err := exec.LookPath(path)
		if err != nil {
			return "", fmt.Errorf("%w: %s of %s: %w", ErrNoDevice, path, companionEnv, errors.Unwrap(err))
		}
		return found, nil
	}
	if self, err := os.Executable(); err == nil {
		name := companionName
		if runtime.GOOS == "windows" {
			name += ".exe"
		}
		if path, err := exec.LookPath(filepath.Join(filepath.Dir(self), name)); err == nil {
			return path, nil
		}
	}
	if path, err := exec.LookPath(companionName); err == nil {
		return path, nil
	}
	return "", fmt.Errorf("%w: %s, which brings camera and window, is neither beside this program nor in PATH; build it: "+
		"go build -tags gocv_specific_modules,gocv_highgui,gocv_videoio ./cmd/%s", ErrNoDevice, companionName, companionName)
}

// stop ends the process and returns when it is gone.
func (c *companion) stop() {
	c.stopped.Do(func() {
		c.in.Close()
		patience := time.NewTimer(companionGrace)
		defer patience.Stop()
		select {
		case <-c.exited:
		case <-patience.C:
			_ = c.cmd.Process.Kill() // fails only if it has just ended
			<-c.exited
		}
		c.out.Close()
	})
	<-c.exited
}

// failure is why the companion ended: io.EOF if nothing was wrong.
func (c *companion) failure() error {
	c.stop()
	status := c.cmd.ProcessState.ExitCode()
	if status == 0 {
		return io.EOF
	}
	for _, e := range companionErrors {
		if status == e.status {
			return fmt.Errorf("%w: %s", e.err, c.said.last())
		}
	}
	// A crash, of the window system or of a driver.
	return fmt.Errorf("%w: %s failed (%v): %s", ErrNoDevice, companionName, c.cmd.ProcessState, c.said.first())
}

// words keeps the beginning and the end of what a companion writes to its
// standard error: its own errors come last, but who crashes explains it first.
type words struct {
	mu         sync.Mutex
	head, tail []byte
}

const wordsSize = 1024 // bytes of either: some lines

// Write implements io.Writer.
func (w *words) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.head = append(w.head, p[:min(len(p), wordsSize-len(w.head))]...)
	w.tail = append(w.tail, p...)
	if extra := len(w.tail) - wordsSize; extra > 0 {
		w.tail = append(w.tail[:0], w.tail[extra:]...)
	}
	return len(p), nil
}

// last is the last line.
func (w *words) last() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	lines := shownLines(w.tail)
	return lines[len(lines)-1]
}

// first is the first lines, up to three.
func (w *words) first() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	lines := shownLines(w.head)
	return strings.Join(lines[:min(len(lines), 3)], "; ")
}

// shownLines is the lines of text that are not empty, fit to be shown, or a line
// that says that there is none.
func shownLines(text []byte) []string {
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = CleanText(line, wordsSize); line != "" {
			lines = append(lines, line)
		}
	}
	if lines == nil {
		return []string{"it did not say why"}
	}
	return lines
}
