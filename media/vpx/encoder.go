package vpx

// #include "shim.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/skulltech/prattle/media"
)

// encoder is a media.VideoEncoder: the references are planned, libvpx is told,
// and what comes of it is described.
type encoder struct {
	dialect
	config media.VideoEncoderConfig // as it is now
	c      *C.encoder_t             // nil while no libvpx encoder is open
	aside  *aside                   // nil after Close

	width, height      int // of the picture as coded
	largestW, largestH int // that the open libvpx encoder may be given
	levelled           media.Bitrate
	refs               references
	floor              floor

	clock  int64       // time stamp of the next frame, in units of clockRate
	padded media.Frame // the picture, if its size must be made even
	data   []byte      // of the latest frame
	job    *C.encode_t // the latest
	pin    runtime.Pinner
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
	e := &encoder{dialect: d, config: cfg, refs: d.references(cfg.TemporalLayers), job: new(C.encode_t)}
	var err error
	if e.aside, err = newAside(); err != nil {
		return nil, fmt.Errorf("new %s encoder: %w", d.name(), err)
	}
	if err := e.open(); err != nil {
		e.Close()
		return nil, fmt.Errorf("new %s encoder: %w", d.name(), err)
	}
	return e, nil
}

// Encode implements media.VideoEncoder. A Recover that the rate control drops
// stays in force for the next picture. After an error the next picture is a
// keyframe.
func (e *encoder) Encode(f *media.Frame, order media.EncodeOrder) (media.EncodedFrame, error) {
	if e.aside == nil {
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
	job, err := e.compress(f, flags)
	if err != nil {
		return media.EncodedFrame{}, err
	}
	return e.describe(p, job)
}

// compress has libvpx encode f.
func (e *encoder) compress(f *media.Frame, flags C.long) (*C.encode_t, error) {
	duration := int64(clockRate / e.config.FPS)
	job := e.job
	*job = C.encode_t{
		ctx: &e.c.ctx, width: C.int(f.Width), height: C.int(f.Height),
		strides: [3]C.int{C.int(f.YStride), C.int(f.UVStride), C.int(f.UVStride)},
		pts:     C.int64_t(e.clock), duration: C.ulong(duration), flags: flags,
	}
	defer e.pin.Unpin()
	e.pin.Pin(job)
	for i, plane := range [][]byte{f.Y, f.U, f.V} {
		e.pin.Pin(&plane[0])
		job.planes[i] = (*C.uint8_t)(&plane[0])
	}
	e.aside.run((*[0]byte)(C.encode_picture), unsafe.Pointer(job))
	if err := e.result(job.err); err != nil {
		return nil, err
	}
	e.clock += duration
	return job, nil
}

// describe says what came of the plan.
func (e *encoder) describe(p plan, job *C.encode_t) (media.EncodedFrame, error) {
	keyframe := job.size > 0 && job.keyframe != 0
	if p.keyframe && !keyframe {
		return media.EncodedFrame{}, errors.New("no keyframe was made where one was asked for")
	}
	e.data = append(e.data[:0], unsafe.Slice((*byte)(job.data), job.size)...)
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
	if e.aside != nil {
		e.aside.close()
		e.aside = nil
	}
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
