package quicproto

import (
	"math"
	"time"
)

// repairShare measures which share of the bytes that leave repairs losses.
type repairShare struct {
	at            time.Time
	total, repair float64 // bytes, fading with time
}

// repairFade is the time constant of the measurement: a dozen frames, for the
// encoder must make room as soon as losses begin.
const repairFade = 400 * time.Millisecond

// add notes that a packet left, of whose size so many bytes repair.
func (r *repairShare) add(now time.Time, size, repair int) {
	if d := now.Sub(r.at); d > 0 {
		keep := math.Exp(-d.Seconds() / repairFade.Seconds())
		r.total *= keep
		r.repair *= keep
		r.at = now
	}
	r.total += float64(size)
	r.repair += float64(repair)
}

func (r *repairShare) share() float64 {
	if r.total == 0 {
		return 0
	}
	return r.repair / r.total
}
