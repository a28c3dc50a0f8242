package quicproto

import (
	"math"
	"time"
)

// trainTrack finds the capacity of the path from the dispersion of packet trains
// (every video frame is one): what leaves faster than the bottleneck's rate
// arrives at that rate. It sees a limit before the rate gets there, and before
// any queue stands.
type trainTrack struct {
	first, last arrivalSample
	packets     int

	trains   int
	spread   float64 // mean of the time to arrive minus the time to leave, s
	variance float64 // of that, s²
	bytes    float64 // mean, without the first packet
	length   float64 // mean time to arrive, s
	seen     time.Duration
}

const (
	// trainGap is the most bytes that fit between two packets of one train at the
	// pacing rate: one and a half packets.
	trainGap = 1800
	// trainPackets and trainLength are the least that is measured with some
	// precision.
	trainPackets = 3
	trainLength  = 3 * time.Millisecond
	// trainWeight is that of the newest train in the means: about ten trains count,
	// a third of a second.
	trainWeight = 0.2
	// leastTrains is how many tell something.
	leastTrains = 4
	// trainLife is for how long trains tell of the present.
	trainLife = 300 * time.Millisecond
)

// add takes an arrival; gap is the longest time between the packets of a train
// as they leave.
func (t *trainTrack) add(s *arrivalSample, gap time.Duration) {
	if d := s.sent - t.last.sent; t.packets > 0 && d >= 0 && d <= gap {
		t.packets++
		t.last = *s
		return
	}
	t.finish()
	t.first, t.last, t.packets = *s, *s, 1
}

const (
	// slowPackets and slowLength are the least of a train that tells of a bottleneck
	// by itself; slowUneven, in tenths, is what the longest of the gaps may be of it.
	slowPackets = 3
	slowLength  = 15 * time.Millisecond
	slowUneven  = 6
)

// slow returns the rate in bit/s at which the end of the train under way arrives, of
// which d has the latest arrivals, if that is clearly slower than it left, and
// evenly: what a stalled Wi-Fi holds back comes all at once.
func (t *trainTrack) slow(d *delayTrack) (rate float64, ok bool) {
	n, came, widest := 1, time.Duration(0), time.Duration(0)
	for ; n < min(t.packets, d.len()) && (n < slowPackets || came < slowLength); n++ {
		gap := d.at(n-1).arrival - d.at(n).arrival
		came, widest = came+gap, max(widest, gap)
	}
	first, last := d.at(n-1), d.at(0)
	left := last.sent - first.sent
	if n < slowPackets || came < slowLength || came < 2*left || widest > came*slowUneven/10 {
		return 0, false
	}
	return float64(last.sum-first.sum) * 8 / came.Seconds(), true
}

// finish takes the measure of a train that is complete.
func (t *trainTrack) finish() {
	left, came := t.last.sent-t.first.sent, t.last.arrival-t.first.arrival
	if t.packets < trainPackets || left < trainLength {
		return
	}
	t.trains++
	t.seen = t.last.sent
	weight := max(trainWeight, 1/float64(t.trains))
	d := (came - left).Seconds() - t.spread
	t.spread += weight * d
	t.variance = (1 - weight) * (t.variance + weight*d*d)
	t.bytes += weight * (float64(t.last.sum-t.first.sum) - t.bytes)
	t.length += weight * (came.Seconds() - t.length)
}

// capacity returns the rate in bit/s at which trains arrive, if they arrive
// spread by more than the resolution of feedback and chance explain. now is a
// send time.
func (t *trainTrack) capacity(now time.Duration) (rate float64, dispersed bool) {
	if t.trains < leastTrains || t.length <= 0 || now-t.seen > trainLife {
		return 0, false
	}
	doubt := math.Sqrt(t.variance * trainWeight / (2 - trainWeight)) // standard error of the mean
	return t.bytes * 8 / t.length, t.spread > 0.001+3*doubt
}
