//go:build cgo

package portaudio

import (
	"io"
	"sync/atomic"
	"time"

	"github.com/gordonklaus/portaudio"

	"github.com/skulltech/prattle/media"
)

// backlog is how much sound waits for a reader that is busy, in samples. What is
// older is of no use in a conversation.
const backlog = 8192 // 171 ms

// microphone implements media.Microphone.
type microphone struct {
	stream
	ring *ring[int16]
	lost atomic.Int64 // samples for which the ring had no room
	mono []int16      // the callback's room for mixing

	started  bool  // Read has been called
	forgiven int64 // as lost was when Read last began anew
}

func openMicrophone(name string) (media.Microphone, error) {
	m := &microphone{stream: newStream(), ring: newRing[int16](backlog), mono: make([]int16, blockSize)}
	if err := m.open(capture, name, m.heard); err != nil {
		return nil, err
	}
	if err := m.start(); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// heard is the callback: it puts what was heard into the ring.
func (m *microphone) heard(in []int16, t portaudio.StreamCallbackTimeInfo, flags portaudio.StreamCallbackFlags) {
	age := t.CurrentTime - t.InputBufferAdcTime
	if age <= 0 || age > time.Second {
		age = m.latency
	}
	at := time.Since(m.epoch) - age
	if m.channels == 2 {
		in = mixDown(m.mono, in)
	}
	sample := int64(m.ring.written.Load()) + m.lost.Load()
	if !m.ring.put(in...) {
		m.lost.Add(int64(len(in)))
	}
	m.note(sample, at, flags&portaudio.InputOverflow != 0)
}

// mixDown writes the mean of the two channels of stereo to mono.
func mixDown(mono, stereo []int16) []int16 {
	mono = mono[:min(len(mono), len(stereo)/2)]
	for i := range mono {
		mono[i] = int16((int(stereo[2*i]) + int(stereo[2*i+1])) / 2)
	}
	return mono
}

// Read implements media.Microphone. A reader that was away for longer than the
// backlog gets what is heard now, not what it missed.
func (m *microphone) Read(block []int16) (time.Time, error) {
	if lost := m.lost.Load(); lost != m.forgiven || !m.started {
		m.ring.drop(m.ring.len())
		m.forgiven, m.started = lost, true
	}
	first := int64(m.ring.read.Load()) + m.forgiven
	for n := 0; ; {
		select {
		case <-m.closed:
			return time.Time{}, io.EOF
		default:
		}
		n += m.ring.take(block[n:])
		if n == len(block) {
			return m.when(first), nil
		}
		if err := m.wait(); err != nil {
			return time.Time{}, err
		}
	}
}

// Lost returns how many samples were thrown away because nobody read them.
func (m *microphone) Lost() int64 { return m.lost.Load() }
