package media

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

func init() {
	RegisterView("window", "window", openCompanionWindow, listWindows)
}

// errWindowClosed is returned by Show when nobody sees it.
var errWindowClosed = errors.New("the window is closed")

// companionWindow is a view whose window belongs to the companion.
type companionWindow struct {
	proc    *companion
	scenes  *relay[sceneBuffer]
	events  chan ViewEvent
	size    atomic.Uint64 // width<<32 | height, in pixels
	opened  chan struct{} // closed when the first size is known
	ended   chan struct{} // closed when the companion has, for the reason err
	err     error
	closed  chan struct{}
	closing sync.Once
	done    sync.WaitGroup // the goroutines
}

// openCompanionWindow opens a window of the size and title in cfg. It returns
// when the window is there, though the window system may still be placing it.
func openCompanionWindow(_ string, cfg PictureConfig) (View, error) {
	if !hasDisplay() {
		return nil, fmt.Errorf("%w: no display (neither DISPLAY nor WAYLAND_DISPLAY is set)", ErrNoDevice)
	}
	if cfg.Width <= 0 || cfg.Height <= 0 {
		cfg.Width, cfg.Height = 1280, 720
	}
	proc, err := startCompanion("window", "-version", CompanionVersion,
		"-size", fmt.Sprintf("%dx%d", cfg.Width, cfg.Height), "--", cfg.Title)
	if err != nil {
		return nil, err
	}
	w := &companionWindow{
		proc:   proc,
		scenes: newRelay[sceneBuffer](),
		events: make(chan ViewEvent, 16), // more keys than a person presses in the time of a frame
		opened: make(chan struct{}),
		ended:  make(chan struct{}),
		closed: make(chan struct{}),
	}
	w.done.Go(w.send)
	w.done.Go(w.receive)
	if err := w.await(companionPatience); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// hasDisplay says whether a window can be opened: the toolkit aborts the process
// where it cannot.
func hasDisplay() bool {
	switch runtime.GOOS {
	case "darwin", "windows":
		return true
	}
	return os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != ""
}

// listWindows names the window if there is a display and a companion to open it.
func listWindows() []DeviceInfo {
	if _, err := findCompanion(); err != nil || !hasDisplay() {
		return nil
	}
	return []DeviceInfo{{Kind: KindView, Spec: "window", Name: "window on this desktop", Default: true}}
}

func (w *companionWindow) await(patience time.Duration) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-w.opened:
		return nil
	case <-w.ended:
		if w.err == io.EOF {
			return fmt.Errorf("%w: it ended at once", ErrNoDevice)
		}
		return w.err
	case <-timer.C:
		return fmt.Errorf("%w: the window did not open in %v", ErrDeviceBusy, patience)
	}
}

// Show implements View. It never waits for the window: a scene that was not sent
// before the next one came is not shown.
func (w *companionWindow) Show(s *Scene) error {
	select {
	case <-w.closed:
		return errWindowClosed
	case <-w.ended:
		if w.err != io.EOF {
			return w.err
		}
		return errWindowClosed
	default:
	}
	b := w.scenes.blank()
	size := w.size.Load()
	b.copyFrom(s, int(size>>32), int(uint32(size)))
	w.scenes.put(b)
	return nil
}

// Events implements View.
func (w *companionWindow) Events() <-chan ViewEvent { return w.events }

// Close implements View.
func (w *companionWindow) Close() error {
	w.closing.Do(func() {
		close(w.closed)
		w.proc.stop()
	})
	w.done.Wait()
	return nil
}

// send writes the newest scene whenever there is one.
func (w *companionWindow) send() {
	for {
		select {
		case <-w.closed:
			return
		case <-w.ended:
			return
		case <-w.scenes.waiting.Ready():
		}
		if b, ok := w.scenes.take(); ok {
			err := writeScene(w.proc.in, &b.Scene)
			w.scenes.done(b)
			if err != nil && !errors.Is(err, errBadMessage) { // such a scene was not begun
				w.proc.in.Close() // receive hears of it when the companion ends
				return
			}
		}
	}
}

