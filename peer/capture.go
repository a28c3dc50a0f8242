package peer

import (
	"errors"
	"io"

	"github.com/skulltech/prattle/media"
)

// captureFrames is how many frames circulate between camera and encoder: one
// being filled, one waiting, one being encoded.
const captureFrames = 3

// previewWidth is that of the own picture in the corner of a view, in pixels; among
// those of others it is as large as they are.
const previewWidth = 320

// routineCapture takes pictures and leaves the newest for routineEncode.
func (p *pipeline) routineCapture() {
	defer p.routines.Done()
	camera, err := p.room.cfg.Devices.Camera()
	if err != nil {
		p.deviceFailed(media.KindVideo, err)
		return
	}
	defer p.closeOnEnd(camera.Close)()
	for range captureFrames {
		p.spares <- new(media.Frame)
	}
	var small previewer
	for {
		frame := p.spareFrame()
		if err := camera.Capture(frame); err != nil {
			if !errors.Is(err, io.EOF) {
				p.deviceLost(media.KindVideo, err)
			}
			return
		}
		p.room.cfg.Trace.capture(frame.Captured, frame.N)
		small.offer(p, frame)
		if unused, dropped := p.captured.Put(frame); dropped {
			p.spares <- unused
		}
	}
}

// spareFrame returns a frame that nobody uses. There is always one: the box
// gives back what it replaces.
func (p *pipeline) spareFrame() *media.Frame {
	select {
	case f := <-p.spares:
		return f
	case <-p.ctx.Done():
		return new(media.Frame)
	}
}

// sparePreview returns a frame that the view shows no more, or a new one.
func (p *pipeline) sparePreview() *media.Frame {
	select {
	case f := <-p.previews:
		return f
	default:
		return new(media.Frame)
	}
}

// previewer makes small copies of the own picture for the view.
type previewer struct {
	spare *media.Frame
}

func (v *previewer) offer(p *pipeline, f *media.Frame) {
	if v.spare == nil {
		v.spare = p.sparePreview()
	}
	w := min(max(previewWidth, int(p.selfWidth.Load())), f.Width)
	v.spare.Resize(w, max(f.Height*w/f.Width/2*2, 2))
	media.Scale(v.spare, f)
	unused, dropped := p.preview.Put(v.spare)
	v.spare = nil
	if dropped {
		v.spare = unused
	}
}
