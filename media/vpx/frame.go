package vpx

import (
	"fmt"

	"github.com/skulltech/prattle/media"
)

// maxSide is the longest side of a VP8 picture, whose header has 14 bits for it.
const maxSide = 1<<14 - 1

func checkSize(w, h int) error {
	if w <= 0 || h <= 0 || w > maxSide || h > maxSide || w*h > media.MaxPixels {
		return fmt.Errorf("picture of %dx%d", w, h)
	}
	return nil
}

// checkFrame refuses a frame whose planes are shorter than its size says: C
// would read beyond them.
func checkFrame(f *media.Frame) error {
	if err := checkSize(f.Width, f.Height); err != nil {
		return err
	}
	cw, ch := media.ChromaSize(f.Width, f.Height)
	fits := func(n, stride, w, h int) bool { return stride >= w && n >= w && (n-w)/stride >= h-1 }
	if !fits(len(f.Y), f.YStride, f.Width, f.Height) || !fits(len(f.U), f.UVStride, cw, ch) || !fits(len(f.V), f.UVStride, cw, ch) {
		return fmt.Errorf("frame of %dx%d has planes of %d, %d, %d bytes in rows of %d, %d",
			f.Width, f.Height, len(f.Y), len(f.U), len(f.V), f.YStride, f.UVStride)
	}
	return nil
}

// pad makes dst a copy of src at w by h pixels, at most one more each way than
// src has: the last column and row are repeated. The chroma planes are as large.
func pad(dst, src *media.Frame, w, h int) {
	dst.Resize(w, h)
	for row := range h {
		line := dst.Y[row*dst.YStride:][:w]
		n := copy(line, src.Y[min(row, src.Height-1)*src.YStride:][:src.Width])
		if n < w {
			line[n] = line[n-1]
		}
	}
	cw, ch := media.ChromaSize(w, h)
	for row := range ch {
		copy(dst.U[row*dst.UVStride:][:cw], src.U[row*src.UVStride:][:cw])
		copy(dst.V[row*dst.UVStride:][:cw], src.V[row*src.UVStride:][:cw])
	}
}
