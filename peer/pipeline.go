package peer

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/skulltech/prattle/media"
)

// pipeline is the local half of a call: the devices and the encoders, which run
// while at least one link is connected. They are opened by the goroutines that
// use them, all at once, so that no slow device delays another.
type pipeline struct {
	room   *Room
	ctx    context.Context
	cancel context.CancelFunc
	epoch  time.Time // zero of the RTP time of pictures

	audience atomic.Pointer[[]*Link] // connected links, replaced as a whole

	captured media.Box[*media.Frame] // from routineCapture to routineEncode
	spares   chan *media.Frame       // frames that are free again
	preview  media.Box[*media.Frame] // own picture, small, to routineShow
	previews chan *media.Frame       // and back
	// selfWidth is how wide the own picture is seen among those of others, in pixels.
	selfWidth atomic.Int32
	wake      chan struct{} // to routineShow: something changed

	hearing hearing

	routines sync.WaitGroup
}

func newPipeline(r *Room) *pipeline {
	ctx, cancel := context.WithCancel(r.ctx)
	p := &pipeline{
		room:     r,
		ctx:      ctx,
		cancel:   cancel,
		epoch:    time.Now(),
		spares:   make(chan *media.Frame, captureFrames),
		previews: make(chan *media.Frame, 1),
		wake:     make(chan struct{}, 1),
	}
	p.audience.Store(new([]*Link))
	p.hearing.measure = r.cfg.Measure
	p.run(p.routineCapture, p.routineEncode, p.routineVoice, p.routineShow, p.routinePlay)
	return p
}

func (p *pipeline) run(routines ...func()) {
	for _, f := range routines {
		p.routines.Add(1)
		go func() {
			defer media.RestoreOnPanic()
			f()
		}()
	}
}

// attach adds a listener: it hears and sees from the next packet and the next
// frame on.
func (p *pipeline) attach(l *Link) {
	links := append(append([]*Link(nil), p.links()...), l)
	p.audience.Store(&links)
	l.demand.restart()
	p.run(func() { l.routineDecode(p) })
	p.wakeShow() // which finds a place for it
}

// detach removes a listener and says whether it was the last.
func (p *pipeline) detach(l *Link) (last bool) {
	var links []*Link
	for _, other := range p.links() {
		if other != l {
			links = append(links, other)
		}
	}
	p.audience.Store(&links)
	return len(links) == 0
}

func (p *pipeline) links() []*Link { return *p.audience.Load() }

func (p *pipeline) close() {
	p.cancel()
	p.routines.Wait()
}

func (p *pipeline) wakeShow() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// deviceFailed tells the person that a device cannot be opened.
func (p *pipeline) deviceFailed(kind media.Kind, err error) { p.deviceEvent(ErrDevice, kind, err) }

// deviceLost tells the person that a device that worked does so no more.
func (p *pipeline) deviceLost(kind media.Kind, err error) { p.deviceEvent(ErrDeviceLost, kind, err) }

func (p *pipeline) deviceEvent(what error, kind media.Kind, err error) {
	if p.ctx.Err() == nil {
		p.room.emit(Event{Kind: EventDevice, Err: fmt.Errorf("%w: --%s: %w", what, kind, err)})
	}
}

// closeOnEnd closes a device when the pipeline ends, which unblocks whoever
// waits for it. The returned function closes it at once.
func (p *pipeline) closeOnEnd(close func() error) (stop func()) {
	stopWatch := context.AfterFunc(p.ctx, func() { close() })
	return func() {
		stopWatch()
		close()
	}
}
