package main

import (
	"bufio"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/skulltech/prattle/media"
)

const (
	// maxLine bounds a typed line in bytes.
	maxLine = 64 << 10
	// maxTyped is the longest line of chat in characters.
	maxTyped = 2000
	// typingWait is how long a read of the terminal may be under way without a
	// look at whether it should be.
	typingWait = 100 * time.Millisecond
)

// typing is the lines that a person types. It belongs to the goroutine that
// follows the call; one of its own reads.
type typing struct {
	file  *os.File
	lines chan string
	begun bool // somebody wants lines, and there may be more

	mu     sync.Mutex
	resume *sync.Cond
	paused bool // the view reads the terminal
}

func newTyping(file *os.File) *typing {
	t := &typing{file: file, lines: make(chan string)}
	t.resume = sync.NewCond(&t.mu)
	return t
}

// begin yields what is typed from the first call on: what was typed before was no
// answer to anything. The channel is closed at the end of the input.
func (t *typing) begin() <-chan string {
	if !t.begun {
		t.begun = true
		if t.terminal() {
			discardTyped(int(t.file.Fd()))
		}
		go t.routineRead()
	}
	return t.lines
}

// idle is what is typed while nobody has asked for it. It yields nothing before
// begin: a program in the background may wait for a call as long as it does not
// read.
func (t *typing) idle() <-chan string {
	if t.begun {
		return t.lines
	}
	return nil
}

// pause leaves a terminal to others, or takes it back.
func (t *typing) pause(paused bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.paused = paused
	t.resume.Broadcast()
}

func (t *typing) terminal() bool { return term.IsTerminal(int(t.file.Fd())) }

func (t *typing) routineRead() {
	defer close(t.lines)
	lines := bufio.NewScanner(t)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		t.lines <- media.CleanText(lines.Text(), maxTyped)
	}
}

// Read reads the file, but a terminal only while it is ours.
func (t *typing) Read(p []byte) (int, error) {
	if t.terminal() {
		for !t.ready() {
		}
	}
	return t.file.Read(p)
}

// ready waits for a while until the terminal is ours and something was typed.
func (t *typing) ready() bool {
	t.mu.Lock()
	for t.paused {
		t.resume.Wait()
	}
	t.mu.Unlock()
	if !awaitInput(int(t.file.Fd()), typingWait) {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.paused
}
