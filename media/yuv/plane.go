package yuv

// #include <stdint.h>
import "C"

import (
	"fmt"

	"github.com/skulltech/prattle/media"
)

// ptr is the address of a plane that check has found long enough.
func ptr(b []byte) *C.uint8_t { return (*C.uint8_t)(&b[0]) }

// check panics, as an index out of range would, if f's planes are shorter than
// its size and strides say: C would read or write beyond them.
func check(f *media.Frame) {
	cw, ch := media.ChromaSize(f.Width, f.Height)
	if !fits(len(f.Y), f.YStride, f.Width, f.Height) || !fits(len(f.U), f.UVStride, cw, ch) || !fits(len(f.V), f.UVStride, cw, ch) {
		panic(fmt.Sprintf("yuv: frame of %dx%d has planes of %d, %d, %d bytes in rows of %d, %d",
			f.Width, f.Height, len(f.Y), len(f.U), len(f.V), f.YStride, f.UVStride))
	}
}

// fits says whether n bytes hold h rows of w bytes, each stride after the one before.
func fits(n, stride, w, h int) bool {
	return w > 0 && h > 0 && stride >= w && n >= w && (n-w)/stride >= h-1
}
