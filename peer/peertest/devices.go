package peertest

import (
	"io"
	"sync"
	"time"

	"github.com/skulltech/prattle/media"
)

// Camera gives frames of the size wished, without meaning, at FPS a second.
type Camera struct {
	media.PictureConfig
	Lag   time.Duration // from the capture of a frame until Capture returns it
	next  time.Time
	n     uint64
	close sync.Once
	done  chan struct{}
}

// NewCamera makes a camera.
func NewCamera(c media.PictureConfig) *Camera {
	return &Camera{PictureConfig: c, done: make(chan struct{})}
}

// Capture implements media.Camera.
func (c *Camera) Capture(dst *media.Frame) error {
	if c.next.IsZero() {
		c.next = time.Now()
	}
	t := time.NewTimer(time.Until(c.next))
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.done:
		return io.EOF
	}
	dst.Resize(c.Width, c.Height)
	dst.N, dst.Captured = c.n, time.Now().Add(-c.Lag)
	c.n++
	c.next = c.next.Add(time.Second / time.Duration(c.FPS))
	return nil
}

// Close implements media.Camera.
func (c *Camera) Close() error {
	c.close.Do(func() { close(c.done) })
	return nil
}

// Shown is one picture that a view was given.
type Shown struct {
	N       uint64 // index of the source frame
	Width   int
	At      time.Time
	Latency time.Duration
}

// View remembers what it was given.
type View struct {
	mu    sync.Mutex
	shown []Shown
}

// Show implements media.View.
func (v *View) Show(s *media.Scene) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	for _, t := range s.Tiles {
		if t.Frame != nil {
			v.shown = append(v.shown, Shown{t.Frame.N, t.Frame.Width, now, now.Sub(t.Frame.Captured)})
		}
	}
	return nil
}

// Shown returns what was shown so far.
func (v *View) Shown() []Shown {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]Shown(nil), v.shown...)
}

// PicturesOnly implements media.PicturesOnly.
func (v *View) PicturesOnly() {}

// Events implements media.View; nobody looks at this one.
func (v *View) Events() <-chan media.ViewEvent { return nil }

// Close implements media.View.
func (v *View) Close() error { return nil }

// Microphone hears one constant sample, in 10 ms blocks.
type Microphone struct {
	Level int16
	next  time.Time
	close sync.Once
	done  chan struct{}
}

// NewMicrophone makes a microphone.
func NewMicrophone(level int16) *Microphone {
	return &Microphone{Level: level, done: make(chan struct{})}
}

// Read implements media.Microphone.
func (m *Microphone) Read(block []int16) (time.Time, error) {
	if m.next.IsZero() {
		m.next = time.Now()
	}
	first := m.next
	m.next = first.Add(media.SampleTime(len(block)))
	t := time.NewTimer(time.Until(m.next))
	defer t.Stop()
	select {
	case <-t.C:
	case <-m.done:
		return first, io.EOF
	}
	for i := range block {
		block[i] = m.Level
	}
	return first, nil
}

// Close implements media.Microphone.
func (m *Microphone) Close() error {
	m.close.Do(func() { close(m.done) })
	return nil
}

// Speaker asks for a block each 10 ms and remembers how many had sound.
type Speaker struct {
	mu     sync.Mutex
	blocks int
	loud   int
	close  sync.Once
	done   chan struct{}
}

// NewSpeaker makes a speaker.
func NewSpeaker() *Speaker { return &Speaker{done: make(chan struct{})} }

// Play implements media.Speaker.
func (s *Speaker) Play(fill func([]int16, time.Time)) error {
	block := make([]int16, media.SampleRate/100)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-s.done:
			return nil
		}
		fill(block, time.Now())
		s.mu.Lock()
		s.blocks++
		if block[0] != 0 {
			s.loud++
		}
		s.mu.Unlock()
	}
}

// Heard returns how many blocks were played, and how many of them had sound.
func (s *Speaker) Heard() (blocks, loud int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.blocks, s.loud
}

// Close implements media.Speaker.
func (s *Speaker) Close() error {
	s.close.Do(func() { close(s.done) })
	return nil
}
