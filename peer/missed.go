package peer

import (
	"slices"
	"time"

	"github.com/skulltech/prattle/certs"
)

// MissedReason says why a call was missed.
type MissedReason string

// The reasons for which a call is missed.
const (
	MissedGivenUp  MissedReason = "given up"  // the caller hung up before an answer
	MissedNoAnswer MissedReason = "no answer" // it rang until it timed out
	MissedBusy     MissedReason = "busy"      // we were in another call
	MissedKnock    MissedReason = "knock"     // a stranger who was not let ring (AdmitKnock)
)

// Missed is a call that nobody took.
type Missed struct {
	Peer  certs.Peer
	Name  string // what the caller says to be called, filtered; it proves nothing
	Why   MissedReason
	At    time.Time // of the last
	Count int       // how many of this peer for this reason
}

// missedCalls keeps the latest missed calls. Strangers, of whom there may be as
// many as somebody likes to make keys, cannot push those of others out. It has no
// clock and no lock; the Room owns it.
type missedCalls struct {
	list []missedCall
	told time.Time // when a stranger's was last told of
}

type missedCall struct {
	Missed
	stranger bool
}

const (
	maxMissed         = 64
	maxMissedStranger = 16
	// missedInterval is how often a person is told of calls of strangers at most.
	missedInterval = 5 * time.Second
)

// add notes a missed call, and says whether the person should be told.
func (c *missedCalls) add(m Missed, stranger bool) (sum Missed, tell bool) {
	m.Count = 1
	if i := slices.IndexFunc(c.list, func(o missedCall) bool { return o.Peer.ID == m.Peer.ID && o.Why == m.Why }); i >= 0 {
		m.Count += c.list[i].Count
		c.list = slices.Delete(c.list, i, i+1)
	}
	c.list = append(c.list, missedCall{m, stranger})
	c.trim()
	if !stranger {
		return m, true
	}
	tell = m.At.Sub(c.told) >= missedInterval
	if tell {
		c.told = m.At
	}
	return m, tell
}

// trim forgets the oldest that are too many.
func (c *missedCalls) trim() {
	var strangers int
	for _, m := range c.list {
		if m.stranger {
			strangers++
		}
	}
	if strangers > maxMissedStranger {
		i := slices.IndexFunc(c.list, func(m missedCall) bool { return m.stranger })
		c.list = slices.Delete(c.list, i, i+1)
	}
	if len(c.list) > maxMissed {
		c.list = slices.Delete(c.list, 0, 1)
	}
}

// Missed lists the missed calls, the latest last. It is bounded: of strangers only
// the last few are kept.
func (r *Room) Missed() []Missed {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Missed
	for _, m := range r.missed.list {
		all = append(all, m.Missed)
	}
	return all
}
