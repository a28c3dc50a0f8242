package quictest

import (
	"math"
	"time"
)

// Cubic is the sending side of a bulk download by TCP Cubic (RFC 9438) with
// selective acknowledgement, fast convergence and HyStart, without I/O. It sends
// fresh segments instead of lost ones: to the link that is the same. It hears of
// every second segment, or of one after a while (RFC 5681 section 4.2), and so
// sends two or three at a time.
type Cubic struct {
	window    float64 // segments
	threshold float64 // segments: slow start ends there
	peak      float64 // segments: the window before the last decrease
	reduced   time.Time
	recover   int // losses of segments sent before this one cost nothing more
	next      int // number of the next segment
	flying    map[int]time.Time
	heard     time.Time
	unheard   []int // arrived segments whose acknowledgement is delayed

	leastRTT   time.Duration
	srtt       time.Duration
	roundLeast time.Duration // least round trip in this round
	roundEnd   int
}

// CubicSegment is the size of a segment on the wire, in bytes.
const CubicSegment = 1500

// Constants of RFC 9438, sections 4.3 to 4.6, and the first window of RFC 6928.
const (
	cubicBeta   = 0.7
	cubicC      = 0.4
	cubicFriend = 3 * (1 - cubicBeta) / (1 + cubicBeta)
	firstWindow = 10
)

// NewCubic makes a sender that has not sent anything.
func NewCubic() *Cubic {
	return &Cubic{window: firstWindow, threshold: math.Inf(1), flying: make(map[int]time.Time), leastRTT: time.Hour, roundLeast: time.Hour}
}

// Send takes the number of the segment to be sent now, if the window allows one.
func (c *Cubic) Send(now time.Time) (segment int, ok bool) {
	if float64(len(c.flying)) >= c.window {
		return 0, false
	}
	if len(c.flying) == 0 {
		c.heard = now
	}
	segment = c.next
	c.next++
	c.flying[segment] = now
	return segment, true
}

// Acknowledged notes that a segment has arrived, a way back ago. What was sent well
// before it and has not is lost.
func (c *Cubic) Acknowledged(now time.Time, segment int) {
	c.unheard = append(c.unheard, segment)
	if len(c.unheard) == 2 {
		c.hear(now)
	}
}

// hear takes the acknowledgements that have been delayed.
func (c *Cubic) hear(now time.Time) {
	for _, segment := range c.unheard {
		c.acknowledge(now, segment)
	}
	c.unheard = c.unheard[:0]
}

func (c *Cubic) acknowledge(now time.Time, segment int) {
	sent, ok := c.flying[segment]
	if !ok {
		return
	}
	delete(c.flying, segment)
	c.heard = now
	c.measure(segment, now.Sub(sent))
	for lost := range c.flying {
		if lost >= segment-3 { // fewer than three later ones have arrived
			continue
		}
		delete(c.flying, lost)
		if lost >= c.recover {
			c.reduce(now)
		}
	}
	if segment >= c.recover {
		c.grow(now)
	}
}

// Advance ends the delay of an acknowledgement, and gives everything up for lost if
// nothing has been heard for long. It is called every 50 ms or so.
func (c *Cubic) Advance(now time.Time) {
	c.hear(now)
	if len(c.flying) == 0 || now.Sub(c.heard) <= max(time.Second, 2*c.srtt) {
		return
	}
	c.threshold, c.window = max(c.window/2, 2), 1
	c.heard, c.recover = now, c.next
	clear(c.flying)
}

// measure keeps the round trip and leaves slow start when it rises (HyStart).
func (c *Cubic) measure(segment int, rtt time.Duration) {
	c.leastRTT = min(c.leastRTT, rtt)
	if c.srtt == 0 {
		c.srtt = rtt
	}
	c.srtt += (rtt - c.srtt) / 8
	c.roundLeast = min(c.roundLeast, rtt)
	if segment < c.roundEnd {
		return
	}
	rise := min(max(c.leastRTT/8, 4*time.Millisecond), 16*time.Millisecond)
	if c.window < c.threshold && c.roundLeast > c.leastRTT+rise {
		c.threshold = c.window
	}
	c.roundEnd, c.roundLeast = c.next, time.Hour
}

func (c *Cubic) reduce(now time.Time) {
	c.recover = c.next
	if c.window < c.peak {
		c.peak = c.window * (1 + cubicBeta) / 2 // fast convergence
	} else {
		c.peak = c.window
	}
	c.window = max(c.window*cubicBeta, 2)
	c.threshold, c.reduced = c.window, now
}

func (c *Cubic) grow(now time.Time) {
	if c.window < c.threshold {
		c.window++
		return
	}
	if c.peak == 0 { // left slow start without a loss
		c.peak, c.reduced = c.window, now
	}
	since := now.Sub(c.reduced).Seconds()
	k := math.Cbrt(max(c.peak-c.threshold, 0) / cubicC)
	target := cubicC*math.Pow(since+c.srtt.Seconds()-k, 3) + c.peak
	reno := c.threshold + cubicFriend*since/c.srtt.Seconds()
	target = min(max(target, reno), 1.5*c.window)
	c.window += max(target-c.window, 0.01) / c.window
}
