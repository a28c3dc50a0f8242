package quality

import (
	"cmp"
	"slices"
	"time"

	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// A Recording is what a call left behind, as far as it goes from the caller to
// the callee. Times are counted from when the caller was connected.
type Recording struct {
	Row    *Row
	Length time.Duration
	// Changed is when each of the row's changes really came.
	Changed []time.Duration

	Shown    []Shown  // pictures, as they were shown
	Clicks   []Sample // mouth to ear, in ms, as each was heard
	Receiver []Report // the callee's statistics, once a second
	Packets  []Packet // towards the callee, in the order of their fate

	// Crowded is the share of the time in which something waited for a processor;
	// negative if that is not known. In virtual time it does not matter.
	Crowded float64
}

// Shown is one picture on screen.
type Shown struct {
	At            time.Duration
	Age           time.Duration // glass to glass; negative if it could not be read
	Width, Height int
}

// Sample is a figure at a time.
type Sample struct {
	At    time.Duration
	Value float64
}

// Report is a second's statistics.
type Report struct {
	At time.Duration
	peer.LinkStats
}

// Packet is the passage of one packet.
type Packet struct {
	At    time.Duration // when it came to the bottleneck
	Left  time.Duration // when it had left it
	Size  int           // bytes on the wire
	Fate  quictest.Fate
	Rival bool // it is not of this call
}

// Wait is how long the packet was at the bottleneck, its own transmission
// included.
func (p Packet) Wait() time.Duration { return p.Left - p.At }

// lastChange is when the link became what it is at the end.
func (r *Recording) lastChange() (at time.Duration, ok bool) {
	if len(r.Changed) == 0 {
		return 0, false
	}
	return r.Changed[len(r.Changed)-1], true
}

// linkAt is the link at a time of the call.
func (r *Recording) linkAt(at time.Duration) quictest.Link {
	l := r.Row.Link
	for i, changed := range r.Changed {
		if at >= changed {
			l = r.Row.Changes[i].Link
		}
	}
	return l
}

// shownFrom are the pictures shown from a time on.
func (r *Recording) shownFrom(at time.Duration) []Shown {
	i, _ := slices.BinarySearchFunc(r.Shown, at, func(s Shown, t time.Duration) int { return cmp.Compare(s.At, t) })
	return r.Shown[i:]
}

// ages are those of pictures, in ms.
func ages(shown []Shown) []float64 {
	var a []float64
	for _, s := range shown {
		if s.Age >= 0 {
			a = append(a, ms(s.Age))
		}
	}
	return a
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
