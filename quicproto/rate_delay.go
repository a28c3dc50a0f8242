package quicproto

import "time"

// arrivalSample is a packet of which feedback said when it arrived.
type arrivalSample struct {
	id      uint64
	sent    time.Duration // since the rate control's epoch, our clock
	arrival time.Duration // receiver's clock
	size    int           // bytes on the wire
	sum     int64         // bytes that have arrived so far, with this packet
	probe   int
}

// transit is the one-way delay plus the unknown offset between the two clocks.
func (s *arrivalSample) transit() time.Duration { return s.arrival - s.sent }

const (
	// arrivalHistory is how many arrivals are kept: 400 ms at 20 Mbit/s. A power
	// of two.
	arrivalHistory = 1024
	// baseBucket and baseBuckets make the window in which the least transit is
	// taken as the delay of the empty path: long enough that a call that fills its
	// link has left it empty at times, short enough that clocks 200 ppm apart drift
	// by 3 ms only.
	baseBucket  = time.Second
	baseBuckets = 15
)

// delayTrack keeps the latest arrivals and the transit time of the empty path.
// What a packet takes more than that it has waited in queues.
type delayTrack struct {
	recent [arrivalHistory]arrivalSample
	count  int
	sum    int64 // bytes arrived

	base    [baseBuckets]time.Duration // least transit in each of the last seconds
	filled  int                        // buckets in use
	current int
	began   time.Duration // send time at which the current bucket began
	newest  time.Duration // latest send time of all
}

// add takes an arrival. Those of one report come in order of arrival.
func (d *delayTrack) add(s *arrivalSample) {
	d.sum += int64(s.size)
	s.sum = d.sum
	d.recent[d.count%arrivalHistory] = *s
	d.count++
	d.newest = max(d.newest, s.sent)
	switch {
	case d.filled == 0:
		d.restart(s.transit())
	case s.sent-d.began >= baseBucket:
		d.began = s.sent
		d.current = (d.current + 1) % baseBuckets
		d.filled = min(d.filled+1, baseBuckets)
		d.base[d.current] = s.transit()
	}
	d.base[d.current] = min(d.base[d.current], s.transit())
}

// restart makes base the transit time of the empty path.
func (d *delayTrack) restart(base time.Duration) {
	d.base[0] = base
	d.current, d.filled, d.began = 0, 1, d.newest
}

// least is the transit time of the empty path.
func (d *delayTrack) least() time.Duration {
	least := d.base[d.current]
	for _, b := range d.base[:d.filled] {
		least = min(least, b)
	}
	return least
}

// above is by how much the empty path takes longer than base.
func (d *delayTrack) above(base time.Duration) time.Duration { return max(d.least()-base, 0) }

// at returns the i-th latest arrival, i < len.
func (d *delayTrack) at(i int) *arrivalSample { return &d.recent[(d.count-1-i)%arrivalHistory] }

func (d *delayTrack) len() int { return min(d.count, arrivalHistory) }

// within returns how many of the latest arrivals came in the last window, and
// at least so many as there are up to atLeast.
func (d *delayTrack) within(window time.Duration, atLeast int) int {
	n := 0
	for n < d.len() && (n < atLeast || d.at(0).arrival-d.at(n).arrival <= window) {
		n++
	}
	return n
}

// waits returns the least and the greatest queueing delay among the n latest
// arrivals.
func (d *delayTrack) waits(n int) (least, most time.Duration) {
	least, most = d.at(0).transit(), d.at(0).transit()
	for i := range n {
		t := d.at(i).transit()
		least, most = min(least, t), max(most, t)
	}
	base := d.least()
	return least - base, most - base
}

// busy returns how many of the latest arrivals, in the last window, have all
// waited longer than idle: the bottleneck had a queue all the while.
func (d *delayTrack) busy(idle, window time.Duration) int {
	base := d.least()
	n := d.within(window, 0)
	for i := range n {
		if d.at(i).transit()-base <= idle {
			return i
		}
	}
	return n
}

// rate returns the rate in bit/s at which the n latest packets arrived, and the
// time they took. The first, and what came together with it (Wi-Fi delivers in
// batches), only marks the beginning.
func (d *delayTrack) rate(n int) (bits float64, span time.Duration) {
	if n < 2 {
		return 0, 0
	}
	last, first := d.at(0), d.at(n-1)
	for n > 2 && d.at(n-2).arrival-first.arrival < time.Millisecond {
		n--
	}
	first = d.at(n - 1)
	span = last.arrival - first.arrival
	if span <= 0 {
		return 0, 0
	}
	return float64(last.sum-first.sum) * 8 / span.Seconds(), span
}

// largest is the size of the largest of the n latest packets.
func (d *delayTrack) largest(n int) int {
	size := 0
	for i := range n {
		size = max(size, d.at(i).size)
	}
	return size
}
