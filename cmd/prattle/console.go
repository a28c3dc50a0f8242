package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"

	"github.com/skulltech/prattle/media"
)

// console is the terminal as a place for lines: what happens is told on stderr,
// what others write is printed on stdout, what the person types is read from
// stdin. While the terminal shows the picture, lines go into that instead.
type console struct {
	out, err io.Writer

	mu    sync.Mutex
	quiet bool // the terminal belongs to the picture
	typed chan string
	once  sync.Once
}

// maxLine bounds a typed line in bytes.
const maxLine = 64 << 10

func newConsole() *console {
	return &console{out: os.Stdout, err: os.Stderr, typed: make(chan string)}
}

// printf tells the person something.
func (c *console) printf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.quiet {
		fmt.Fprintf(c.err, format+"\n", args...)
	}
}

// setQuiet keeps the terminal to the picture, or gives it back.
func (c *console) setQuiet(quiet bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.quiet = quiet
}

// bell makes the terminal ring.
func (c *console) bell() {
	if term.IsTerminal(int(os.Stderr.Fd())) {
		fmt.Fprint(c.err, "\a")
	}
}

// lines yields what the person types. Reading begins with the first call, and
// the channel is closed at the end of stdin.
func (c *console) lines() <-chan string {
	c.once.Do(func() { go c.routineRead() })
	return c.typed
}

func (c *console) routineRead() {
	defer close(c.typed)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		c.typed <- media.CleanText(lines.Text(), maxTyped)
	}
}

// maxTyped is the longest line of chat in characters.
const maxTyped = 2000
