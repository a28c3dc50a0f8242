package quicproto

import "time"

// pulse tells whether the path is dead: we have sent, no feedback has come, nor
// has anything else. Then nothing is worth sending but the last packets again
// (replayer), and the first sign of life is worth more than any timer.
type pulse struct {
	heard time.Time // when anything last came
	next  time.Time // when the last packets should be sent again; zero while alive
}

const (
	// deadAfter is how long nothing must have come: thin links carry a report each
	// 200 ms.
	deadAfter = 250 * time.Millisecond
	// replayInterval is the time between tries. It adds to an outage half of itself.
	replayInterval = 30 * time.Millisecond
)

func (p *pulse) dead() bool { return !p.next.IsZero() }

// handleHeard notes that something came, and reports whether the path was dead.
func (p *pulse) handleHeard(now time.Time) (revived bool) {
	revived = p.dead()
	p.heard, p.next = now, time.Time{}
	return revived
}

// advance notes whether feedback is missing.
func (p *pulse) advance(now time.Time, missing bool) {
	if !p.dead() && missing && now.Sub(p.heard) >= deadAfter {
		p.next = now
	}
}

// replay reports whether to send the last packets again now.
func (p *pulse) replay(now time.Time) bool {
	if !p.dead() || now.Before(p.next) {
		return false
	}
	p.next = now.Add(replayInterval)
	return true
}
