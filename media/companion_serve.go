package media

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"
)

// This is the companion's side: it serves a camera or a view of its own over its
// standard input and output.

// ServeCamera is the companion's side of a camera: it writes the pictures of cam
// to out, the newest first if the reader is slow, until in or cam ends. It
// closes cam.
func ServeCamera(in io.Reader, out io.Writer, cam Camera) error {
	defer cam.Close()
	gone := make(chan struct{})
	go func() {
		io.Copy(io.Discard, in)
		close(gone)
	}()
	pictures := newRelay[Frame]()
	ended := make(chan error, 1)
	go func() { ended <- captureInto(pictures, cam) }()
	for {
		select {
		case <-gone:
			return nil
		case err := <-ended:
			return err
		case <-pictures.waiting.Ready():
		}
		if f, ok := pictures.take(); ok {
			err := writePicture(out, f)
			pictures.done(f)
			if err != nil {
				return fmt.Errorf("send a picture: %w", err)
			}
		}
	}
}

// captureInto passes on the pictures of cam until it ends: with nil if it does
// so in good order.
func captureInto(pictures *relay[Frame], cam Camera) error {
	for {
		f := pictures.blank()
		if err := cam.Capture(f); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		pictures.put(f)
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
