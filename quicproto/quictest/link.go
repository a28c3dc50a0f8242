// Package quictest is a network in memory for tests: real QUIC connections over
// links with delay, jitter, loss, bursts, a bottleneck and its queue, seeded so
// that each run is the same, in virtual time where testing/synctest rules it.
package quictest

import (
	"math/rand/v2"
	"time"

	"github.com/skulltech/prattle/media"
)

// Link says how one direction of a path treats packets. The zero value delivers
// at once.
type Link struct {
	Delay   time.Duration
	Jitter  time.Duration // uniform, 0 to Jitter, on top of Delay
	Reorder bool          // let jitter change the order of packets
	Loss    float64       // 0 to 1: the share of packets lost
	Burst   float64       // mean length of a run of losses in packets; up to 1: independent
	Rate    media.Bitrate // of the bottleneck; 0: none
	Queue   time.Duration // longest wait at the bottleneck; beyond it packets are dropped
}

// headers is what IPv4 and UDP add to a datagram, in bytes: they take their
// share of the bottleneck.
const headers = 28

// path is one direction with its state, without I/O.
type path struct {
	link  Link
	rng   *rand.Rand
	bad   bool      // in a run of losses
	free  time.Time // when the bottleneck has sent all it was given
	last  time.Time // when the latest packet arrives
	stats PathStats
}

// PathStats counts what one direction did with packets.
type PathStats struct {
	Packets, Bytes uint64 // offered
	Lost           uint64 // by Loss
	Overflowed     uint64 // by Queue
	Waits          []time.Duration
}

// send decides the fate of a packet of size bytes: when it arrives, or not.
func (p *path) send(now time.Time, size int) (arrives time.Time, ok bool) {
	size += headers
	p.stats.Packets++
	p.stats.Bytes += uint64(size)
	leaves, ok := p.queue(now, size)
	if !ok {
		p.stats.Overflowed++
		return arrives, false
	}
	if p.lose() {
		p.stats.Lost++
		return arrives, false
	}
	arrives = leaves.Add(p.link.Delay)
	if p.link.Jitter > 0 {
		arrives = arrives.Add(time.Duration(p.rng.Int64N(int64(p.link.Jitter))))
	}
	if !p.link.Reorder || p.link.Jitter == 0 {
		if !arrives.After(p.last) {
			arrives = p.last.Add(time.Nanosecond)
		}
		p.last = arrives
	}
	return arrives, true
}

// queue passes a packet through the bottleneck.
func (p *path) queue(now time.Time, size int) (leaves time.Time, ok bool) {
	if p.link.Rate == 0 {
		return now, true
	}
	if p.free.Before(now) {
		p.free = now
	}
	wait := p.free.Sub(now)
	if p.link.Queue > 0 && wait > p.link.Queue {
		return now, false
	}
	p.stats.Waits = append(p.stats.Waits, wait)
	p.free = p.free.Add(p.link.Rate.Time(size))
	return p.free, true
}

// lose draws from a Gilbert model whose mean loss is Loss and whose runs last
// Burst packets in the mean.
func (p *path) lose() bool {
	l := p.link
	if l.Burst <= 1 {
		return p.rng.Float64() < l.Loss
	}
	leave := 1 / l.Burst
	enter := leave * l.Loss / (1 - l.Loss)
	if p.bad {
		p.bad = p.rng.Float64() >= leave
	} else {
		p.bad = p.rng.Float64() < enter
	}
	return p.bad
}
