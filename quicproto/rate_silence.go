package quicproto

import "time"

// silence watches for feedback that does not come. Then the link may be dead, or
// so full that reports cannot pass: less is asked for, but nothing forgotten, so
// that a call goes on where it was when the link comes back.
type silence struct {
	since    time.Time     // the first packet sent after the last feedback; zero: none
	gap      time.Duration // mean time between reports
	halvings int
}

const (
	// silenceMin is the least time that counts as a silence: a report lost and a
	// slow one after it.
	silenceMin = 250 * time.Millisecond
	// silenceGaps is after how many missed reports it is one: with 30 % loss that
	// happens by chance once in a thousand times.
	silenceGaps = 6
	// maxHalvings stops at 1/64, where only sound is left.
	maxHalvings = 6
)

func (s *silence) handleSent(now time.Time) {
	if s.since.IsZero() {
		s.since = now
	}
}

// broken ends the silence and reports whether there was one.
func (s *silence) broken() bool {
	was := s.halvings > 0
	s.since, s.halvings = time.Time{}, 0
	return was
}

func (s *silence) next(srtt time.Duration) time.Time {
	// Without any feedback so far there is nothing to judge a silence by, and
	// nobody to hear.
	if s.since.IsZero() || s.gap == 0 || s.halvings == maxHalvings {
		return time.Time{}
	}
	return s.since.Add(max(silenceMin, 3*srtt, silenceGaps*s.gap))
}

func (s *silence) advance(now time.Time, srtt time.Duration) {
	if t := s.next(srtt); t.IsZero() || now.Before(t) {
		return
	}
	s.since = now
	s.halvings++
}
