// Package peertest gives rooms what they need to be tested in virtual time: a
// camera, a view and codecs that cost nothing and notice every mistake.
package peertest

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/skulltech/prattle/media"
)

// RegisterCodecs registers stand-ins for vp9 and opus. The video codec makes
// frames of the size that the rate asks for and really depends on references:
// its decoder fails when it is given a frame whose reference it has not decoded.
func RegisterCodecs() {
	media.RegisterVideoCodec(media.VideoCodec{
		Name: "vp9", Preference: 100,
		NewEncoder: func(c media.VideoEncoderConfig) (media.VideoEncoder, error) {
			return &encoder{bitrate: c.Bitrate, fps: max(c.FPS, 1)}, nil
		},
		NewDecoder: func(cfg media.VideoDecoderConfig) (media.VideoDecoder, error) {
			decoders.Add(1)
			return &decoder{cfg: cfg}, nil
		},
	})
	media.RegisterAudioCodec(media.AudioCodec{
		Name: "opus", Preference: 100,
		NewEncoder: func(t media.AudioTuning) (media.AudioEncoder, error) { return &soundEncoder{t.Bitrate}, nil },
		NewDecoder: func() (media.AudioDecoder, error) {
			decoders.Add(1)
			return soundDecoder{}, nil
		},
	})
}

var decoders, refused atomic.Int64

// Decoders returns how many decoders, of pictures and of sound, have been opened.
func Decoders() int { return int(decoders.Load()) }

// Refused returns how many frames gave ErrTooLarge.
func Refused() int { return int(refused.Load()) }

// ErrTooLarge says that a frame claims to be larger than its decoder was opened
// for: with a real codec, memory for as much as the sender likes.
var ErrTooLarge = errors.New("peertest: picture too large")

// A frame on the wire: what it is predicted from and what it shows, then filling.
type frameHeader struct {
	ID       uint32
	Ref      uint32 // the frame it is predicted from; its own ID for a keyframe
	LongTerm bool   // it becomes the long-term reference
	N        uint64
	Captured int64
	W, H     uint16
}

var headerSize = binary.Size(frameHeader{})

type encoder struct {
	bitrate  media.Bitrate
	fps      int
	next     uint32
	longTerm []uint32 // marked frames, oldest first
	buf      []byte
}

// maxLongTerm is how many long-term references the codec holds.
const maxLongTerm = 3

// reference is the latest long-term reference that every receiver has, and that
// a frame can still name.
func (e *encoder) reference(o media.EncodeOrder) (id uint32, ok bool) {
	for _, id := range slices.Backward(e.longTerm) {
		held := len(o.Confirmed) == 0 || slices.Contains(o.Confirmed, uint16(id)&media.FrameIDMask)
		if held && e.next-id <= maxFramesBack {
			return id, true
		}
	}
	return 0, false
}

// maxFramesBack is how far back a reference can lie (P_DIFF has seven bits).
const maxFramesBack = 127

// keyframeCost is how many times larger a keyframe is than other frames.
const keyframeCost = 4

func (e *encoder) Encode(f *media.Frame, o media.EncodeOrder) (media.EncodedFrame, error) {
	if o.Bitrate > 0 {
		e.bitrate = o.Bitrate
	}
	if o.FPS > 0 {
		e.fps = o.FPS
	}
	id := e.next
	reference, ok := e.reference(o)
	e.next++
	h := frameHeader{ID: id, Ref: id - 1, N: f.N, Captured: f.Captured.UnixNano(), W: uint16(f.Width), H: uint16(f.Height)}
	key := o.Keyframe || id == 0 || o.Recover && !ok
	size := max(e.bitrate.Bytes(time.Second)/e.fps, headerSize)
	switch {
	case key:
		h.Ref = id
		size *= keyframeCost
	case o.Recover:
		h.Ref = reference
	}
	if key || o.MarkLongTerm {
		h.LongTerm = true
		if e.longTerm = append(e.longTerm, id); key {
			e.longTerm = []uint32{id}
		} else if len(e.longTerm) > maxLongTerm {
			e.longTerm = e.longTerm[1:]
		}
	}
	var err error
	if e.buf, err = binary.Append(e.buf[:0], binary.BigEndian, h); err != nil {
		return media.EncodedFrame{}, err
	}
	e.buf = append(e.buf, make([]byte, size-headerSize)...)
	out := media.EncodedFrame{Data: e.buf, Keyframe: key, Width: f.Width, Height: f.Height, ID: uint16(id) & media.FrameIDMask}
	if !key {
		out.Refs[0], out.NumRefs = uint8(id-h.Ref), 1
	}
	return out, nil
}

func (e *encoder) Close() error { return nil }

type decoder struct {
	cfg      media.VideoDecoderConfig
	have     bool
	last     uint32
	longTerm []uint32 // as in the encoder
}

// ErrReference says that a frame was given to the decoder without the one it is
// predicted from: with a real codec, garbage on screen.
var ErrReference = errors.New("peertest: the reference is missing")

func (d *decoder) Decode(data []byte, dst *media.Frame) (bool, error) {
	var h frameHeader
	if _, err := binary.Decode(data, binary.BigEndian, &h); err != nil {
		return false, err
	}
	if !d.cfg.Fits(int(h.W), int(h.H)) {
		refused.Add(1)
		return false, ErrTooLarge
	}
	key := h.Ref == h.ID
	if !key && !(d.have && h.Ref == d.last) && !slices.Contains(d.longTerm, h.Ref) {
		return false, ErrReference
	}
	d.have, d.last = true, h.ID
	if h.LongTerm {
		if d.longTerm = append(d.longTerm, h.ID); key {
			d.longTerm = []uint32{h.ID}
		} else if len(d.longTerm) > maxLongTerm {
			d.longTerm = d.longTerm[1:]
		}
	}
	dst.Resize(int(h.W), int(h.H))
	dst.N, dst.Captured = h.N, time.Unix(0, h.Captured)
	media.Stamp(dst, dst.N, dst.Captured) // the only pixels that mean something
	return true, nil
}

func (d *decoder) Close() error { return nil }

type soundEncoder struct{ bitrate media.Bitrate }

// Encode makes a packet of the size that the rate asks for; it holds the length
// of the sound and its first sample.
func (e *soundEncoder) Encode(dst []byte, pcm []int16) ([]byte, error) {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(pcm)))
	dst = binary.BigEndian.AppendUint16(dst, uint16(pcm[0]))
	return append(dst, make([]byte, max(e.bitrate.Bytes(media.SampleTime(len(pcm)))-4, 0))...), nil
}

func (e *soundEncoder) Tune(t media.AudioTuning) error { e.bitrate = t.Bitrate; return nil }
func (e *soundEncoder) Close() error                   { return nil }

type soundDecoder struct{}

func (soundDecoder) Decode(pcm []int16, packet []byte) (int, error) {
	if len(packet) < 4 {
		return 0, errors.New("peertest: short packet")
	}
	n := min(int(binary.BigEndian.Uint16(packet)), len(pcm))
	for i := range n {
		pcm[i] = int16(binary.BigEndian.Uint16(packet[2:]))
	}
	return n, nil
}

func (soundDecoder) Recover(pcm []int16, _ []byte) error { clear(pcm); return nil }
func (soundDecoder) Conceal(pcm []int16) error           { clear(pcm); return nil }
func (soundDecoder) Close() error                        { return nil }
