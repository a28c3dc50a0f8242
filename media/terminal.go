package media

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

func init() { RegisterView("terminal", "terminal", openTerminal, nil) }

// A terminalView shows the room in a terminal, with half blocks for pixels, and
// takes what is typed. Two goroutines run until Close:
//
//	Show -> scene -> writeLoop -> tty      the newest scene, when the last is written
//	tty -> readLoop -> line, Events        keys
//
// A terminal that is slow gets fewer pictures. Show never waits for it.
type terminalView struct {
	tty    *tty
	theme  *terminalTheme
	events chan ViewEvent

	mu    sync.Mutex // of the four that follow
	scene terminalScene
	plan  terminalScene // for Arrange
	line  lineEditor
	err   error // why nothing is shown any more

	wake   chan struct{} // something is to be drawn
	anew   atomic.Bool   // all of it: the terminal does not show what we think
	quit   chan struct{}
	once   sync.Once
	loops  sync.WaitGroup
	sendMu sync.Mutex // of events: held while sending and closing
	ended  bool       // events is closed
}

const (
	// terminalPause lies between the beginnings of two pictures: 30 a second are enough.
	terminalPause = time.Second / 30
	// escapeTime is how long what follows an ESC may take: some round trips of ssh's packets.
	escapeTime = 50 * time.Millisecond
)

func openTerminal(_ string, cfg PictureConfig) (View, error) {
	if term := os.Getenv("TERM"); term == "" || term == "dumb" {
		return nil, fmt.Errorf("%w: a terminal that can show pictures (TERM is %q)", ErrNoDevice, term)
	}
	t, err := openTTY()
	if err != nil {
		return nil, err
	}
	v := newTerminalView(t, paletteOf(os.Getenv("COLORTERM"), os.Getenv("TERM")))
	if err := t.enter(CleanText(cfg.Title, 80)); err != nil {
		t.close()
		return nil, err
	}
	v.start()
	return v, nil
}

func newTerminalView(t *tty, p palette) *terminalView {
	return &terminalView{
		tty:    t,
		theme:  newTerminalTheme(p),
		events: make(chan ViewEvent, 16),
		wake:   make(chan struct{}, 1),
		quit:   make(chan struct{}),
	}
}

func (v *terminalView) start() {
	v.loops.Add(2)
	go v.writeLoop()
	go v.readLoop()
	v.redraw()
}

func (v *terminalView) Show(s *Scene) error {
	w, h := v.tty.size()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.err != nil {
		return v.err
	}
	v.scene.keep(s, w, h)
	v.redraw()
	return nil
}

// Arrange implements Arranger. A character shows two pixels, one above the other.
func (v *terminalView) Arrange(s *Scene) (l SceneLayout) {
	w, h := v.tty.size()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.plan.plan(s, w, h)
	for _, r := range v.plan.layout.tiles {
		l.Tiles = append(l.Tiles, r.pixels())
	}
	l.Self = v.plan.layout.self.pixels()
	return l
}

// redraw lets writeLoop draw what is new.
func (v *terminalView) redraw() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

func (v *terminalView) writeLoop() {
	defer v.loops.Done()
	var (
		next   screen
		writer = terminalWriter{palette: v.theme.palette}
		resize = notifyResize()
		pause  = time.NewTimer(0)
	)
	defer stopResize(resize)
	defer pause.Stop()
	for {
		select {
		case <-v.quit:
			return
		case <-resize:
			v.anew.Store(true)
		case <-v.wake:
		}
		if v.anew.Swap(false) {
			writer.forget()
		}
		begin := time.Now()
		next.w, next.h = v.tty.size()
		v.mu.Lock()
		v.scene.draw(&next, &v.line, v.theme)
		v.mu.Unlock()
		if err := v.tty.write(writer.update(&next)); err != nil {
			v.fail(fmt.Errorf("write to the terminal: %w", err))
			return
		}
		pause.Reset(time.Until(begin.Add(terminalPause)))
		select {
		case <-v.quit:
			return
		case <-pause.C:
		}
	}
}

func (v *terminalView) readLoop() {
	defer v.loops.Done()
	var parser keyParser
	var buf [512]byte
	for !v.closing() {
		wait := time.Duration(0)
		if parser.pending() {
			wait = escapeTime
		}
		n, err := v.tty.read(buf[:], wait)
		switch {
		case wait > 0 && errors.Is(err, os.ErrDeadlineExceeded):
			v.press(parser.timeout())
		case err != nil:
			v.fail(fmt.Errorf("read from the terminal: %w", err))
			return
		}
		for _, b := range buf[:n] {
			v.press(parser.feed(b))
		}
		v.redraw()
	}
}

// press does what a key means.
func (v *terminalView) press(k key) {
	switch k {
	case keyNone:
	case keyEsc:
		v.emit(ViewEvent{Key: KeyEscape})
	case keyInterrupt:
		v.emit(ViewEvent{Key: 3})
	case keyRedraw:
		v.anew.Store(true)
	default:
		v.mu.Lock()
		event := v.edit(k)
		v.mu.Unlock()
		v.emit(event)
	}
}

// edit applies a key to the line and returns what comes of it. The end of input,
// Ctrl-D, hangs up as q does in a window, unless there is something to delete.
func (v *terminalView) edit(k key) (event ViewEvent) {
	switch {
	case k == keyEnter:
		event.Line = strings.TrimSpace(v.line.take())
	case k == keyEndOfInput && v.line.text == "":
		event.Key = 'q'
	case k == keyEndOfInput:
		v.line.press(keyDelete)
	default:
		v.line.press(k)
	}
	return event
}

// emit hands out an event unless it is empty, or nobody wants it any more.
func (v *terminalView) emit(e ViewEvent) {
	if e == (ViewEvent{}) {
		return
	}
	v.sendMu.Lock()
	defer v.sendMu.Unlock()
	if v.ended {
		return
	}
	select {
	case v.events <- e:
	case <-v.quit:
	}
}

// fail gives the terminal back when it cannot be used any more, unless Close is the reason.
func (v *terminalView) fail(err error) {
	if v.closing() {
		return
	}
	v.mu.Lock()
	v.err = err
	v.mu.Unlock()
	v.tty.leave()
	v.emit(ViewEvent{Closed: true})
}

func (v *terminalView) closing() bool {
	select {
	case <-v.quit:
		return true
	default:
		return false
	}
}

func (v *terminalView) Events() <-chan ViewEvent { return v.events }

func (v *terminalView) Close() error {
	v.once.Do(func() {
		close(v.quit)
		v.mu.Lock()
		v.err = fmt.Errorf("terminal: %w", os.ErrClosed)
		v.mu.Unlock()
		if v.tty.interrupt() {
			v.loops.Wait()
		}
		v.tty.leave()
		v.tty.close()
		v.sendMu.Lock()
		v.ended = true
		close(v.events)
		v.sendMu.Unlock()
	})
	return nil
}
