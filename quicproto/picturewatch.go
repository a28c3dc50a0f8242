package quicproto

import "time"

// pictureWatch notices whether pictures come. Sound alone does not fill a link, so
// nobody has to react within a round trip; each report wakes two machines for it.
type pictureWatch struct {
	last time.Time // something of a picture came
}

const (
	// minReportInterval is the least time between two reports on pictures,
	// soundReportInterval that between reports on sound alone: little beside the time
	// over which its losses are averaged (0.8 s).
	minReportInterval   = 25 * time.Millisecond
	soundReportInterval = 100 * time.Millisecond
	// pictureGap is after how long without anything there are no pictures: the least
	// that a thin link carries is four a second.
	pictureGap = time.Second
)

// handle notes that a packet came, and reports whether pictures begin with it.
func (w *pictureWatch) handle(now time.Time, flow Flow) (begun bool) {
	if flow != FlowVideo && flow != FlowRepair {
		return false
	}
	begun = !w.come(now)
	w.last = now
	return begun
}

func (w *pictureWatch) come(now time.Time) bool {
	return !w.last.IsZero() && now.Sub(w.last) < pictureGap
}

// reportInterval is the least time between two reports.
func (w *pictureWatch) reportInterval(now time.Time) time.Duration {
	if w.come(now) {
		return minReportInterval
	}
	return soundReportInterval
}
