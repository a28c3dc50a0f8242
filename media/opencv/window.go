//go:build cgo && gocv_highgui && gocv_videoio

package opencv

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"gocv.io/x/gocv"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/yuv"
)

// Window is a media.SizedView on the desktop. OpenWindow and Run belong to the
// main thread; the other methods may be called from anywhere.
type Window struct {
	win      *gocv.Window
	renderer media.SceneRenderer
	mat      gocv.Mat     // what is shown
	canvas   media.Canvas // the same memory
	full     bool

	scenes  chan *media.Scene // to Run
	shown   chan error        // from Run
	events  chan media.ViewEvent
	size    atomic.Uint64 // width<<32 | height
	closed  chan struct{}
	closing sync.Once
}

// The one window is told by this name within OpenCV; people see its title.
const windowName = "prattle"

// pollEvery is how often keys are looked for while no scene comes: soon enough
// for a person not to notice, and not between pictures at 30 a second, since
// every look costs 0.2 ms of CPU.
const pollEvery = 30 * time.Millisecond

var errClosed = errors.New("the window is closed")

// OpenWindow opens a window of the size and with the title in cfg.
func OpenWindow(cfg media.PictureConfig) (*Window, error) {
	gocv.SetNumThreads(1) // waking others costs more than the 0.1 ms of a picture's conversion
	win, err := newPlainWindow(windowName)
	if err != nil {
		return nil, err
	}
	w := &Window{
		win:      win,
		renderer: media.SceneRenderer{ToBGR: yuv.ToBGR},
		mat:      gocv.NewMat(),
		scenes:   make(chan *media.Scene),
		shown:    make(chan error),
		events:   make(chan media.ViewEvent, 16), // more keys than are pressed between two looks
		closed:   make(chan struct{}),
	}
	if err := win.SetWindowTitle(cfg.Title); err != nil {
		return nil, fmt.Errorf("set the title of the window: %w", err)
	}
	if err := win.ResizeWindow(cfg.Width, cfg.Height); err != nil {
		return nil, fmt.Errorf("resize the window: %w", err)
	}
	// Something dark until the first scene comes.
	if err := w.draw(new(media.Scene)); err != nil {
		return nil, err
	}
	w.poll()
	return w, nil
}

// Run draws and listens on the main thread until the window is closed, by Close
// or by a person.
func (w *Window) Run() {
	defer func() {
		w.Close()
		w.win.Close()
		w.mat.Close()
		close(w.events)
	}()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for w.visible() {
		select {
		case s := <-w.scenes:
			err := w.draw(s)
			w.poll() // paints
			w.shown <- err
			tick.Reset(pollEvery)
		case <-tick.C:
			w.poll()
		case <-w.closed:
			return
		}
	}
	w.report(media.ViewEvent{Closed: true})
}

// Show implements media.View.
func (w *Window) Show(s *media.Scene) error {
	select {
	case w.scenes <- s:
		return <-w.shown
	case <-w.closed:
		return errClosed
	}
}

// Events implements media.View.
func (w *Window) Events() <-chan media.ViewEvent { return w.events }

// Close implements media.View. The window disappears when Run returns.
func (w *Window) Close() error {
	w.closing.Do(func() { close(w.closed) })
	return nil
}

// Size implements media.SizedView.
func (w *Window) Size() (width, height int) {
	size := w.size.Load()
	return int(size >> 32), int(uint32(size))
}

// visible is false when the window was closed by its frame.
func (w *Window) visible() bool {
	return w.win.GetWindowProperty(gocv.WindowPropertyVisible) >= 1
}

func (w *Window) draw(s *media.Scene) error {
	width, height := imageSize(windowName)
	if width <= 0 || height <= 0 {
		return nil // minimised
	}
	if err := w.resize(width, height); err != nil {
		return err
	}
	if err := w.renderer.Draw(&w.canvas, s, time.Now()); err != nil {
		return fmt.Errorf("draw the scene: %w", err)
	}
	if err := w.win.IMShow(w.mat); err != nil {
		return fmt.Errorf("show the scene: %w", err)
	}
	return nil
}

// resize makes the picture as large as the window, so that what is drawn is not
// scaled again.
func (w *Window) resize(width, height int) error {
	if w.mat.Cols() == width && w.mat.Rows() == height {
		return nil
	}
	w.mat.Close()
	w.mat = gocv.NewMatWithSize(height, width, gocv.MatTypeCV8UC3)
	pixels, err := w.mat.DataPtrUint8()
	if err != nil {
		return fmt.Errorf("make a picture of %dx%d pixels: %w", width, height, err)
	}
	w.canvas = media.Canvas{Pix: pixels, Stride: w.mat.Step(), Width: width, Height: height}
	w.size.Store(uint64(width)<<32 | uint64(height))
	return nil
}

// poll lets the toolkit paint and work, and passes on a key.
func (w *Window) poll() {
	switch key := rune(w.win.PollKey()); {
	case key == 'f' || key == 'F':
		w.setFullScreen(!w.full)
	case key == media.KeyEscape && w.full:
		w.setFullScreen(false)
	case key == media.KeyEscape || key >= ' ' && key <= '~':
		w.report(media.ViewEvent{Key: key})
	}
}

func (w *Window) setFullScreen(full bool) {
	flag := gocv.WindowNormal
	if full {
		flag = gocv.WindowFullscreen
	}
	if w.win.SetWindowProperty(gocv.WindowPropertyFullscreen, flag) == nil {
		w.full = full
	}
}

func (w *Window) report(e media.ViewEvent) {
	select {
	case w.events <- e:
	case <-w.closed:
	}
}
