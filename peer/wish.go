package peer

import (
	"time"

	"github.com/skulltech/prattle/media"
)

// wishedSize is the largest size, in pixels, at which the other side shows our picture. The
// zero value says nothing: as large as it comes.
type wishedSize struct {
	told          bool
	width, height int // 0: it is not shown
}

// setWish takes what the other side says: 0 by 0 that it does not show our picture.
func (l *Link) setWish(width, height int) {
	bound := func(n int) int { return min(max(n, 0), media.MaxSide) }
	l.demand.mu.Lock()
	defer l.demand.mu.Unlock()
	l.demand.wish = wishedSize{true, bound(width), bound(height)}
}

func (w wishedSize) hidden() bool { return w.told && (w.width == 0 || w.height == 0) }

// wishSlack is by how much a picture may be smaller than wished: it is not worth a
// larger one.
const wishSlack = 0.05

// step is the smallest of ladderSizes that a camera of w by h pixels needs to fill
// what is wished, as an index.
func (wi wishedSize) step(w, h int) int {
	if !wi.told {
		return 0
	}
	scale := min(float64(wi.width)/float64(w), float64(wi.height)/float64(h)) * (1 - wishSlack)
	for step := len(ladderSizes) - 1; step > 0; step-- {
		if float64(ladderSizes[step])/8 >= scale {
			return step
		}
	}
	return 0
}

// wishRest is for how long a smaller picture must be wished before it is made so:
// tiles are moved and windows drawn to size.
const wishRest = time.Second

// steadyWish follows what the other side wishes: to more at once, to less when it has
// rested there. It is without I/O.
type steadyWish struct {
	wishedSize
	less time.Time // since when less is wished; zero: it is not
}

func (s *steadyWish) note(now time.Time, said wishedSize) {
	switch {
	case !s.told || !said.told:
		s.wishedSize = said
	case said.width > s.width || said.height > s.height:
		s.width, s.height = max(s.width, said.width), max(s.height, said.height)
		s.less = time.Time{}
	}
	if said == s.wishedSize {
		s.less = time.Time{}
		return
	}
	if s.less.IsZero() {
		s.less = now
	}
	if now.Sub(s.less) >= wishRest {
		s.wishedSize, s.less = said, time.Time{}
	}
}
