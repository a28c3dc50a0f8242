package yuv

/*
#cgo noescape MJPGSize
#cgo nocallback MJPGSize
#cgo noescape MJPGToI420
#cgo nocallback MJPGToI420
#include <libyuv.h>
*/
import "C"

import (
	"fmt"

	"github.com/skulltech/prattle/media"
)

// FromMJPG decodes one picture of a camera that speaks Motion JPEG, at most
// media.MaxPixels large. JPEG uses the whole range of a byte, frames do not.
func FromMJPG(dst *media.Frame, jpeg []byte) error {
	if len(jpeg) == 0 {
		return fmt.Errorf("%w: empty JPEG", ErrShort)
	}
	var w, h C.int
	if C.MJPGSize(ptr(jpeg), C.size_t(len(jpeg)), &w, &h) != 0 || w <= 0 || h <= 0 {
		return fmt.Errorf("convert a picture from JPEG: %d bytes without a valid header", len(jpeg))
	}
	if int64(w)*int64(h) > media.MaxPixels {
		return fmt.Errorf("convert a picture from JPEG: %dx%d pixels are too many", int(w), int(h))
	}
	dst.Resize(int(w), int(h))
	err := result("from JPEG", C.MJPGToI420(
		ptr(jpeg), C.size_t(len(jpeg)),
		ptr(dst.Y), C.int(dst.YStride), ptr(dst.U), C.int(dst.UVStride), ptr(dst.V), C.int(dst.UVStride),
		w, h, w, h))
	if err != nil {
		return err
	}
	narrow(dst.Y, &narrowLuma)
	narrow(dst.U, &narrowChroma)
	narrow(dst.V, &narrowChroma)
	return nil
}

// The full range 0..255 mapped to luma 16..235 and chroma 16..240.
var narrowLuma, narrowChroma = func() (luma, chroma [256]byte) {
	for i := range 256 {
		luma[i] = byte(16 + (i*219+127)/255)
		chroma[i] = byte((128*255 + (i-128)*224 + 127) / 255)
	}
	return luma, chroma
}()

func narrow(plane []byte, table *[256]byte) {
	for i, v := range plane {
		plane[i] = table[v]
	}
}
