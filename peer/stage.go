package peer

import (
	"image"
	"math"
	"time"

	"github.com/skulltech/prattle/media"
)

// stage is what is on screen.
type stage struct {
	p     *pipeline
	view  media.View
	cast  map[*Link]*player
	self  *media.Frame
	shape image.Point // of it
	count uint64      // scenes with a new picture: the index in a file view
	tempo tempo
	last  time.Time
}

// player is one person on the stage.
type player struct {
	frame *media.Frame // the newest picture
	fresh bool         // it was not shown yet
	came  time.Time    // when
	// shape is of their pictures, also while their camera is off.
	shape image.Point
	wish  wish
}

func newStage(p *pipeline, view media.View) *stage {
	return &stage{p: p, view: view, cast: make(map[*Link]*player)}
}

// takePictures takes the new pictures, and shows them if it is time to. The places of
// those who have just come are found although there is no picture yet.
func (s *stage) takePictures(now time.Time) error {
	links := s.p.links()
	if s.recast(links) {
		s.arrange(now, links, s.scene(links))
	}
	for _, l := range links {
		f, ok := l.picture.Take()
		if !ok {
			continue
		}
		c := s.cast[l]
		l.release(c.frame)
		c.frame, c.fresh, c.came = f, true, now
		c.shape = steadyShape(c.shape, f)
		s.tempo.handlePicture(now, len(links), l == s.leader(now, links))
	}
	return s.showPictures(now)
}

// recast lets those leave the stage who are not there any more, and says whether
// somebody has come or gone.
func (s *stage) recast(links []*Link) (changed bool) {
	present := make(map[*Link]bool, len(links))
	for _, l := range links {
		present[l] = true
		if s.cast[l] == nil {
			s.cast[l], changed = new(player), true
		}
	}
	for l := range s.cast {
		if !present[l] {
			delete(s.cast, l)
			changed = true
		}
	}
	return changed
}

// leader is whose pictures set the pace: who is shown large or has the stage, as long
// as pictures of them come, else the first of whom any do.
func (s *stage) leader(now time.Time, links []*Link) *Link {
	spot := &s.p.room.spotlight
	alive := func(l *Link) bool {
		c := s.cast[l]
		return c != nil && !c.came.IsZero() && now.Sub(c.came) < leaderPatience
	}
	for _, l := range []*Link{spot.large(links), spot.speaker.Load()} {
		if l != nil && alive(l) {
			return l
		}
	}
	for _, l := range links {
		if alive(l) {
			return l
		}
	}
	return nil
}

// showPictures draws a scene if there is a new picture that is due.
func (s *stage) showPictures(now time.Time) error {
	if !s.tempo.isDue(now) {
		return nil
	}
	fresh := false
	for _, l := range s.p.links() {
		c := s.cast[l]
		if c == nil || !c.fresh {
			continue
		}
		c.fresh, fresh = false, true
		size := c.frame.SourceSize()
		s.p.room.cfg.Trace.show(now, l.peer, s.count, size.X, size.Y)
		l.shown.show(now, c.frame, s.p.room.cfg.Measure)
	}
	s.tempo.handleShown(now)
	if !fresh { // whose picture it was is gone
		return nil
	}
	s.count++
	return s.draw(now)
}

// refresh draws the scene without a new picture, if it was not drawn lately.
func (s *stage) refresh(now time.Time) error {
	if now.Sub(s.last) < refreshInterval {
		return nil
	}
	return s.draw(now)
}

func (s *stage) draw(now time.Time) error {
	s.last = now
	links := s.p.links()
	s.recast(links)
	if f, ok := s.p.preview.Take(); ok {
		s.p.releasePreview(s.self)
		s.self, s.shape = f, steadyShape(s.shape, f)
	}
	scene := s.scene(links)
	s.arrange(now, links, scene)
	return s.view.Show(scene)
}

// arrange notes how large each picture of scene will be seen.
func (s *stage) arrange(now time.Time, links []*Link, scene *media.Scene) {
	a, ok := s.view.(media.Arranger)
	if !ok {
		return
	}
	layout := a.Arrange(scene)
	if len(links) > 1 {
		s.p.selfWidth.Store(int32(layout.Self.Dx()) &^ 1)
	} else {
		s.p.selfWidth.Store(0)
	}
	for i, l := range links {
		c, size := s.cast[l], layout.Tiles[i].Size()
		l.place.set(size, c.wish.handlePlace(now, size))
		if size == (image.Point{}) {
			l.shown.hide()
		}
	}
}

func (s *stage) scene(links []*Link) *media.Scene {
	r := s.p.room
	muted, off := r.streams()
	scene := &media.Scene{SelfMuted: muted, SelfCameraOff: off, SelfHand: r.handUp(), SelfShape: s.shape, Keys: r.keys()}
	if !off {
		scene.Self = s.self
	}
	large := r.spotlight.large(links)
	for _, l := range links {
		t := s.tile(l)
		t.Large = l == large
		scene.Tiles = append(scene.Tiles, t)
	}
	if r.cfg.Decorate != nil {
		r.cfg.Decorate(scene)
	}
	return scene
}

func (s *stage) tile(l *Link) media.Tile {
	c := s.cast[l]
	muted, off := l.Streams()
	t := media.Tile{ID: l.peer.String(), Name: l.Name(), Muted: muted, CameraOff: off, Quality: l.Stats().quality(), Shape: c.shape}
	t.Speaking, t.Hand, t.Silenced = l.Speaking(), l.Hand(), l.volume.gain() == 0
	if !off {
		t.Frame = c.frame
	}
	here, there := l.Held()
	switch {
	case l.State() == StateReconnecting:
		t.Notice = "reconnecting…"
	case here || there:
		t.Notice = "on hold"
	}
	return t
}

// steadyShape is that of f, or the shape before if it differs by no more than the
// rounding of a smaller size: nobody's place moves for that.
func steadyShape(before image.Point, f *media.Frame) image.Point {
	const rounding = 0.01
	size := f.SourceSize()
	off := float64(before.X*size.Y) - float64(before.Y*size.X)
	if math.Abs(off) < rounding*float64(before.Y*size.X) {
		return before
	}
	return size
}
