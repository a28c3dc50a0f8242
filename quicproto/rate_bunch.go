package quicproto

import "time"

// bunchTrack tells jitter from queues by what no bottleneck does: packets that left
// one after the other come at once.
type bunchTrack struct {
	mark  arrivalSample // where the stretch of packets under way began
	share float64       // of stretches of late that came at once
	seen  int           // stretches
}

const (
	// bunchLength is how long a stretch takes to leave at least: some times the
	// resolution of feedback, bunchSpan.
	bunchLength = 4 * time.Millisecond
	bunchSpan   = time.Millisecond
	// bunchFactor is by how much faster than the rate a stretch must come.
	bunchFactor = 4
	// bunchWeight is that of one stretch in the share: some thirty count, a third of a
	// second of pictures.
	bunchWeight = 1.0 / 32
	// bunchShare is the share that timers and busy machines do not reach: uniform
	// jitter of 10 ms has a quarter. fewStretches is how many tell nothing.
	bunchShare   = 0.15
	fewStretches = 24
)

// add takes an arrival; rate is what the path is believed to take in bit/s, and gap
// the longest time between the packets of a train as they leave.
func (b *bunchTrack) add(s *arrivalSample, rate float64, gap time.Duration) {
	left, came := s.sent-b.mark.sent, s.arrival-b.mark.arrival
	switch {
	case left < 0 || left > gap+bunchLength:
	case left >= bunchLength:
		bits := float64(s.sum-b.mark.sum) * 8
		b.count(bits > bunchFactor*rate*(came+bunchSpan).Seconds())
	default:
		return
	}
	b.mark = *s
}

func (b *bunchTrack) count(bunched bool) {
	b.seen++
	hit := 0.0
	if bunched {
		hit = 1
	}
	b.share += max(bunchWeight, 1/float64(b.seen)) * (hit - b.share)
}

// jitters reports whether the path is one of jitter.
func (b *bunchTrack) jitters() bool { return b.seen > fewStretches && b.share > bunchShare }
