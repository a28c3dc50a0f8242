package quicproto

import "time"

// bucket is a token bucket: it lets through rate events a second, and burst at
// once after a pause. The zero bucket is full. It has no clock of its own.
type bucket struct {
	spent float64 // tokens that have not come back yet
	last  time.Time
}

// allowance is how much a bucket lets through.
type allowance struct {
	rate  float64 // tokens a second
	burst float64 // tokens
}

// has says whether n tokens are there.
func (b *bucket) has(now time.Time, a allowance, n float64) bool {
	b.refill(now, a)
	return b.spent+n <= a.burst
}

// take removes n tokens if they are there.
func (b *bucket) take(now time.Time, a allowance, n float64) bool {
	if !b.has(now, a, n) {
		return false
	}
	b.spent += n
	return true
}

func (b *bucket) refill(now time.Time, a allowance) {
	if elapsed := now.Sub(b.last); elapsed > 0 {
		b.spent = max(b.spent-elapsed.Seconds()*a.rate, 0)
		b.last = now
	}
}

// full says whether the bucket is as good as new.
func (b *bucket) full(now time.Time, a allowance) bool {
	b.refill(now, a)
	return b.spent == 0
}
