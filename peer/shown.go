package peer

import (
	"sync"
	"time"

	"github.com/skulltech/prattle/media"
)

// shownMeter is what became visible of a link, written by routineShow.
type shownMeter struct {
	mu            sync.Mutex
	freeze        freezeMeter
	width, height int         // in which it came
	glass         Measurement // glass-to-glass, from stamps in the pictures
	latest        shownPicture
}

// shownPicture is what lip sync must know of a picture.
type shownPicture struct {
	at        time.Time // zero: none
	timestamp uint32
	held      time.Duration
}

// take returns the picture shown last, once.
func (m *shownMeter) take() (s shownPicture, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, m.latest = m.latest, shownPicture{}
	return s, !s.at.IsZero()
}

func (m *shownMeter) show(now time.Time, f *media.Frame, measure bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.freeze.show(now)
	size := f.SourceSize()
	m.width, m.height = size.X, size.Y
	m.latest = shownPicture{now, f.Timestamp, f.Held}
	if !measure {
		return
	}
	if _, stamped, ok := media.ReadStamp(f); ok {
		m.glass.add(now.Sub(stamped))
	}
}

// hide notes that pictures are not shown: it is no freeze that none are.
func (m *shownMeter) hide() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.freeze.last = time.Time{}
}
