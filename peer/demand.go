package peer

import (
	"sync"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto"
)

// demand is what a link asks of the encoders, which serve all links. The link's
// goroutine writes it, the encoders' read.
type demand struct {
	mu      sync.Mutex
	target  media.Bitrate        // of all that is sent
	repair  float64              // share of it that repairs losses
	backlog time.Duration        // until what is queued has left
	loss    float64              // of sound, in spite of repetition
	stuck   bool                 // the receiver's picture stands still
	notice  quicproto.LossNotice // what it last decoded, if stuck
	asked   time.Time            // when it was last helped
	fresh   bool                 // needs a keyframe: it has just come
}

// recover notes that the receiver needs a new start. One that was under way when
// the notice was written is not repeated.
func (d *demand) recover(now time.Time, n quicproto.LossNotice, rtt time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Sub(d.asked) < rtt {
		return
	}
	d.stuck, d.notice = true, n
}

// restart asks for a keyframe.
func (d *demand) restart() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fresh = true
}

func (d *demand) set(target media.Bitrate, repair float64, backlog time.Duration, loss float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.target, d.repair, d.backlog, d.loss = target, repair, backlog, loss
}

func (d *demand) rate() (target media.Bitrate, backlog time.Duration, loss float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.target, d.backlog, d.loss
}

// pictures is what repair leaves of the target.
func (d *demand) pictures() media.Bitrate {
	d.mu.Lock()
	defer d.mu.Unlock()
	return media.Bitrate(float64(d.target) * (1 - d.repair))
}

// take returns what the next frame must be, and considers it done.
func (d *demand) take(now time.Time) (start start, lastDecoded uint16) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.fresh, d.stuck && !d.notice.HasDecoded:
		start = startKeyframe
	case d.stuck:
		start, lastDecoded = startRecover, d.notice.LastDecoded
	default:
		return startNone, 0
	}
	d.fresh, d.stuck, d.asked = false, false, now
	return start, lastDecoded
}

// start is how the next frame begins anew.
type start int

const (
	startNone     start = iota // as usual
	startRecover               // predicted from what the receiver last decoded, if possible
	startKeyframe              // predicted from nothing
)

// updateDemand passes on what the rate control found.
func (l *Link) updateDemand() {
	l.demand.set(l.session.Target(), l.session.RepairShare(), l.session.Backlog(), l.session.AudioLoss())
}
