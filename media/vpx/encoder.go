package vpx

/*
#cgo noescape encode
#cgo nocallback encode
#include "shim.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/skulltech/prattle/media"
)

// encoder is a media.VideoEncoder: the references are planned, libvpx is told,
// and what comes of it is described.
type encoder struct {
	dialect
	config media.VideoEncoderConfig // as it is now
	c      *C.encoder_t             // nil while no libvpx encoder is open
	closed bool

	width, height      int // of the picture as coded
	largestW, largestH int // that the open libvpx encoder may be given
	levelled           media.Bitrate
	refs               references
	floor              floor

	clock  int64       // time stamp of the next frame, in units of clockRate
	padded media.Frame // the picture, if its size must be made even
	data   []byte      // of the latest frame
}

// dialect is what differs between VP8 and VP9.
type dialect interface {
	name() string
	iface() *C.vpx_codec_iface_t
	// references says which buffers there are for so many temporal layers.
	references(layers int) references
	// codedSize is the size at which a picture of w by h pixels is coded.
	codedSize(w, h int) (int, int)
	// resizable says whether an open encoder can go on with pictures of w by h.
	resizable(e *encoder, w, h int) bool

	// opened sets, once, what only controls can.
	opened(e *encoder) error
	// resized sets what depends on the picture's size.
	resized(e *encoder) error
	// fill puts the bitrate into libvpx's configuration,
	fill(e *encoder)
	// and rate makes it effective, with all else there.
	rate(e *encoder) error
	// limit makes the range of quantizers in the configuration effective.
	limit(e *encoder) error
	// order tells libvpx the plan for the next frame.
	order(e *encoder, p plan) (flags C.long, err error)
}

func newEncoder(d dialect, cfg media.VideoEncoderConfig) (media.VideoEncoder, error) {
	cfg.TemporalLayers = max(cfg.TemporalLayers, 1)
	cfg.Bitrate = min(cfg.Bitrate, maxBitrate)
	if cfg.TemporalLayers > 3 || cfg.FPS < 1 || cfg.FPS > maxFPS || cfg.Bitrate <= 0 || cfg.Threads < 0 {
		return nil, fmt.Errorf("new %s encoder: bad configuration %+v", d.name(), cfg)
	}
	if err := checkSize(cfg.Width, cfg.Height); err != nil {
		return nil, fmt.Errorf("new %s encoder: %w", d.name(), err)
	}
	e := &encoder{dialect: d, config: cfg, refs: d.references(cfg.TemporalLayers)}
	if err := e.open(); err != nil {
		return nil, fmt.Errorf("new %s encoder: %w", d.name(), err)
	}
	return e, nil
}

// Encode implements media.VideoEncoder. A Recover that the rate control drops
// stays in force for the next picture. After an error the next picture is a
// keyframe.
func (e *encoder) Encode(f *media.Frame, order media.EncodeOrder) (media.EncodedFrame, error) {
	if e.closed {
		return media.EncodedFrame{}, ErrClosed
	}
	if err := checkFrame(f); err != nil {
		return media.EncodedFrame{}, fmt.Errorf("encode %s: %w", e.name(), err)
	}
	out, err := e.encode(f, order)
	if err != nil {
		e.release() // what libvpx holds now is unknown
		return media.EncodedFrame{}, fmt.Errorf("encode %s: %w", e.name(), err)
	}
	return out, nil
}

func (e *encoder) encode(f *media.Frame, order media.EncodeOrder) (media.EncodedFrame, error) {
	if err := e.configure(f.Width, f.Height, order); err != nil {
		return media.EncodedFrame{}, err
	}
	if e.width != f.Width || e.height != f.Height {
		pad(&e.padded, f, e.width, e.height)
		f = &e.padded
	}
	p := e.refs.plan(order, e.width, e.height)
	flags, err := e.order(e, p)
	if err != nil {
		return media.EncodedFrame{}, err
	}
	var pkt C.packet_t
	duration := int64(clockRate / e.config.FPS)
	err = e.result(C.encode(&e.c.ctx, (*C.uint8_t)(&f.Y[0]), (*C.uint8_t)(&f.U[0]), (*C.uint8_t)(&f.V[0]),
		C.int(f.YStride), C.int(f.UVStride), C.int(f.Width), C.int(f.Height),
		C.int64_t(e.clock), C.ulong(duration), flags, &pkt))
	if err != nil {
		return media.EncodedFrame{}, err
	}
	e.clock += duration
	return e.describe(p, &pkt)
}

// describe says what came of the plan.
func (e *encoder) describe(p plan, pkt *C.packet_t) (media.EncodedFrame, error) {
	keyframe := pkt.size > 0 && pkt.keyframe != 0
	if p.keyframe && !keyframe {
		return media.EncodedFrame{}, errors.New("no keyframe was made where one was asked for")
	}
	e.data = append(e.data[:0], unsafe.Slice((*byte)(pkt.data), pkt.size)...)
	var out media.EncodedFrame
	if len(e.data) > 0 {
		out = e.refs.encoded(p, keyframe)
	}
	out.Codec, out.Data = e.name(), e.data
	out.Width, out.Height = e.config.Width, e.config.Height
	return out, e.watch(keyframe)
}

// watch has the floor follow the frame just made.
func (e *encoder) watch(keyframe bool) error {
	if !keyframe {
		e.floor.frame(len(e.data), int(e.config.Bitrate)/8/e.config.FPS)
		return nil
	}
	q, err := e.lastQuantizer()
	if err == nil {
		e.floor.keyframe(q)
	}
	return err
}

// lastQuantizer is the latest frame's.
func (e *encoder) lastQuantizer() (int, error) {
	var q C.int
	err := e.result(C.control_ptr(&e.c.ctx, C.VP8E_GET_LAST_QUANTIZER_64, unsafe.Pointer(&q)))
	return int(q), err
}

// Close implements media.VideoEncoder.
func (e *encoder) Close() error {
	e.release()
	e.closed = true
	return nil
}

func (e *encoder) release() {
	if e.c != nil {
		C.vpx_codec_destroy(&e.c.ctx)
		C.free(unsafe.Pointer(e.c))
		e.c = nil
	}
}

// result makes libvpx's error code Go's error.
func (e *encoder) result(code C.vpx_codec_err_t) error { return result(&e.c.ctx, code) }

func result(ctx *C.vpx_codec_ctx_t, code C.vpx_codec_err_t) error {
	if code == C.VPX_CODEC_OK {
		return nil
	}
	text := C.GoString(C.vpx_codec_err_to_string(code))
	if detail := C.vpx_codec_error_detail(ctx); detail != nil {
		text += ": " + C.GoString(detail)
	}
	return errors.New(text)
}
