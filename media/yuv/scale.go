package yuv

/*
#cgo LDFLAGS: -lyuv
#cgo noescape I420Scale
#cgo nocallback I420Scale
#cgo noescape I420Mirror
#cgo nocallback I420Mirror
#include <libyuv.h>
*/
import "C"

import "github.com/skulltech/prattle/media"

func init() {
	media.RegisterScaler(media.Scaler{Scale: scale, Mirror: mirror})
}

// scale averages areas on the way down and interpolates on the way up: libyuv's
// box filter does the latter by itself where a side grows.
func scale(dst, src *media.Frame) {
	check(src)
	check(dst)
	C.I420Scale(
		ptr(src.Y), C.int(src.YStride), ptr(src.U), C.int(src.UVStride), ptr(src.V), C.int(src.UVStride),
		C.int(src.Width), C.int(src.Height),
		ptr(dst.Y), C.int(dst.YStride), ptr(dst.U), C.int(dst.UVStride), ptr(dst.V), C.int(dst.UVStride),
		C.int(dst.Width), C.int(dst.Height), C.kFilterBox)
}

func mirror(dst, src *media.Frame) {
	check(src)
	check(dst)
	C.I420Mirror(
		ptr(src.Y), C.int(src.YStride), ptr(src.U), C.int(src.UVStride), ptr(src.V), C.int(src.UVStride),
		ptr(dst.Y), C.int(dst.YStride), ptr(dst.U), C.int(dst.UVStride), ptr(dst.V), C.int(dst.UVStride),
		C.int(src.Width), C.int(src.Height))
}
