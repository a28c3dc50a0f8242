package vpx

/*
#cgo noescape vp9_shown
#cgo nocallback vp9_shown
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/skulltech/prattle/media"
)

// decoder is a media.VideoDecoder.
type decoder struct {
	decoding
	cfg   media.VideoDecoderConfig
	c     *C.vpx_codec_ctx_t // nil after Close
	aside *aside
	buf   []byte      // the frame, if it has to be changed for libvpx
	job   *C.decode_t // the latest
	pin   runtime.Pinner
	// broken says that libvpx failed and may hold garbage until a keyframe.
	broken bool
}

// decoding is what differs between VP8 and VP9.
type decoding struct {
	name  string
	iface *C.vpx_codec_iface_t
	// admit checks a frame before libvpx sees it, and may change it in buf.
	admit func(buf, data []byte, cfg media.VideoDecoderConfig) (admitted []byte, keyframe bool, err error)
	// shown is the size of the picture last decoded; nil if it is the coded one.
	shown func(ctx *C.vpx_codec_ctx_t, w, h int) (int, int)
}

func newDecoder(opened media.VideoDecoderConfig, d decoding) (media.VideoDecoder, error) {
	ctx := (*C.vpx_codec_ctx_t)(C.calloc(1, C.sizeof_vpx_codec_ctx_t))
	cfg := C.vpx_codec_dec_cfg_t{threads: 1}
	if err := result(ctx, C.vpx_codec_dec_init_ver(ctx, d.iface, &cfg, 0, C.VPX_DECODER_ABI_VERSION)); err != nil {
		C.free(unsafe.Pointer(ctx))
		return nil, fmt.Errorf("new %s decoder: %w", d.name, err)
	}
	aside, err := newAside()
	if err != nil {
		discard(ctx)
		return nil, fmt.Errorf("new %s decoder: %w", d.name, err)
	}
	return &decoder{decoding: d, cfg: opened, c: ctx, aside: aside, job: new(C.decode_t)}, nil
}

// Decode implements media.VideoDecoder. A frame that is refused for what its
// header says has no effect, as if it had been lost; after one that fails later,
// ErrNeedKeyframe is returned until there is a keyframe.
func (d *decoder) Decode(data []byte, dst *media.Frame) (shown bool, err error) {
	if d.c == nil {
		return false, ErrClosed
	}
	shown, err = d.decode(data, dst)
	if err != nil {
		return false, fmt.Errorf("decode %s: %w", d.name, err)
	}
	return shown, nil
}

func (d *decoder) decode(data []byte, dst *media.Frame) (shown bool, err error) {
	admitted, keyframe, err := d.admit(d.buf, data, d.cfg)
	if err != nil {
		return false, err
	}
	if d.broken && !keyframe {
		return false, ErrNeedKeyframe
	}
	d.buf = admitted
	pic := d.decompress(admitted)
	err = result(d.c, pic.err)
	d.broken = err != nil
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if pic.planes[0] == nil {
		return false, nil
	}
	return true, d.copyTo(dst, pic)
}

// decompress has libvpx decode a frame.
func (d *decoder) decompress(data []byte) *C.decode_t {
	*d.job = C.decode_t{ctx: d.c, data: (*C.uint8_t)(&data[0]), size: C.uint(len(data))}
	defer d.pin.Unpin()
	d.pin.Pin(d.job)
	d.pin.Pin(&data[0])
	d.aside.run((*[0]byte)(C.decode_frame), unsafe.Pointer(d.job))
	return d.job
}

// copyTo copies libvpx's picture.
func (d *decoder) copyTo(dst *media.Frame, pic *C.decode_t) error {
	w, h := int(pic.width), int(pic.height)
	if d.shown != nil {
		w, h = d.shown(d.c, w, h)
	}
	if pic.i420 == 0 {
		return ErrUnsupported
	}
	if !d.cfg.Fits(w, h) {
		return fmt.Errorf("%w: %dx%d", ErrTooLarge, w, h)
	}
	dst.Resize(w, h)
	cw, ch := media.ChromaSize(w, h)
	copyRows(dst.Y, dst.YStride, pic.planes[0], int(pic.strides[0]), w, h)
	copyRows(dst.U, dst.UVStride, pic.planes[1], int(pic.strides[1]), cw, ch)
	copyRows(dst.V, dst.UVStride, pic.planes[2], int(pic.strides[2]), cw, ch)
	return nil
}

// copyRows copies h rows of w bytes out of C's memory.
func copyRows(dst []byte, dstStride int, src *C.uint8_t, srcStride, w, h int) {
	plane := unsafe.Slice((*byte)(src), srcStride*(h-1)+w)
	for row := range h {
		copy(dst[row*dstStride:][:w], plane[row*srcStride:])
	}
}

// shownVP9 undoes what vp9's codedSize did. Any other size to be shown at is a
// wish to have the picture scaled, which is the view's business.
func shownVP9(ctx *C.vpx_codec_ctx_t, w, h int) (int, int) {
	var size [2]C.int
	if C.vp9_shown(ctx, &size[0]) != C.VPX_CODEC_OK {
		return w, h
	}
	sw, sh := int(size[0]), int(size[1])
	if sw+sw&1 != w || sh+sh&1 != h {
		return w, h
	}
	return sw, sh
}

// Close implements media.VideoDecoder.
func (d *decoder) Close() error {
	if d.c != nil {
		d.aside.close()
		discard(d.c)
		d.c = nil
	}
	return nil
}

func discard(ctx *C.vpx_codec_ctx_t) {
	C.vpx_codec_destroy(ctx)
	C.free(unsafe.Pointer(ctx))
}
