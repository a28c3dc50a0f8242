package main

import (
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
	typing   *typing

	mu    sync.Mutex
	quiet bool     // the terminal belongs to the picture
	kept  []string // what was to be told meanwhile
	lent  int      // to how many views: a new one may open before the last has closed
}

// maxKept bounds the lines that are kept for the end of the picture.
const maxKept = 100

func newConsole() *console {
	return &console{out: os.Stdout, err: os.Stderr, typing: newTyping(os.Stdin)}
}

// printf tells the person something.
func (c *console) printf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	line := fmt.Sprintf(format, args...)
	if !c.quiet {
		fmt.Fprintln(c.err, line)
		return
	}
	if c.kept = append(c.kept, line); len(c.kept) > maxKept {
		c.kept = c.kept[1:]
	}
}

// aloud is printf for what must be told before the picture is there, although the
// terminal is kept for it already.
func (c *console) aloud(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.err, format+"\n", args...)
}

// setQuiet keeps the terminal to the picture, or gives it back and tells what was
// to be told meanwhile.
func (c *console) setQuiet(quiet bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.quiet = quiet
	if !quiet {
		for _, line := range c.kept {
			fmt.Fprintln(c.err, line)
		}
		c.kept = nil
	}
}

// yield leaves the terminal to a view that is about to show the picture there, or
// takes it back.
func (c *console) yield(toView bool) {
	c.setQuiet(toView)
	c.typing.pause(toView)
}

// lendTo leaves the terminal to each view that open opens, until that closes.
func (c *console) lendTo(open func() (media.View, error)) func() (media.View, error) {
	return func() (media.View, error) {
		c.lend(1)
		v, err := open()
		if err != nil {
			c.lend(-1)
			return nil, err
		}
		return &lentView{View: v, back: sync.OnceFunc(func() { c.lend(-1) })}, nil
	}
}

func (c *console) lend(n int) {
	c.mu.Lock()
	c.lent += n
	lent := c.lent > 0
	c.mu.Unlock()
	c.yield(lent)
}

// lentView is a view in the terminal that gives it back when it closes.
type lentView struct {
	media.View
	back func()
}

func (v *lentView) Close() error {
	defer v.back()
	return v.View.Close()
}

// bell makes the terminal ring.
func (c *console) bell() {
	if term.IsTerminal(int(os.Stderr.Fd())) {
		fmt.Fprint(c.err, "\a")
	}
}
