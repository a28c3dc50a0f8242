//go:build cgo

package portaudio

import (
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/gordonklaus/portaudio"

	"github.com/skulltech/prattle/media"
)

// speaker implements media.Speaker. A block lies ready in the ring when the
// device asks, so that the callback need not wait for fill.
type speaker struct {
	stream
	ring    *ring[int16]
	cushion cushion

	taken   atomic.Int64  // samples the device has got, silence included
	filled  chan struct{} // the ring has more than before
	tooLate *time.Timer   // the callback's

	settled atomic.Bool  // what happens from now on is heard
	starved atomic.Int64 // how often fill was late
	xruns   atomic.Int64 // how often the device ran dry by itself
}

// priming is how much a device may ask for at its start, to fill its own
// buffers: running dry meanwhile is no fault.
const priming = media.SampleRate / 10 // samples

func openSpeaker(name string) (media.Speaker, error) {
	s := newSpeaker()
	if err := s.open(playback, name, s.play); err != nil {
		return nil, err
	}
	return s, nil
}

// newSpeaker makes a speaker without a device.
func newSpeaker() *speaker {
	return &speaker{
		stream:  newStream(),
		ring:    newRing[int16](maxCushion * blockSize),
		filled:  make(chan struct{}, 1),
		tooLate: time.NewTimer(0),
	}
}

// play is the callback: it gives the device what fill has left in the ring.
func (s *speaker) play(out []int16, t portaudio.StreamCallbackTimeInfo, flags portaudio.StreamCallbackFlags) {
	ahead := t.OutputBufferDacTime - t.CurrentTime
	if ahead <= 0 || ahead > time.Second {
		ahead = s.latency
	}
	at := time.Since(s.epoch) + ahead
	dry := flags&portaudio.OutputUnderflow != 0
	mono := out[:len(out)/s.channels]
	got := s.ring.take(mono)
	if got < len(mono) && s.settled.Load() {
		got += s.await(mono[got:], ahead/3)
	}
	clear(mono[got:])
	s.count(got < len(mono), dry)
	if s.channels == 2 {
		spread(out)
	}
	sample := s.taken.Add(int64(len(mono))) - int64(len(mono))
	s.note(sample, at, dry)
}

// await takes what fill is still about to give. It is the exception to the rule
// that the callback does not wait: when the machine was busy elsewhere for a
// moment, several callbacks come at once, and the device still has sound to play
// for a while. The other choice would be silence.
func (s *speaker) await(mono []int16, patience time.Duration) int {
	nudge(s.wake)
	s.tooLate.Reset(patience)
	defer s.tooLate.Stop()
	for got := 0; ; {
		got += s.ring.take(mono[got:])
		if got == len(mono) {
			return got
		}
		select {
		case <-s.filled:
		case <-s.tooLate.C:
			return got
		}
	}
}

func (s *speaker) count(starved, dry bool) {
	if !s.settled.Load() {
		return
	}
	if starved {
		s.starved.Add(1)
	}
	if dry {
		s.xruns.Add(1)
	}
}

// spread makes stereo of the mono samples in the first half of out.
func spread(out []int16) {
	for i := len(out)/2 - 1; i >= 0; i-- {
		out[2*i], out[2*i+1] = out[i], out[i]
	}
}

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

// keepFilled calls fill whenever the ring holds less than the cushion.
func (s *speaker) keepFilled(fill func(block []int16, at time.Time)) error {
	block := make([]int16, blockSize)
	var taken, starved int64
	for {
		if err := s.wait(); err != nil {
			return err
		}
		if now := s.starved.Load(); now != starved {
			s.cushion.ranDry()
			starved = now
		}
		now := s.taken.Load()
		s.cushion.ranWell(int(now - taken))
		taken = now
		for s.ring.len() < s.cushion.size()*blockSize {
			fill(block, s.when(s.taken.Load()+int64(s.ring.len())))
			s.ring.put(block...)
			nudge(s.filled)
		}
		s.settled.Store(taken > priming)
	}
}

// Underruns returns how often silence was heard because fill was late, or because
// the device ran dry by itself.
func (s *speaker) Underruns() int64 { return s.starved.Load() + s.xruns.Load() }
