//go:build cgo && unix

package portaudio

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/gordonklaus/portaudio"

	"github.com/skulltech/prattle/media"
)

const (
	// patience is how long a device may go without calling back. A loaded machine
	// can be late by a few hundred milliseconds; after more than a second the
	// device is gone.
	patience = 1500 * time.Millisecond

	// A sound system that hangs must not take the program with it. Opening may
	// wait for a headset to wake up; closing need not wait for anybody.
	openLimit  = 5 * time.Second
	closeLimit = time.Second
)

var errSilent = errors.New("the device has stopped calling back")

// stream is what a microphone and a speaker have in common: a line to a device, and
// the wish to know when its samples pass and whether it still moves any.
type stream struct {
	line
	name   string
	opened bool // the line has a device

	epoch time.Time // from which the line's notes count
	clock clock
	last  time.Time // as when returned it: the next is no earlier

	bell   doorbell
	closed chan struct{}
	once   sync.Once
}

// doorbell is a bell.Bell, or what stands in for it where time is virtual.
type doorbell interface {
	File() uintptr
	Wait(limit time.Duration) error
	Silence()
	Close()
}

// newStream makes a stream without a device.
func newStream(plays bool, b doorbell) stream {
	return stream{line: newLine(plays), epoch: time.Now(), bell: b, closed: make(chan struct{})}
}

// open gives s the device that name means.
func (s *stream) open(dir direction, name string) error {
	err := exclusively(openLimit, func() error { return s.openDevice(dir, name) })
	switch {
	case errors.Is(err, errHangs):
		go s.Close() // when it has been opened after all
		return fmt.Errorf("%w: %w", media.ErrDeviceBusy, err)
	case err != nil:
		s.bell.Close()
	}
	return err
}

func (s *stream) openDevice(dir direction, name string) error {
	if err := acquire(); err != nil {
		return err
	}
	if err := s.openChannels(dir, name); err != nil {
		release()
		return err
	}
	s.opened = true
	return nil
}

// openChannels asks for mono first, and for stereo where there is no mono.
func (s *stream) openChannels(dir direction, name string) error {
	d, err := dir.find(name)
	if err != nil {
		return err
	}
	s.name = d.Name
	err = s.line.open(d, 1, dir.latency(d), s.bell.File())
	if err == portaudio.InvalidChannelCount {
		err = s.line.open(d, 2, dir.latency(d), s.bell.File())
	}
	return deviceError(err)
}

// start lets the callbacks begin.
func (s *stream) start() error {
	return exclusively(openLimit, func() error {
		if s.isClosed() {
			return io.EOF
		}
		return deviceError(s.line.start())
	})
}

// Close implements media.Microphone and media.Speaker.
func (s *stream) Close() error {
	var err error
	s.once.Do(func() {
		close(s.closed)
		s.bell.Silence()
		err = exclusively(closeLimit, s.closeDevice)
	})
	if err != nil {
		return fmt.Errorf("close sound device %s: %w", s.name, err)
	}
	return nil
}

func (s *stream) closeDevice() error {
	defer s.bell.Close()
	if !s.opened {
		return nil
	}
	defer release()
	return s.line.close()
}

// await returns nil when so many samples wait, or fewer if s plays, or perhaps
// earlier; io.EOF when the stream is closed; and an error when the device seems dead.
func (s *stream) await(n int) error {
	if s.isClosed() {
		return io.EOF
	}
	if s.wish(n) {
		return nil
	}
	err := s.bell.Wait(patience)
	switch {
	case s.isClosed():
		return io.EOF
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = errSilent
	}
	if err != nil {
		return fmt.Errorf("sound device %s: %w", s.name, err)
	}
	return nil
}

func (s *stream) isClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

// when returns the local time at which sample passes the device. It is asked for
// one sample after another.
func (s *stream) when(sample int64) time.Time {
	for o, ok := s.note(); ok; o, ok = s.note() {
		s.clock.observe(o)
	}
	// By way of now, so that its wall clock reading is as fresh as can be.
	now := time.Now()
	at := now.Add(s.clock.time(sample) - now.Sub(s.epoch))
	if at.Before(s.last) {
		at = s.last
	}
	s.last = at
	return at
}
