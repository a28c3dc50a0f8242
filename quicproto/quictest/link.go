// Package quictest is a network for tests and measurements: links with delay,
// jitter, loss, bursts, a bottleneck and its queue, seeded so that each run is
// the same. A Path is one direction of a link, without I/O; a Network joins real
// QUIC connections by paths in memory, in virtual time where testing/synctest
// rules it. A Cubic is what else fills a link: a download by TCP.
package quictest

import (
	"time"

	"github.com/skulltech/prattle/media"
)

// Link says how one direction of a path treats packets: first they wait at the
// bottleneck, then they are lost, then they are delayed. So a lost packet has
// used its share of the rate. The zero value delivers at once.
type Link struct {
	Delay   time.Duration
	Jitter  time.Duration // uniform, 0 to Jitter, on top of Delay
	Reorder bool          // let jitter change the order of packets
	Loss    float64       // 0 to 1: the share of packets lost; 1 is an outage
	Burst   float64       // mean length of a run of losses in packets; up to 1: independent
	Rate    media.Bitrate // of the bottleneck; 0: none
	Queue   time.Duration // longest wait at the bottleneck; beyond it packets are dropped; 0: no limit
}

// A Passage is what became of one packet.
type Passage struct {
	Size    int       // bytes on the wire
	Sent    time.Time // when it came to the bottleneck
	Left    time.Time // when the bottleneck had sent it; Sent if it overflowed
	Arrives time.Time // zero if it does not
	Fate    Fate
}

// Wait is the time that a packet spent at the bottleneck, its own transmission
// included.
func (p Passage) Wait() time.Duration { return p.Left.Sub(p.Sent) }

// Fate is how a packet's passage ends.
type Fate uint8

// The fates of a packet.
const (
	Delivered  Fate = iota
	Lost            // by Link.Loss
	Overflowed      // at the bottleneck, whose queue was full
)

// lossChain is a Gilbert model: runs of losses whose mean length is Link.Burst,
// with the mean loss of Link.Loss.
type lossChain struct{ bad bool }

// lose decides by u, uniform from 0 to 1, whether the next packet is lost.
func (c *lossChain) lose(l Link, u float64) bool {
	if l.Burst <= 1 || l.Loss >= 1 {
		return u < l.Loss
	}
	leave := 1 / l.Burst
	enter := leave * l.Loss / (1 - l.Loss)
	if c.bad {
		c.bad = u >= leave
	} else {
		c.bad = u < enter
	}
	return c.bad
}
