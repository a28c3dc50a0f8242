//go:build cgo && unix

package portaudio

import (
	"errors"
	"io"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/bell"
)

// speaker implements media.Speaker. A block lies ready in the line when the device
// asks, so that the callback need not wait for fill.
type speaker struct {
	stream
	cushion     cushion
	ran, ranDry int64 // samples and starvations that cushion knows of
}

// priming is how much a device may ask for at its start, to fill its own
// buffers: running dry meanwhile is no fault.
const priming = media.SampleRate / 10 // samples

func openSpeaker(name string) (media.Speaker, error) {
	b, err := bell.New()
	if err != nil {
		return nil, err
	}
	s := newSpeaker(b)
	if err := s.open(playback, name); err != nil {
		return nil, err
	}
	return s, nil
}

// newSpeaker makes a speaker without a device.
func newSpeaker(b doorbell) *speaker { return &speaker{stream: newStream(true, b)} }

// Play implements media.Speaker.
func (s *speaker) Play(fill func(block []int16, at time.Time)) error {
	err := s.start()
	if err == nil {
		err = s.keepFilled(fill)
	}
	if errors.Is(err, io.EOF) {
		return nil // closed: the regular end
	}
	return err
}

// keepFilled calls fill whenever the line holds less than the cushion.
func (s *speaker) keepFilled(fill func(block []int16, at time.Time)) error {
	block := make([]int16, blockSize)
	for {
		if err := s.await(s.ready()); err != nil {
			return err
		}
		for s.len() < s.ready() {
			fill(block, s.when(s.taken()+int64(s.len())))
			s.put(block)
		}
		s.settle(s.taken() > priming)
	}
}

// ready is how many samples should lie ready, by how it went until now.
func (s *speaker) ready() int {
	if now := s.starved(); now != s.ranDry {
		s.cushion.ranDry()
		s.ranDry = now
	}
	now := s.taken()
	s.cushion.ranWell(int(now - s.ran))
	s.ran = now
	return s.cushion.size() * blockSize
}

// Underruns returns how often silence was heard because fill was late, or because
// the device ran dry by itself.
func (s *speaker) Underruns() int64 { return s.starved() + s.dry() }
