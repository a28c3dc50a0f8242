package yuv

/*
#cgo noescape I420ToRGB24
#cgo nocallback I420ToRGB24
#cgo noescape RGB24ToI420
#cgo nocallback RGB24ToI420
#cgo noescape YUY2ToI420
#cgo nocallback YUY2ToI420
#cgo noescape NV12ToI420
#cgo nocallback NV12ToI420
#include <libyuv.h>
*/
import "C"

import (
	"errors"
	"fmt"

	"github.com/skulltech/prattle/media"
)

// ErrShort is wrapped when a buffer is too short for the picture it should hold.
var ErrShort = errors.New("buffer too short for the picture")

// ToBGR writes src as packed BGR into dst, whose rows are stride bytes apart.
func ToBGR(dst []byte, stride int, src *media.Frame) error {
	if !fits(len(dst), stride, 3*src.Width, src.Height) {
		return short("BGR", len(dst), stride, src.Width, src.Height)
	}
	check(src)
	return result("to BGR", C.I420ToRGB24(
		ptr(src.Y), C.int(src.YStride), ptr(src.U), C.int(src.UVStride), ptr(src.V), C.int(src.UVStride),
		ptr(dst), C.int(stride), C.int(src.Width), C.int(src.Height)))
}

// FromBGR makes dst the packed BGR picture of w by h pixels in src, whose rows
// are stride bytes apart.
func FromBGR(dst *media.Frame, src []byte, stride, w, h int) error {
	if !fits(len(src), stride, 3*w, h) {
		return short("BGR", len(src), stride, w, h)
	}
	dst.Resize(w, h)
	return result("from BGR", C.RGB24ToI420(
		ptr(src), C.int(stride),
		ptr(dst.Y), C.int(dst.YStride), ptr(dst.U), C.int(dst.UVStride), ptr(dst.V), C.int(dst.UVStride),
		C.int(w), C.int(h)))
}

// FromYUY2 makes dst the YUY2 picture (Y U Y V, two pixels in four bytes) of w
// by h pixels in src, whose rows are stride bytes apart.
func FromYUY2(dst *media.Frame, src []byte, stride, w, h int) error {
	if !fits(len(src), stride, (w+1)/2*4, h) {
		return short("YUY2", len(src), stride, w, h)
	}
	dst.Resize(w, h)
	return result("from YUY2", C.YUY2ToI420(
		ptr(src), C.int(stride),
		ptr(dst.Y), C.int(dst.YStride), ptr(dst.U), C.int(dst.UVStride), ptr(dst.V), C.int(dst.UVStride),
		C.int(w), C.int(h)))
}

// FromNV12 makes dst the NV12 picture (a plane of Y, one of U and V in turn) of
// w by h pixels; the rows of both planes are stride bytes apart.
func FromNV12(dst *media.Frame, y, uv []byte, stride, w, h int) error {
	cw, ch := media.ChromaSize(w, h)
	if !fits(len(y), stride, w, h) {
		return short("NV12 luma", len(y), stride, w, h)
	}
	if !fits(len(uv), stride, 2*cw, ch) {
		return short("NV12 chroma", len(uv), stride, w, h)
	}
	dst.Resize(w, h)
	return result("from NV12", C.NV12ToI420(
		ptr(y), C.int(stride), ptr(uv), C.int(stride),
		ptr(dst.Y), C.int(dst.YStride), ptr(dst.U), C.int(dst.UVStride), ptr(dst.V), C.int(dst.UVStride),
		C.int(w), C.int(h)))
}

func short(format string, n, stride, w, h int) error {
	return fmt.Errorf("%w: %d bytes of %s in rows of %d for %dx%d", ErrShort, n, format, stride, w, h)
}

func result(what string, code C.int) error {
	if code != 0 {
		return fmt.Errorf("convert a picture %s: libyuv says %d", what, int(code))
	}
	return nil
}
