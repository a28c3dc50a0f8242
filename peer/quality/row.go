package quality

import (
	"fmt"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// A Row is one case of the scoreboard: a call over a link, one direction of
// pictures and both of sound, and what is expected of it.
type Row struct {
	Name    string        // a word for file names and -run
	Title   string        // for people
	Link    quictest.Link // each way, from the beginning
	Changes []Change      // in the order of time
	Rival   Rival
	MaxUp   media.Bitrate // what the caller may send at most; 0: usualUp
	Settle  time.Duration // what steady figures leave out at the beginning
	Goals   []Goal

	// Chromium is what Chromium 156's WebRTC did over the same link.
	Chromium string
}

// A Change makes the link another, both ways, at a time of the call.
type Change struct {
	At   time.Duration
	Link quictest.Link
}

// Rival is who else uses the link.
type Rival int

// The rivals of a call.
const (
	Nobody      Rival = iota
	TCPDownload       // one flow of TCP Cubic in the same direction, from rivalStart on
	SecondCall        // another such call, from the beginning
)

const (
	// rivalStart is when the TCP flow begins, in a call that has found its rate.
	rivalStart = 5 * time.Second
	// settle is left out of steady figures unless a row says otherwise: by then a
	// call has found its rate. The start has a row of its own.
	settle = 5 * time.Second
	// aftermath is how long a call goes on at least after the last change.
	aftermath = 12 * time.Second
	// shortest is the least that steady figures are taken over.
	shortest = 5 * time.Second
)

// usualUp is what prattle sends at most unless told otherwise.
const usualUp = 2700 * media.Kbps

func (r *Row) maxUp() media.Bitrate {
	if r.MaxUp > 0 {
		return r.MaxUp
	}
	return usualUp
}

// settled is when steady figures begin.
func (r *Row) settled() time.Duration {
	if r.Settle > 0 {
		return r.Settle
	}
	return settle
}

// length is how long the call of this row lasts if the others last d: long
// enough for all that happens in it.
func (r *Row) length(d time.Duration) time.Duration {
	d = max(d, r.settled()+shortest)
	if n := len(r.Changes); n > 0 {
		d = max(d, r.Changes[n-1].At+aftermath)
	}
	return d
}

// A Goal says what a figure should be.
type Goal struct {
	Metric  Metric
	Bound   float64
	AtLeast bool // else at most
}

func atMost(m Metric, bound float64) Goal  { return Goal{Metric: m, Bound: bound} }
func atLeast(m Metric, bound float64) Goal { return Goal{Metric: m, Bound: bound, AtLeast: true} }

// Met says whether v reaches the goal, rounded as it is printed.
func (g Goal) Met(v float64) bool {
	if v = g.Metric.round(v); g.AtLeast {
		return v >= g.Bound
	}
	return v <= g.Bound
}

// String names the metric and its bound.
func (g Goal) String() string { return string(g.Metric) + " " + g.bound() }

// bound is what the goal says without saying of what.
func (g Goal) bound() string {
	sign := "≤"
	if g.AtLeast {
		sign = "≥"
	}
	return fmt.Sprintf("%s%g", sign, g.Bound)
}

// goals are those of the row for a metric.
func (r *Row) goals(m Metric) (goals []Goal) {
	for _, g := range r.Goals {
		if g.Metric == m {
			goals = append(goals, g)
		}
	}
	return goals
}
