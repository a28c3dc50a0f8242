package peer

import (
	"image"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/skulltech/prattle/media"
)

// refreshInterval is how often a view that a person looks at is drawn anew while
// no picture comes: for the own picture, the clock and the marks.
const refreshInterval = 66 * time.Millisecond

// routineShow draws the newest pictures as soon as they come.
func (p *pipeline) routineShow() {
	defer p.routines.Done()
	view, err := p.room.cfg.Devices.View()
	if err != nil {
		p.deviceFailed(media.KindView, err)
		return
	}
	defer view.Close()
	p.run(func() { p.routineView(view.Events()) })
	s := stage{p: p, view: view, tiles: make(map[*Link]*media.Frame), shapes: make(map[*Link]image.Point)}
	var refresh <-chan time.Time
	if _, unwatched := view.(media.PicturesOnly); !unwatched {
		ticker := time.NewTicker(refreshInterval)
		defer ticker.Stop()
		refresh = ticker.C
	}
	for {
		select {
		case <-p.wake:
			err = s.showPictures()
		case <-refresh:
			err = s.refresh(time.Now())
		case <-p.ctx.Done():
			return
		}
		if err != nil {
			p.deviceLost(media.KindView, err)
			return
		}
	}
}

// routineView passes on what the person does to the view.
func (p *pipeline) routineView(events <-chan media.ViewEvent) {
	defer p.routines.Done()
	for {
		select {
		case e, ok := <-events:
			if !ok {
				return
			}
			p.room.emit(Event{Kind: EventView, View: e})
		case <-p.ctx.Done():
			return
		}
	}
}

// stage is what is on screen.
type stage struct {
	p     *pipeline
	view  media.View
	tiles map[*Link]*media.Frame // the picture shown of each
	// shapes are of their pictures, also while their cameras are off.
	shapes map[*Link]image.Point
	self   *media.Frame
	count  uint64 // pictures shown: the index in a file view
	last   time.Time
}

// showPictures draws a scene if there is a new picture in it.
func (s *stage) showPictures() error {
	var fresh []*Link
	for _, l := range s.p.links() {
		f, ok := l.picture.Take()
		if !ok {
			continue
		}
		l.release(s.tiles[l])
		s.tiles[l] = f
		s.shapes[l] = steadyShape(s.shapes[l], f)
		fresh = append(fresh, l)
	}
	if len(fresh) == 0 {
		return nil
	}
	now := time.Now()
	for _, l := range fresh {
		f := s.tiles[l]
		s.p.room.cfg.Trace.show(now, l.peer, s.count, f.Width, f.Height)
		l.shown.show(now, f, s.p.room.cfg.Measure)
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
	scene := s.scene()
	if s.p.room.cfg.Decorate != nil {
		s.p.room.cfg.Decorate(scene)
	}
	return s.view.Show(scene)
}

func (s *stage) scene() *media.Scene {
	if f, ok := s.p.preview.Take(); ok {
		s.p.releasePreview(s.self)
		s.self = f
	}
	muted, off := s.p.room.streams()
	scene := &media.Scene{SelfMuted: muted, SelfCameraOff: off}
	if !off {
		scene.Self = s.self
	}
	links := s.p.links()
	for l := range s.tiles {
		if !slices.Contains(links, l) {
			delete(s.tiles, l)
			delete(s.shapes, l)
		}
	}
	for _, l := range links {
		scene.Tiles = append(scene.Tiles, s.tile(l))
	}
	return scene
}

func (s *stage) tile(l *Link) media.Tile {
	muted, off := l.Streams()
	t := media.Tile{Name: l.Name(), Muted: muted, CameraOff: off, Quality: l.Stats().quality(), Shape: s.shapes[l]}
	if !off {
		t.Frame = s.tiles[l]
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
	off := float64(before.X*f.Height) - float64(before.Y*f.Width)
	if math.Abs(off) < rounding*float64(before.Y*f.Width) {
		return before
	}
	return image.Pt(f.Width, f.Height)
}

// releasePreview gives a frame that is no longer shown back to routineCapture.
func (p *pipeline) releasePreview(f *media.Frame) {
	if f == nil {
		return
	}
	select {
	case p.previews <- f:
	default:
	}
}

// release gives a frame that is no longer shown back to routineDecode.
func (l *Link) release(f *media.Frame) {
	if f == nil {
		return
	}
	select {
	case l.spares <- f:
	default:
	}
}

// shownMeter is what became visible of a link, written by routineShow.
type shownMeter struct {
	mu            sync.Mutex
	freeze        freezeMeter
	width, height int
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
	m.width, m.height = f.Width, f.Height
	m.latest = shownPicture{now, f.Timestamp, f.Held}
	if !measure {
		return
	}
	if _, stamped, ok := media.ReadStamp(f); ok {
		m.glass.add(now.Sub(stamped))
	}
}
