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
	mu sync.Mutex
	allowance
	wish   wishedSize
	stuck  bool                 // the receiver's picture stands still
	notice quicproto.LossNotice // what it last decoded, if stuck
	asked  time.Time            // when it was last helped
	fresh  bool                 // needs a keyframe: it has just come
}

// allowance is what a link can take. Its zero value is that of a link that is
// passed by.
type allowance struct {
	target    media.Bitrate // of all that is sent
	sustained media.Bitrate // the same once a queue on the way has drained
	repair    float64       // share of it that repairs losses
	backlog   time.Duration // until what is queued has left
	dead      bool          // nothing gets through
	loss      float64       // of sound, in spite of repetition
}

// with is what both a and b can take: of each the worse.
func (a allowance) with(b allowance) allowance {
	repair := max(a.repair, b.repair)
	gross := func(net media.Bitrate) media.Bitrate { return media.Bitrate(float64(net) / (1 - repair)) }
	return allowance{
		target:    gross(min(a.pictures(), b.pictures())),
		sustained: gross(min(a.size(), b.size())),
		repair:    repair,
		backlog:   max(a.backlog, b.backlog),
		dead:      a.dead || b.dead,
		loss:      max(a.loss, b.loss),
	}
}

// pictures and size are what repair leaves of the target: for the next frame, and
// for choosing the size of those to come.
func (a allowance) pictures() media.Bitrate { return a.spared(a.target) }
func (a allowance) size() media.Bitrate     { return a.spared(a.sustained) }

func (a allowance) spared(rate media.Bitrate) media.Bitrate {
	return media.Bitrate(float64(rate) * (1 - a.repair))
}

// recover notes that the receiver needs a new start. One that was under way when
// the notice was written is not repeated, unless it is known not to have left: way
// is how long it takes there, and the notice back.
func (d *demand) recover(now time.Time, n quicproto.LossNotice, way time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Sub(d.asked) < way && !n.Abandoned {
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

func (d *demand) set(a allowance) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.allowance = a
}

func (d *demand) rate() allowance {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.allowance
}

func (d *demand) wished() wishedSize {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.wish
}

// wants says what the next frame must be.
func (d *demand) wants() start {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.next()
}

func (d *demand) next() start {
	switch {
	case d.fresh, d.stuck && !d.notice.HasDecoded:
		return startKeyframe
	case d.stuck:
		return startRecover
	}
	return startNone
}

// take returns what the next frame must be, and considers it done.
func (d *demand) take(now time.Time) (start start, lastDecoded uint16) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if start = d.next(); start == startNone {
		return startNone, 0
	}
	d.fresh, d.stuck, d.asked = false, false, now
	return start, d.notice.LastDecoded
}

// start is how the next frame begins anew.
type start int

const (
	startNone     start = iota // as usual
	startRecover               // predicted from what the receiver last decoded, if possible
	startKeyframe              // predicted from nothing
)

// updateDemand passes on what the rate control found, and asks how much of the room's
// uplink is the link's.
func (l *Link) updateDemand(now time.Time) {
	if !l.call.flows() {
		l.demand.set(allowance{}) // on hold: the encoders pass it by
		return
	}
	s := l.session
	a := allowance{s.Target(), s.Sustained(), s.RepairShare(), s.Backlog(), s.Dead(), s.AudioLoss()}
	l.room.uplink.bound(now, l, l.uplinkNeed(a))
	l.demand.set(a)
}
