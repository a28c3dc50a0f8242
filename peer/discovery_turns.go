package peer

import (
	"math/rand/v2"
	"time"
)

const (
	// announcementTTL is how long an announcement is good for, by RFC 6762 section 10:
	// two turns of asking, so that one may be lost.
	announcementTTL = 120 * time.Second
	// minAnswerInterval is the least time between two announcements on a link. RFC 6762
	// section 6 has a second, and this where somebody waits for an answer that matters;
	// here a newcomer does, and it would be held up by the one that came before it.
	minAnswerInterval = 250 * time.Millisecond
	// Answers keep out of each other's way (section 6).
	minAnswerDelay, maxAnswerDelay = 20 * time.Millisecond, 120 * time.Millisecond
)

var (
	// inquiryWaits are what lies between questions; the last is repeated. Section 5.2
	// would have a second at first. But a person waits, the first packet may be lost,
	// and who has been heard need not answer again.
	inquiryWaits = [...]time.Duration{
		100 * time.Millisecond, 200 * time.Millisecond, 700 * time.Millisecond,
		2 * time.Second, 7 * time.Second, 20 * time.Second, 60 * time.Second,
	}
	// announcementWaits are what lies between announcements that nobody asked for
	// (section 8.3).
	announcementWaits = [...]time.Duration{time.Second, 2 * time.Second}
)

// inquiryTurns says when to ask on a link. It has no clock.
type inquiryTurns struct {
	asked int // questions, up to the number of waits
	at    time.Time
}

// next is when to ask.
func (t *inquiryTurns) next() time.Time { return t.at }

// due says whether to ask now, and counts on it.
func (t *inquiryTurns) due(now time.Time, rnd *rand.Rand) bool {
	if t.at.After(now) {
		return false
	}
	t.wait(now, rnd)
	return true
}

func (t *inquiryTurns) wait(now time.Time, rnd *rand.Rand) {
	wait := inquiryWaits[min(t.asked, len(inquiryWaits)-1)]
	// Who would ask together shall not: the first asks for all.
	t.at = now.Add(wait + time.Duration(rnd.Int64N(int64(wait/5))))
	t.asked = min(t.asked+1, len(inquiryWaits))
}

// handleInquiry is told that somebody else has asked the same (section 7.3). It
// counts once we ask seldom; at first, better ask twice than miss somebody.
func (t *inquiryTurns) handleInquiry(now time.Time, rnd *rand.Rand) {
	if t.asked == len(inquiryWaits) {
		t.wait(now, rnd)
	}
}

// announcementTurns says when to announce ourselves on a link. It has no clock.
type announcementTurns struct {
	unasked int       // announcements that nobody asked for
	at      time.Time // of the next of them; zero: there is none
	answer  time.Time // when to answer; zero: nobody has asked
	last    time.Time // when it was done
}

// handleInquiry is told that somebody wants to know.
func (t *announcementTurns) handleInquiry(now time.Time, rnd *rand.Rand) {
	at := now.Add(minAnswerDelay + time.Duration(rnd.Int64N(int64(maxAnswerDelay-minAnswerDelay))))
	if soonest := t.last.Add(minAnswerInterval); at.Before(soonest) {
		at = soonest
	}
	t.answer = earliest(t.answer, at)
}

// next is when to announce; zero if not at all.
func (t *announcementTurns) next() time.Time { return earliest(t.at, t.answer) }

// due says whether to announce now, and counts on it.
func (t *announcementTurns) due(now time.Time) bool {
	if next := t.next(); next.IsZero() || next.After(now) {
		return false
	}
	if !t.at.IsZero() && !t.at.After(now) {
		t.at = time.Time{}
		if t.unasked < len(announcementWaits) {
			t.at = now.Add(announcementWaits[t.unasked])
			t.unasked++
		}
	}
	t.answer, t.last = time.Time{}, now
	return true
}
