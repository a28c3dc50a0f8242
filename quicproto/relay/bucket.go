package relay

import (
	"sync"
	"time"
)

// bucket is a token bucket: it lets through rate tokens a second, and burst at once
// after a pause. The zero bucket is full. It has no clock of its own.
type bucket struct {
	spent float64 // tokens that have not come back yet
	last  time.Time
}

// has says whether n tokens are there.
func (b *bucket) has(now time.Time, rate, burst, n float64) bool {
	if elapsed := now.Sub(b.last); elapsed > 0 {
		b.spent = max(b.spent-elapsed.Seconds()*rate, 0)
		b.last = now
	}
	return b.spent+n <= burst
}

// take removes n tokens if they are there.
func (b *bucket) take(now time.Time, rate, burst, n float64) bool {
	if !b.has(now, rate, burst, n) {
		return false
	}
	b.spent += n
	return true
}

// meter limits packets and bytes. Both directions of an allocation use it, and all
// allocations of a user, each from a goroutine of its own.
type meter struct {
	mu      sync.Mutex
	packets bucket
	bytes   bucket
}

// take lets a packet of n bytes through or returns false.
func (m *meter) take(now time.Time, limit Rate, n int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	packets, bytes := float64(limit.Packets), float64(limit.Bytes)
	if !m.bytes.has(now, bytes, bytes, float64(n)) || !m.packets.take(now, packets, packets, 1) {
		return false
	}
	m.bytes.spent += float64(n)
	return true
}
