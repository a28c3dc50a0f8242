package peer

import (
	"image"

	"github.com/skulltech/prattle/media"
)

// routineDecode turns the link's encoded frames into pictures. It opens a
// decoder with the first frame, and another when the sender changes codec.
func (l *Link) routineDecode(p *pipeline) {
	defer p.routines.Done()
	d := linkDecoder{l: l, p: p, picture: new(media.Frame)}
	defer d.dec.close()
	for {
		select {
		case f := <-l.decode:
			l.decoded.Add(uint64(len(f.Data)))
			d.handle(&f)
		case <-l.done:
			return
		case <-p.ctx.Done():
			return
		}
	}
}

// linkDecoder decodes what is seen of a link.
type linkDecoder struct {
	l       *Link
	p       *pipeline
	dec     videoDecoder
	picture *media.Frame // decoded into; nobody else uses it
	lapsed  bool         // frames were left out: only a keyframe helps
	asked   bool         // and routineLink knows
}

// handle decodes one frame, if its picture can be seen.
func (d *linkDecoder) handle(f *media.EncodedFrame) {
	if d.passes(f) {
		return
	}
	if err := d.dec.decode(f, d.picture); err != nil {
		d.p.room.cfg.Log.Debug("cannot decode a picture", "peer", d.l.peer.Short(), "reason", err)
		d.l.broken.Store(true)
		return
	}
	if !d.dec.shown {
		return
	}
	d.picture.Timestamp, d.picture.Held, d.picture.Source = f.Timestamp, f.Held, image.Point{}
	if !d.shrink() {
		d.picture = d.l.offerPicture(d.p, d.picture)
	}
}

// passes says whether a frame is left out: nobody sees its picture, or it cannot be
// decoded after others that nobody saw.
func (d *linkDecoder) passes(f *media.EncodedFrame) bool {
	size, ok := d.l.place.seen()
	switch {
	case ok && size.X*size.Y == 0:
		d.lapsed, d.asked = true, false
	case f.Keyframe:
		d.lapsed = false
	case d.lapsed && !d.asked:
		d.asked = true
		d.l.broken.Store(true)
	}
	return d.lapsed
}

// shrink offers the picture no larger than it is seen, so that it need not be made
// smaller each time that it is drawn; false if it is not larger. Stamps are measured as
// they came.
func (d *linkDecoder) shrink() bool {
	size, ok := d.l.place.seen()
	if !ok || d.p.room.cfg.Measure {
		return false
	}
	small := d.l.sparePicture()
	if !media.ShrinkTo(small, d.picture, size) {
		d.l.release(small)
		return false
	}
	d.l.release(d.l.offerPicture(d.p, small))
	return true
}

// offerPicture leaves a picture for routineShow and returns a frame whose memory
// is free.
func (l *Link) offerPicture(p *pipeline, f *media.Frame) *media.Frame {
	unused, dropped := l.picture.Put(f)
	p.wakeShow()
	if dropped {
		return unused
	}
	return l.sparePicture()
}

// sparePicture is a frame that is not shown any more, or a new one.
func (l *Link) sparePicture() *media.Frame {
	select {
	case spare := <-l.spares:
		return spare
	default:
		return new(media.Frame)
	}
}

// videoDecoder is the decoder for whatever codec comes.
type videoDecoder struct {
	codec string
	dec   media.VideoDecoder
	shown bool // the last frame yielded a picture
}

func (d *videoDecoder) decode(f *media.EncodedFrame, dst *media.Frame) error {
	if d.codec != f.Codec {
		d.close()
		c, err := media.VideoCodecByName(f.Codec)
		if err != nil {
			return err
		}
		if d.dec, err = c.NewDecoder(media.VideoDecoderConfig{MaxPixels: maxPixels}); err != nil {
			return err
		}
		d.codec = f.Codec
	}
	var err error
	d.shown, err = d.dec.Decode(f.Data, dst)
	return err
}

func (d *videoDecoder) close() {
	if d.dec != nil {
		d.dec.Close()
		d.dec, d.codec = nil, ""
	}
}
