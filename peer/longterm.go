package peer

import (
	"slices"
	"time"

	"github.com/skulltech/prattle/media"
)

// longTerm remembers which pictures the encoder has marked as long-term
// references, from which a picture can be predicted after a loss: a new start at
// the price of an ordinary frame. Without I/O.
type longTerm struct {
	marked []uint16  // IDs, oldest first
	last   time.Time // when the latest was marked
	behind uint16    // what the receiver furthest behind last decoded
	ask    bool      // behind is meant
}

const (
	// longTermGap is the time between marks: an older picture resembles the
	// present less, a newer one may have been lost together with what it shall
	// repair.
	longTermGap = 500 * time.Millisecond
	// keyframeRest is the least time between keyframes for one of several: all others get
	// them, too.
	keyframeRest = 500 * time.Millisecond
	// maxLongTerm is how many marks are remembered; encoders hold fewer.
	maxLongTerm = 8
)

// order decides how the next picture begins, after what those ask for who get it. Who
// comes from another stream needs a keyframe.
func (t *longTerm) order(now time.Time, stream *videoTier, viewers []*viewer) media.EncodeOrder {
	var o media.EncodeOrder
	t.ask = false
	for _, v := range viewers {
		d := &v.link.demand
		if v.stream != stream {
			d.restart()
		} else if len(viewers) > 1 && now.Sub(v.began) < keyframeRest && d.wants() == startKeyframe {
			continue
		}
		switch start, last := d.take(now); start {
		case startKeyframe:
			o.Keyframe, v.began = true, now
		case startRecover:
			t.fallBehind(v.ids.restored(last))
		}
	}
	if t.ask && !o.Keyframe {
		t.marked = t.confirmed()
		o.Confirmed = slices.Clone(t.marked)
		o.Recover = len(o.Confirmed) > 0
		o.Keyframe = !o.Recover
	}
	o.MarkLongTerm = o.Keyframe || !o.Recover && now.Sub(t.last) >= longTermGap
	return o
}

func (t *longTerm) fallBehind(last uint16) {
	if !t.ask || before(last, t.behind) {
		t.behind = last
	}
	t.ask = true
}

// confirmed lists the marked pictures that every receiver has. The others are
// forgotten once a new start is made from one of these: the receiver that was
// behind passes over all that lies between.
func (t *longTerm) confirmed() []uint16 {
	var ids []uint16
	for _, id := range t.marked {
		if !before(t.behind, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// before says whether picture a comes before b in the circular order of IDs.
func before(a, b uint16) bool {
	d := (b - a) & media.FrameIDMask
	return d != 0 && d < (media.FrameIDMask+1)/2
}

// sent notes what became of an order.
func (t *longTerm) sent(now time.Time, f media.EncodedFrame, o media.EncodeOrder) {
	if f.Keyframe {
		t.marked = t.marked[:0]
	} else if !o.MarkLongTerm {
		return
	}
	t.last = now
	if len(t.marked) == maxLongTerm {
		t.marked = append(t.marked[:0], t.marked[1:]...)
	}
	t.marked = append(t.marked, f.ID)
}
