package peer

import (
	"image"
	"sync/atomic"
	"time"
)

// place is how large the pictures of a link are seen here. It passes from routineShow
// to routineLink, which tells the other side, and to routineDecode.
type place struct {
	now  atomic.Uint64 // see packSize
	wish atomic.Uint64 // the same for a while
	told atomic.Uint64 // the wish that the other side was told
}

// packSize is a size in one word that is not zero, which stands for no size.
func packSize(p image.Point) uint64 { return 1<<63 | uint64(p.X)<<32 | uint64(p.Y) }

func unpackSize(v uint64) image.Point { return image.Pt(int(v<<1>>33), int(uint32(v))) }

func (p *place) set(now, wish image.Point) {
	p.now.Store(packSize(now))
	p.wish.Store(packSize(wish))
}

// wished is how large the pictures of the other side are seen here, in pixels, and
// whether that is other than when it was asked last. 0x0 means that none are seen. It
// is not news until a view has said so. By asking, routineLink promises to tell the
// other side: pictures that are sent nevertheless are left out.
func (l *Link) wished() (size image.Point, news bool) {
	wish := l.place.wish.Load()
	if wish == 0 {
		return image.Point{}, false
	}
	return unpackSize(wish), l.place.told.Swap(wish) != wish
}

// seen is the size in which pictures are seen now; not ok if that is not known, or the
// other side was never told that it matters: then all are decoded and kept as they are.
func (p *place) seen() (size image.Point, ok bool) {
	now := p.now.Load()
	if now == 0 || p.told.Load() == 0 {
		return image.Point{}, false
	}
	return unpackSize(now), true
}

// wish decides which size the other side should know of, without I/O: a larger one at
// once, a smaller one when it has lasted, as the other side has work to do for each.
type wish struct {
	size    image.Point
	known   bool
	smaller time.Time // since when the place has been smaller than size; zero: it is not
}

// wishPatience is for how long a smaller size must have lasted: longer than somebody
// takes to drag the edge of a window, or is large because of a remark.
const wishPatience = 2 * time.Second

// handlePlace takes the size of the place, and returns the one to wish for: even, as
// halved chroma is.
func (w *wish) handlePlace(now time.Time, place image.Point) image.Point {
	place = image.Pt((place.X+1)&^1, (place.Y+1)&^1)
	larger := !w.known || place.X > w.size.X || place.Y > w.size.Y
	switch {
	case larger || place == w.size:
		w.smaller = time.Time{}
	case w.smaller.IsZero():
		w.smaller = now
	}
	if larger || !w.smaller.IsZero() && now.Sub(w.smaller) >= wishPatience {
		w.size, w.known, w.smaller = place, true, time.Time{}
	}
	return w.size
}
