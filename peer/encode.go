package peer

import (
	"sync/atomic"
	"time"

	"github.com/skulltech/prattle/media"
)

// encodingStats is what the encoder did, for statistics.
type encodingStats struct {
	width, height atomic.Int64
	skipped       atomic.Uint64 // pictures not encoded because the link was behind
}

// routineEncode compresses the newest picture, once, and gives it to every link.
func (p *pipeline) routineEncode() {
	defer p.routines.Done()
	e := videoEncoder{p: p}
	defer e.close()
	for {
		select {
		case <-p.captured.Ready():
		case <-p.ctx.Done():
			return
		}
		frame, ok := p.captured.Take()
		if !ok {
			continue
		}
		if err := e.encode(time.Now(), frame); err != nil {
			p.room.cfg.Log.Error("cannot encode a picture", "reason", err)
			e.close()
		}
		p.spares <- frame
	}
}

// videoEncoder encodes for all links at once: as good as the weakest can take,
// and beginning anew when one of them must.
type videoEncoder struct {
	p      *pipeline
	enc    media.VideoEncoder
	codec  string
	ladder ladder
	scaled media.Frame
	ids    frameIDs
	rate   encodeRate
	longTerm
}

// maxBacklog is how much may wait in a link's queue before a picture is skipped:
// one more would only come later.
const maxBacklog = 40 * time.Millisecond

func (e *videoEncoder) encode(now time.Time, f *media.Frame) error {
	links := e.p.links()
	allowed, ok := weakest(links)
	if _, off := e.p.room.streams(); off || !ok {
		e.close() // whoever comes back needs a keyframe anyway
		return nil
	}
	if allowed.dead || allowed.backlog > maxBacklog {
		e.p.encoding.skipped.Add(1)
		return nil
	}
	if err := e.open(links, f); err != nil {
		return err
	}
	w, h := agreedSize(links, f.Width, f.Height)
	rung := e.ladder.choose(now, allowed, w, h, e.p.room.cfg.FPS)
	if e.ladder.skip(now) || e.rate.spent(now, rung) {
		return nil
	}
	order := e.order(now, links)
	e.ids.restore(order.Confirmed)
	order.Bitrate, order.FPS = e.rate.order(rung.Video), rung.FPS
	out, err := e.enc.Encode(e.sized(f, rung), order)
	if err != nil {
		return err
	}
	e.rate.handleFrame(now, rung.Left, len(out.Data))
	if len(out.Data) == 0 {
		return nil
	}
	out.ID = e.ids.continued(out.ID)
	e.sent(now, out, order)
	e.send(links, f, out)
	return nil
}

// frameIDs makes the IDs of several encoders, one after the other, count on as
// if they were one's.
type frameIDs struct {
	begun  bool
	offset uint16
	last   uint16
}

func (i *frameIDs) begin() { i.begun = false }

// restore turns continued IDs back into those of the present encoder.
func (i *frameIDs) restore(ids []uint16) {
	for n := range ids {
		ids[n] = (ids[n] - i.offset) & media.FrameIDMask
	}
}

func (i *frameIDs) continued(id uint16) uint16 {
	if !i.begun {
		i.begun, i.offset = true, i.last+1-id
	}
	i.last = (id + i.offset) & media.FrameIDMask
	return i.last
}

// weakest is what all links together allow: of each the least, but the longest
// backlog.
func weakest(links []*Link) (w allowance, ok bool) {
	for _, l := range links {
		a := l.demand.rate()
		switch {
		case a.target == 0 || a.dead && len(links) > 1:
			continue
		case !ok:
			w, ok = a, true
			continue
		}
		w.target, w.sustained = min(w.target, a.target), min(w.sustained, a.sustained)
		w.repair, w.loss = max(w.repair, a.repair), max(w.loss, a.loss)
		w.backlog = max(w.backlog, a.backlog)
	}
	return w, ok
}

// open makes an encoder for a codec that all links can decode.
func (e *videoEncoder) open(links []*Link, f *media.Frame) error {
	if e.enc != nil {
		return nil
	}
	name, ok := links[0].videoCodec()
	if !ok {
		return media.ErrNoCodec
	}
	c, err := media.VideoCodecByName(name)
	if err != nil {
		return err
	}
	e.enc, err = c.NewEncoder(media.VideoEncoderConfig{
		Width: f.Width, Height: f.Height, FPS: e.p.room.cfg.FPS,
		Bitrate: startVideo, TemporalLayers: 1,
	})
	e.codec = name
	e.longTerm = longTerm{}
	e.ids.begin()
	return err
}

func (e *videoEncoder) close() {
	if e.enc != nil {
		e.enc.Close()
		e.enc = nil
	}
}

// sized returns f at the size of the rung.
func (e *videoEncoder) sized(f *media.Frame, r rung) *media.Frame {
	e.p.encoding.width.Store(int64(r.Width))
	e.p.encoding.height.Store(int64(r.Height))
	if r.Width == f.Width && r.Height == f.Height {
		return f
	}
	e.scaled.Resize(r.Width, r.Height)
	media.Scale(&e.scaled, f)
	return &e.scaled
}

// send gives the encoded frame to every link.
func (e *videoEncoder) send(links []*Link, f *media.Frame, out media.EncodedFrame) {
	out.Codec = e.codec
	out.N, out.Captured = f.N, f.Captured
	out.Timestamp = uint32(f.Captured.Sub(e.p.epoch) * 90000 / time.Second)
	out.Data = append([]byte(nil), out.Data...) // the encoder uses its buffer again
	for _, l := range links {
		select {
		case l.video <- out:
		default: // what follows needs this frame
			l.drops.Add(1)
			l.demand.restart()
		}
	}
}
