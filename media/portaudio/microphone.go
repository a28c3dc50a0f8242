//go:build cgo && unix

package portaudio

import (
	"io"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/bell"
)

// microphone implements media.Microphone.
type microphone struct {
	stream
	started  bool  // Read has been called
	forgiven int64 // as lost was when Read last began anew
}

func openMicrophone(name string) (media.Microphone, error) {
	b, err := bell.New()
	if err != nil {
		return nil, err
	}
	m := newMicrophone(b)
	if err := m.open(capture, name); err != nil {
		return nil, err
	}
	if err := m.start(); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// newMicrophone makes a microphone without a device.
func newMicrophone(b doorbell) *microphone { return &microphone{stream: newStream(false, b)} }

// enough is how many samples are worth waking a reader for that wants many, lest the
// ring run over while it wakes.
const enough = ringSize / 2

// Read implements media.Microphone. A reader that was away for longer than the ring
// lasts, 171 ms, gets what is heard now, not what it missed: that is of no use in a
// conversation.
func (m *microphone) Read(block []int16) (time.Time, error) {
	if lost := m.lost(); lost != m.forgiven || !m.started {
		m.drop(m.len())
		m.forgiven, m.started = lost, true
	}
	first := m.read() + m.forgiven
	for n := 0; ; {
		if m.isClosed() {
			return time.Time{}, io.EOF
		}
		n += m.take(block[n:])
		if n == len(block) {
			return m.when(first), nil
		}
		if err := m.await(min(len(block)-n, enough)); err != nil {
			return time.Time{}, err
		}
	}
}

// Lost returns how many samples were thrown away because nobody read them.
func (m *microphone) Lost() int64 { return m.lost() }
