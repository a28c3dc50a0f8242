//go:build cgo && unix

package portaudio

import "github.com/skulltech/prattle/media"

// cushion decides how many blocks of sound lie ready for the device. One is
// enough for a device that asks for block after block; one that asks in bursts,
// or a machine that wakes us late, needs more. Each block costs its length in
// delay, so the cushion grows when the device ran dry and shrinks after a calm
// while, ever more reluctantly if that proved wrong.
type cushion struct {
	blocks int
	calm   int // samples since it last changed or the device ran dry
	trial  int // calm samples after which it shrinks; 0: firstTrial
	shrunk bool
}

const (
	minCushion = 1
	maxCushion = 40 * media.SampleRate / 1000 / blockSize // blocks: beyond, more delay helps nobody
	firstTrial = 10 * media.SampleRate                    // samples
	lastTrial  = 600 * media.SampleRate
)

// ranDry takes in that the device asked for more than there was.
func (c *cushion) ranDry() {
	if c.shrunk {
		c.trial = min(2*c.patience(), lastTrial)
	}
	c.blocks = min(c.size()+1, maxCushion)
	c.calm, c.shrunk = 0, false
}

// ranWell takes in that the device got n samples in time.
func (c *cushion) ranWell(n int) {
	c.calm += n
	if c.calm >= c.patience() && c.size() > minCushion {
		c.blocks--
		c.calm, c.shrunk = 0, true
	}
}

// size is how many blocks should lie ready.
func (c *cushion) size() int { return max(c.blocks, minCushion) }

func (c *cushion) patience() int { return max(c.trial, firstTrial) }
