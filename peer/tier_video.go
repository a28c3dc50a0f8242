package peer

import (
	"time"

	"github.com/skulltech/prattle/media"
)

// videoTier is one encode of the camera's pictures, for the viewers that share it.
type videoTier struct {
	enc    media.VideoEncoder
	codec  string
	ladder ladder
	rate   encodeRate
	longTerm

	rung  rung      // for the picture at hand
	due   bool      // that is to be encoded
	empty time.Time // since when it has no viewer; zero: it has
}

// tierIdle is for how long an encoder without viewers is kept.
const tierIdle = 10 * time.Second

// plan decides whether and how to encode the picture at hand for viewers.
func (t *videoTier) plan(now time.Time, viewers []*viewer, fps int) {
	t.due = false
	if len(viewers) == 0 {
		t.idle(now)
		return
	}
	t.empty = time.Time{}
	allowed, ok := jointly(now, viewers)
	if !ok || allowed.dead || allowed.backlog > maxBacklog {
		return
	}
	w, h := decodable(viewers)
	t.ladder.bound(largest(viewers, w, h))
	t.rung = t.ladder.choose(now, allowed, w, h, fps)
	t.due = !t.ladder.skip(now) && !t.rate.spent(now, t.rung)
}

// idle closes the encoder once nobody has been watching for a while.
func (t *videoTier) idle(now time.Time) {
	if t.empty.IsZero() {
		t.empty = now
		t.ladder, t.rate = ladder{}, encodeRate{}
	}
	if now.Sub(t.empty) >= tierIdle {
		t.close()
	}
}

// encode compresses f, which has the size of the rung, for viewers. The frame has no
// data if the encoder dropped it.
func (t *videoTier) encode(now time.Time, f *media.Frame, viewers []*viewer) (out media.EncodedFrame, err error) {
	order := t.order(now, t, viewers)
	order.Bitrate, order.FPS = t.rate.order(t.rung.Video), t.rung.FPS
	if out, err = t.enc.Encode(f, order); err != nil {
		return out, err
	}
	t.rate.handleFrame(now, t.rung.Left, len(out.Data))
	if len(out.Data) == 0 {
		return out, nil
	}
	t.sent(now, out, order)
	out.Codec = t.codec
	out.Data = append([]byte(nil), out.Data...) // the encoder uses its buffer again
	return out, nil
}

// open makes an encoder for pictures of w by h, if there is none of that codec.
func (t *videoTier) open(codec string, w, h, fps int) error {
	if t.enc != nil && t.codec == codec {
		return nil
	}
	t.close()
	c, err := media.VideoCodecByName(codec)
	if err != nil {
		return err
	}
	t.enc, err = c.NewEncoder(media.VideoEncoderConfig{
		Width: w, Height: h, FPS: fps,
		Bitrate: startVideo, TemporalLayers: 1,
	})
	t.codec = codec
	t.longTerm = longTerm{}
	return err
}

func (t *videoTier) close() {
	if t.enc != nil {
		t.enc.Close()
		t.enc = nil
	}
}