// receive reads what happens to the window, until it is gone.
func (w *companionWindow) receive() {
	defer close(w.events)
	r := newWireReader(w.proc.out)
	for {
		var e windowEvent
		if err := readHeader(r, &e); err != nil {
			break
		}
		w.handle(e)
	}
	w.err = w.proc.failure()
	close(w.ended)
	w.reportClosed()
}

// reportClosed says that the window is gone, unless that was our own doing.
func (w *companionWindow) reportClosed() {
	select {
	case <-w.closed:
		return
	default:
	}
	select {
	case w.events <- ViewEvent{Closed: true}:
	case <-w.closed:
	}
}

func (w *companionWindow) handle(e windowEvent) {
	switch {
	case e.Width > 0 && e.Height > 0:
		first := w.size.Swap(uint64(e.Width)<<32|uint64(uint32(e.Height))) == 0
		if first {
			close(w.opened)
		}
	case e.Key != 0:
		select {
		case w.events <- ViewEvent{Key: e.Key}:
		default: // nobody listens
		}
	}
}

// A SizedView can say how large it is, in pixels.
type SizedView interface {
	View
	Size() (width, height int)
}

// refreshEvery is how often a scene is shown anew when no other comes: for what
// fades, and for windows that change their size.
const refreshEvery = 100 * time.Millisecond

// ServeView is the companion's side of a window: it shows on v the scenes that
// come from in, the newest first if v is slow, and writes what happens to v to
// out. It returns when in ends or v is closed, and closes v.
func ServeView(in io.Reader, out io.Writer, v SizedView) error {
	defer v.Close()
	s := viewServer{view: v, out: json.NewEncoder(out)}
	if err := s.sendSize(); err != nil {
		return err
	}
	scenes := newRelay[sceneBuffer]()
	ended, left := make(chan error, 1), make(chan error, 1)
	go func() { ended <- receiveScenes(scenes, newWireReader(in)) }()
	go func() { left <- s.sendEvents() }()
	refresh := time.NewTicker(refreshEvery)
	defer refresh.Stop()
	var current *sceneBuffer
	for {
		select {
		case err := <-ended:
			return err
		case err := <-left:
			return err
		case <-refresh.C:
		case <-scenes.waiting.Ready():
			refresh.Reset(refreshEvery)
		}
		if next, ok := scenes.take(); ok {
			if current != nil {
				scenes.done(current)
			}
			current = next
		}
		if current == nil {
			continue
		}
		if err := v.Show(&current.Scene); err != nil {
			return err
		}
		if err := s.sendSize(); err != nil {
			return err
		}
	}
}

// receiveScenes passes on the scenes that come from r, until it ends.
func receiveScenes(scenes *relay[sceneBuffer], r *bufio.Reader) error {
	for {
		b := scenes.blank()
		if err := readScene(r, b); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("receive a scene: %w", err)
		}
		scenes.put(b)
	}
}

// viewServer writes the events of a view.
type viewServer struct {
	view          SizedView
	width, height int // as last reported
	mu            sync.Mutex
	out           *json.Encoder
}

func (s *viewServer) write(e windowEvent) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.out.Encode(e); err != nil {
		return fmt.Errorf("report an event of the window: %w", err)
	}
	return nil
}

// sendSize reports the size of the view if it has changed.
func (s *viewServer) sendSize() error {
	w, h := s.view.Size()
	if w == s.width && h == s.height {
		return nil
	}
	s.width, s.height = w, h
	return s.write(windowEvent{Width: w, Height: h})
}

// sendEvents reports keys until the view is closed.
func (s *viewServer) sendEvents() error {
	for e := range s.view.Events() {
		if e.Closed {
			return nil
		}
		if e.Key == 0 {
			continue
		}
		if err := s.write(windowEvent{Key: e.Key}); err != nil {
			return err
		}
	}
	return nil
}
