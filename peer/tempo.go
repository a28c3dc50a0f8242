package peer

import "time"

// tempo decides when new pictures are shown, without I/O: at once where there is one
// other person. Where there are several, a scene for each picture of each would be too
// many: then those of one, the leader, are shown at once, and with them what has come
// of the others.
type tempo struct {
	last time.Time // when a scene was drawn for new pictures
	due  time.Time // zero: nothing waits
}

const (
	// othersPause is how long after a scene pictures of others wait for one of the
	// leader: a little longer than it is to the next at 30 a second.
	othersPause = 40 * time.Millisecond
	// leaderPause is the least time between two scenes of several people: 60 a second.
	leaderPause = 16 * time.Millisecond
	// leaderPatience is for how long somebody of whom no picture comes is the leader:
	// others would wait for nothing.
	leaderPatience = 100 * time.Millisecond
)

// handlePicture notes a new picture of one of so many others.
func (t *tempo) handlePicture(now time.Time, others int, leader bool) {
	due := now
	switch {
	case others == 1:
	case leader:
		due = t.last.Add(leaderPause)
	default:
		due = t.last.Add(othersPause)
	}
	if due.Before(now) {
		due = now
	}
	if t.due.IsZero() || due.Before(t.due) {
		t.due = due
	}
}

// handleShown notes that all new pictures are being shown.
func (t *tempo) handleShown(now time.Time) { t.last, t.due = now, time.Time{} }

// isDue says whether new pictures should be shown now.
func (t *tempo) isDue(now time.Time) bool { return !t.due.IsZero() && !now.Before(t.due) }

// next is when they should be; zero while there are none.
func (t *tempo) next() time.Time { return t.due }
