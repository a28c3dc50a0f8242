package peertest

import (
	"sync"
	"time"

	"github.com/skulltech/prattle/media"
)

// A SpeakingClock is a microphone that hears the time: its sound says when it was
// captured, and a ListeningClock understands it.
type SpeakingClock struct {
	mic   *Microphone
	began time.Time
}

// clockBlock is the sound of one value, clockZero the first of them: louder than what
// passes for silence.
const (
	clockBlock = 10 * time.Millisecond
	clockZero  = 2000
)

// NewSpeakingClock makes a microphone whose time begins at began. It can tell five
// minutes.
func NewSpeakingClock(began time.Time) *SpeakingClock {
	return &SpeakingClock{mic: NewMicrophone(0), began: began}
}

// Read implements media.Microphone.
func (c *SpeakingClock) Read(block []int16) (time.Time, error) {
	first, err := c.mic.Read(block)
	if err != nil {
		return first, err
	}
	for i := range block {
		block[i] = int16(clockZero + first.Add(media.SampleTime(i)).Sub(c.began)/clockBlock)
	}
	return first, nil
}

// Close implements media.Microphone.
func (c *SpeakingClock) Close() error { return c.mic.Close() }

// Heard is one moment of a SpeakingClock's sound.
type Heard struct {
	At      time.Time
	Latency time.Duration
}

// A ListeningClock is a loudspeaker that understands a SpeakingClock.
type ListeningClock struct {
	Latency time.Duration // from the call for a block until it is heard

	began time.Time // the SpeakingClock's
	last  int16
	close sync.Once
	done  chan struct{}

	mu    sync.Mutex
	heard []Heard
}

// NewListeningClock makes a loudspeaker for the clock that began at began.
func NewListeningClock(began time.Time) *ListeningClock {
	return &ListeningClock{began: began, done: make(chan struct{})}
}

// Play implements media.Speaker.
func (c *ListeningClock) Play(fill func([]int16, time.Time)) error {
	block := make([]int16, media.SamplesIn(clockBlock))
	tick := time.NewTicker(clockBlock)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-c.done:
			return nil
		}
		at := time.Now().Add(c.Latency)
		fill(block, at)
		c.listen(block, at)
	}
}

// listen notes when the next value begins: that was captured at a known time. Where
// sound was made up, values do not follow each other.
func (c *ListeningClock) listen(block []int16, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, v := range block {
		if v == c.last+1 && v > clockZero {
			heard := at.Add(media.SampleTime(i))
			captured := c.began.Add(time.Duration(v-clockZero) * clockBlock)
			c.heard = append(c.heard, Heard{heard, heard.Sub(captured)})
		}
		c.last = v
	}
}

// Heard returns what was understood so far.
func (c *ListeningClock) Heard() []Heard {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Heard(nil), c.heard...)
}

// Close implements media.Speaker.
func (c *ListeningClock) Close() error {
	c.close.Do(func() { close(c.done) })
	return nil
}
