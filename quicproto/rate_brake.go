package quicproto

import "time"

// brake holds packets back at the first sign that the bottleneck has become much
// slower: a train that arrives stretched. That may be chance, so the rate stays;
// but what leaves meanwhile would only stand in the queue, if it is not.
type brake struct {
	rate  float64 // bit/s; 0: not braking
	until time.Time
}

const (
	// brakeShare is how slow a train must be, of the present rate.
	brakeShare = 0.5
	// brakeLife is for how long one train holds packets back: two reports later there
	// is another, or an alarm.
	brakeLife = 60 * time.Millisecond
	// brakeNoise is the jitter on a path where stretched trains mean nothing. Nor do they
	// where much is lost: QUIC's congestion control stretches them.
	brakeNoise = 5 * time.Millisecond
)

// considerBrake looks at the train under way.
func (r *rateControl) considerBrake(now time.Time) {
	if now.After(r.brake.until) {
		r.brake = brake{}
	}
	if r.queue.fast.noise >= brakeNoise || r.loss.usual >= minLoss {
		return
	}
	if rate, ok := r.train.slow(&r.delay); ok && rate < brakeShare*r.rate {
		r.brake = brake{rate: rate, until: now.Add(brakeLife)}
	}
}
