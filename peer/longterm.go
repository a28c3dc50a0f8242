package peer

import (
	"time"

	"github.com/skulltech/prattle/media"
)

// longTerm keeps one picture that the receivers surely have, from which a
// picture can be predicted after a loss: a new start at the price of an
// ordinary frame. Without I/O.
type longTerm struct {
	valid  bool
	id     uint16
	marked time.Time
}

// longTermAge is how old the long-term picture grows before a newer one takes
// its place: an older one resembles the present less, a newer one may have been
// lost together with what it shall repair.
const longTermAge = time.Second

// order decides how the next picture begins, after what the links ask for.
func (t *longTerm) order(now time.Time, links []*Link) media.EncodeOrder {
	var o media.EncodeOrder
	for _, l := range links {
		switch start, last := l.demand.take(now); {
		case start == startKeyframe, start == startRecover && !t.reaches(last):
			o.Keyframe = true
		case start == startRecover:
			o.Recover = true
		}
	}
	if o.Keyframe {
		o.Recover = false
	}
	o.MarkLongTerm = o.Keyframe || !o.Recover && now.Sub(t.marked) >= longTermAge
	if o.MarkLongTerm {
		t.marked = now
	}
	return o
}

// reaches says whether a receiver that last decoded frame last has the long-term
// picture.
func (t *longTerm) reaches(last uint16) bool {
	return t.valid && (last-t.id)&media.FrameIDMask < media.FrameIDMask/2
}

// sent notes what became of an order.
func (t *longTerm) sent(f media.EncodedFrame, o media.EncodeOrder) {
	if o.MarkLongTerm {
		t.valid, t.id = true, f.ID
	}
}
