package quicproto

import "time"

// ceMarks is the answer to congestion marks: that of DCTCP (RFC 8257) and of
// Prague for L4S (RFC 9331), a decrease by half the share of marked packets.
type ceMarks struct {
	share   float64   // of marked packets, smoothed
	last    time.Time // the last mark
	reduced time.Time
}

const (
	// markWeight is that of a report in the share: with 30 reports a second about a
	// third of a second counts.
	markWeight = 1.0 / 8
	// markMemory is for how long a path that marked is paced gently.
	markMemory = 5 * time.Second
)

func (m *ceMarks) recent(now time.Time) bool {
	return !m.last.IsZero() && now.Sub(m.last) < markMemory
}

// respectMarks takes the number of marked packets in a report.
func (r *rateControl) respectMarks(now time.Time, marked int) {
	m := &r.marks
	m.share += markWeight * (float64(marked)/float64(len(r.batch)) - m.share)
	if marked == 0 {
		return
	}
	m.last = now
	if now.Sub(m.reduced) > r.srtt {
		m.reduced = now
		r.setRate(r.rate * (1 - m.share/2))
		r.nearLimit(now)
	}
}
