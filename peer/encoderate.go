package peer

import (
	"time"

	"github.com/skulltech/prattle/media"
)

// encodeRate orders from an encoder the bitrate that makes it come out at the
// wanted one: what it fell short of or exceeded is made good within a second. It
// is without I/O.
type encodeRate struct {
	ordered media.Bitrate
	credit  float64   // bits that the encoder is behind; negative: ahead
	last    time.Time // when a frame was last accounted for
}

const (
	// rateStep is the change of rate that an encoder is told of: its own rate control
	// loses some of its memory with each change, and repair makes the rate tremble.
	rateStep = 0.03
	// maxCredit is what is remembered, as time at the wanted rate: a still scene that
	// needs nothing must not save for the next motion, nor a burst starve it.
	maxCredit = 250 * time.Millisecond
	// repayTime is the time in which a debt is paid back, maxRepay by how much less than
	// wanted is ordered for that, and maxCatchUp by how much more to use what was left.
	repayTime  = time.Second
	maxRepay   = 0.5
	maxCatchUp = 0.1
	// leastCredit, in bits, lets the debt of a small picture be remembered where the
	// rate is lower still.
	leastCredit = 12e3
	// longFrame is a gap between frames that was not the encoder's.
	longFrame = 300 * time.Millisecond
)

// order returns the bitrate to ask for.
func (r *encodeRate) order(wanted media.Bitrate) media.Bitrate {
	r.bound(wanted)
	share := min(max(r.credit/(float64(wanted)*repayTime.Seconds()), -maxRepay), maxCatchUp)
	rate := media.Bitrate(float64(wanted) * (1 + share))
	if diff := float64(rate - r.ordered); diff > rateStep*float64(r.ordered) || diff < -rateStep*float64(r.ordered) {
		r.ordered = rate
	}
	return r.ordered
}

// spent reports whether a picture must be passed over because what there is for
// pictures is spent: with less than minVideo an encoder cannot hold its rate, and
// with little more it exceeds it by whole pictures.
func (r *encodeRate) spent(now time.Time, g rung) bool {
	little := float64(g.Left)*maxCredit.Seconds() < leastCredit
	if !g.Thin && !little {
		return false
	}
	if !r.last.IsZero() {
		r.credit += float64(g.Left) * now.Sub(r.last).Seconds()
	}
	r.last = now
	r.bound(g.Left)
	if g.Thin {
		return r.credit < 0
	}
	return r.credit < -leastCredit/2
}

// handleFrame accounts for a frame of so many bytes, made when wanted was wanted.
func (r *encodeRate) handleFrame(now time.Time, wanted media.Bitrate, bytes int) {
	if d := now.Sub(r.last); d < longFrame {
		r.credit += float64(wanted)*d.Seconds() - float64(8*bytes)
	}
	r.last = now
	r.bound(wanted)
}

func (r *encodeRate) bound(wanted media.Bitrate) {
	limit := max(float64(wanted)*maxCredit.Seconds(), leastCredit)
	r.credit = min(max(r.credit, -limit), limit)
}
