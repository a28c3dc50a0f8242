package quicproto

import (
	"math"
	"time"

	"github.com/skulltech/prattle/media"
)

// pacer spreads packets over time so that they leave at no more than a rate: a
// leaky bucket, filled by what is sent and drained by time. What must not wait
// (sound, feedback) is sent without asking, and accounted all the same.
type pacer struct {
	rate  media.Bitrate
	level float64   // bytes in the bucket
	at    time.Time // when level was true
}

const (
	// pacerBurst is what may leave at once: one packet, so that two small ones are
	// treated like a large one. In bytes.
	pacerBurst = 1200
	// pacerSlack is by how much a late timer may be made up for.
	pacerSlack = 2 * time.Millisecond
	// pacerMaxDebt bounds for how long packets that did not ask hold up those that
	// do, once the former have ceased.
	pacerMaxDebt = 200 * time.Millisecond
	// pacerMinRate keeps waits finite.
	pacerMinRate = 8 * media.Kbps
)

func newPacer(rate media.Bitrate) *pacer {
	return &pacer{rate: max(rate, pacerMinRate)}
}

// setRate changes the rate; what is in the bucket stays.
func (p *pacer) setRate(rate media.Bitrate) { p.rate = max(rate, pacerMinRate) }

// allow reports whether a packet of so many bytes may leave.
func (p *pacer) allow(now time.Time, bytes int) bool {
	p.drain(now)
	return p.excess(bytes) <= 0
}

// next is when a packet of so many bytes may leave: now or later.
func (p *pacer) next(now time.Time, bytes int) time.Time {
	p.drain(now)
	wait := max(p.excess(bytes), 0) * 8 / float64(p.rate)
	return now.Add(time.Duration(math.Ceil(wait * float64(time.Second))))
}

// spend accounts for a packet that left, whether it had asked or not.
func (p *pacer) spend(now time.Time, bytes int) {
	p.drain(now)
	p.level = min(p.level+float64(bytes), p.depth(bytes)+p.bytes(pacerMaxDebt))
}

// excess is by how many bytes a packet would overfill the bucket.
func (p *pacer) excess(bytes int) float64 { return p.level + float64(bytes) - p.depth(bytes) }

// depth is what the bucket holds for a packet of so many bytes: an empty one holds
// any.
func (p *pacer) depth(bytes int) float64 {
	return max(pacerBurst, float64(bytes)) + p.bytes(pacerSlack)
}

func (p *pacer) drain(now time.Time) {
	if d := now.Sub(p.at); d > 0 {
		p.level = max(p.level-p.bytes(min(d, time.Hour)), 0)
		p.at = now
	}
}

func (p *pacer) bytes(d time.Duration) float64 { return float64(p.rate) / 8 * d.Seconds() }
