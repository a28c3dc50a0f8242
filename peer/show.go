package peer

import (
	"time"

	"github.com/skulltech/prattle/media"
)

// refreshInterval is how often a view that a person looks at is drawn anew while
// no picture comes: for the own picture, the clock and the marks.
const refreshInterval = 66 * time.Millisecond

// routineShow draws the newest pictures as soon as they come; those of several
// people together.
func (p *pipeline) routineShow() {
	defer p.routines.Done()
	view, err := p.room.cfg.Devices.View()
	if err != nil {
		p.deviceFailed(media.KindView, err)
		return
	}
	defer view.Close()
	p.run(func() { p.routineView(view.Events()) })
	var refresh <-chan time.Time
	if _, unwatched := view.(media.PicturesOnly); !unwatched {
		ticker := time.NewTicker(refreshInterval)
		defer ticker.Stop()
		refresh = ticker.C
	}
	if err := newStage(p, view).run(refresh); err != nil {
		p.deviceLost(media.KindView, err)
	}
}

// run shows what comes until the pipeline ends, or the view fails.
func (s *stage) run(refresh <-chan time.Time) (err error) {
	due := time.NewTimer(0)
	defer due.Stop()
	for err == nil {
		select {
		case <-s.p.wake:
			err = s.takePictures(time.Now())
		case <-due.C:
			err = s.showPictures(time.Now())
		case <-refresh:
			err = s.refresh(time.Now())
		case <-s.p.ctx.Done():
			return nil
		}
		if next := s.tempo.next(); !next.IsZero() {
			due.Reset(time.Until(next))
		}
	}
	return err
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
