package peer

import (
	"github.com/skulltech/prattle/media"
)

// routineDecode turns the link's encoded frames into pictures. It opens a
// decoder with the first frame, and another when the sender changes codec.
func (l *Link) routineDecode(p *pipeline) {
	defer p.routines.Done()
	var d videoDecoder
	defer d.close()
	spare := new(media.Frame)
	for {
		select {
		case f := <-l.decode:
			l.decoded.Add(uint64(len(f.Data)))
			if err := d.decode(&f, spare); err != nil {
				p.room.cfg.Log.Debug("cannot decode a picture", "peer", l.peer.Short(), "reason", err)
				l.broken.Store(true)
				continue
			}
			if d.shown {
				spare.Timestamp, spare.Held = f.Timestamp, f.Held
				spare = l.offerPicture(p, spare)
			}
		case <-l.done:
			return
		case <-p.ctx.Done():
			return
		}
	}
}

// offerPicture leaves a picture for routineShow and returns a frame whose memory
// is free.
func (l *Link) offerPicture(p *pipeline, f *media.Frame) *media.Frame {
	unused, dropped := l.picture.Put(f)
	p.wakeShow()
	if dropped {
		return unused
	}
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
