//go:build cgo

package portaudio

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/gordonklaus/portaudio"

	"github.com/skulltech/prattle/media"
)

const (
	// blockSize is how many samples a callback moves: 5 ms. Through PulseAudio
	// that gives 20 ms from fill to Read where 10 ms give 40, with as few glitches,
	// also on a busy machine.
	blockSize = 240

	// patience is how long a device may go without calling back. A loaded machine
	// can be late by a few hundred milliseconds; after more than a second the
	// device is gone.
	patience = 1500 * time.Millisecond

	// A sound system that hangs must not take the program with it. Opening may
	// wait for a headset to wake up; closing need not wait for anybody.
	openLimit  = 5 * time.Second
	closeLimit = time.Second

	// memory is how many observations a callback may leave behind before its
	// reader looks at them.
	memory = 64
)

var errSilent = errors.New("the device has stopped calling back")

// stream is what a microphone and a speaker have in common: a running callback,
// and the wish to know when it came and whether it still comes.
type stream struct {
	pa       *portaudio.Stream
	name     string
	channels int // 1, or 2 where a device insists
	latency  time.Duration

	epoch time.Time
	seen  *ring[observation] // from the callback to the owner of clock
	clock clock
	last  time.Time // as when returned it: the next is no earlier

	wake   chan struct{} // the callback has been
	closed chan struct{}
	once   sync.Once
	timer  *time.Timer
}

// newStream makes a stream without a device.
func newStream() stream {
	return stream{
		epoch:    time.Now(),
		channels: 1,
		seen:     newRing[observation](memory),
		wake:     make(chan struct{}, 1),
		closed:   make(chan struct{}),
		timer:    time.NewTimer(patience),
	}
}

// open gives s the device that name means; callback is as the binding wants it.
func (s *stream) open(dir direction, name string, callback any) error {
	err := exclusively(openLimit, func() error { return s.openDevice(dir, name, callback) })
	if errors.Is(err, errHangs) {
		go s.Close() // when it has been opened after all
		return fmt.Errorf("%w: %w", media.ErrDeviceBusy, err)
	}
	return err
}

func (s *stream) openDevice(dir direction, name string, callback any) error {
	if err := acquire(); err != nil {
		return err
	}
	if err := s.openChannels(dir, name, callback); err != nil {
		s.pa = nil
		release()
		return err
	}
	return nil
}

// openChannels asks for mono first, and for stereo where there is no mono.
func (s *stream) openChannels(dir direction, name string, callback any) error {
	d, err := dir.find(name)
	if err != nil {
		return err
	}
	s.name = d.Name
	for s.channels = 1; ; s.channels++ {
		p := dir.configure(d, s.channels)
		p.SampleRate = media.SampleRate
		p.FramesPerBuffer = blockSize
		s.pa, err = portaudio.OpenStream(p, callback)
		if !errors.Is(err, portaudio.InvalidChannelCount) || s.channels == 2 {
			break
		}
	}
	if err != nil {
		return deviceError(err)
	}
	if info := s.pa.Info(); info != nil {
		s.latency = info.InputLatency + info.OutputLatency
	}
	return nil
}

// start lets the callbacks begin.
func (s *stream) start() error {
	return exclusively(openLimit, func() error {
		select {
		case <-s.closed:
			return io.EOF
		default:
			return deviceError(s.pa.Start())
		}
	})
}

// Close implements media.Microphone and media.Speaker.
func (s *stream) Close() error {
	var err error
	s.once.Do(func() {
		close(s.closed)
		err = exclusively(closeLimit, s.closeDevice)
	})
	if err != nil {
		return fmt.Errorf("close sound device %s: %w", s.name, err)
	}
	return nil
}

func (s *stream) closeDevice() error {
	if s.pa == nil {
		return nil // it was never opened
	}
	defer release()
	s.pa.Abort() // fails on a stream that never started or has died: no matter
	return s.pa.Close()
}

// note remembers when a block passes the device and wakes the other side. For
// the callback.
func (s *stream) note(sample int64, at time.Duration, broken bool) {
	s.seen.put(observation{sample, at, broken})
	nudge(s.wake)
}

// nudge lets the receiver of c run, now or when it next looks. It does not wait.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// wait returns nil when the callback has been, io.EOF when the stream is closed,
// and an error when the device seems dead.
func (s *stream) wait() error {
	s.timer.Reset(patience)
	select {
	case <-s.closed:
		return io.EOF
	case <-s.wake:
		return nil
	case <-s.timer.C:
		return fmt.Errorf("sound device %s: %w", s.name, errSilent)
	}
}

// when returns the local time at which sample passes the device. It is asked for
// one sample after another.
func (s *stream) when(sample int64) time.Time {
	var o [1]observation
	for s.seen.take(o[:]) == 1 {
		s.clock.observe(o[0])
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
