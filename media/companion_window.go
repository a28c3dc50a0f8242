package media

import (
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

// Arrange implements Arranger.
func (w *companionWindow) Arrange(s *Scene) SceneLayout {
	size := w.size.Load()
	return LayoutScene(s, int(size>>32), int(uint32(size)))
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
