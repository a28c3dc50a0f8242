//go:build cgo && gocv_highgui && gocv_videoio

package opencv

import (
	"errors"
	"fmt"

	"gocv.io/x/gocv"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/yuv"
)

// A format is how a device's pixels lie in a Mat.
type format int

const (
	formatUnknown format = iota // BGR, or what the Mat tells by itself
	formatI420
	formatNV12
	formatYUY2
	formatMJPG
)

var errFormat = errors.New("picture in a format that is not understood")

// formatOf knows the formats of cameras that need no conversion by OpenCV.
func formatOf(fourCC string) format {
	switch fourCC {
	case "YU12", "I420":
		return formatI420
	case "NV12":
		return formatNV12
	case "YUYV", "YUY2":
		return formatYUY2
	case "MJPG", "JPEG":
		return formatMJPG
	}
	return formatUnknown
}

// convert makes dst the picture in m.
func (f format) convert(dst *media.Frame, m *gocv.Mat) error {
	pixels, err := m.DataPtrUint8()
	if err != nil {
		return fmt.Errorf("%w: %w", errFormat, err)
	}
	rows, cols := m.Rows(), m.Cols()
	switch m.Type() {
	case gocv.MatTypeCV8UC3:
		return yuv.FromBGR(dst, pixels, m.Step(), cols, rows)
	case gocv.MatTypeCV8UC2:
		return yuv.FromYUY2(dst, pixels, m.Step(), cols, rows)
	case gocv.MatTypeCV8UC1:
		return f.convertBytes(dst, pixels, rows, cols)
	}
	return fmt.Errorf("%w: type %v", errFormat, m.Type())
}

// convertBytes takes a Mat of single bytes: a JPEG in one row, or planes below
// each other, half as many rows again as the picture has; I420 if nothing else
// is known, which is what a GStreamer pipeline should end in.
func (f format) convertBytes(dst *media.Frame, pixels []byte, rows, cols int) error {
	switch {
	case rows == 1 || cols == 1 || f == formatMJPG:
		return yuv.FromMJPG(dst, pixels)
	case rows%3 != 0 || cols%2 != 0 || len(pixels) < rows*cols:
		return fmt.Errorf("%w: %d rows of %d bytes", errFormat, rows, cols)
	}
	w, h := cols, rows/3*2
	if f == formatNV12 {
		return yuv.FromNV12(dst, pixels[:w*h], pixels[w*h:], w, w, h)
	}
	dst.Resize(w, h)
	copy(dst.Y, pixels)
	copy(dst.U, pixels[w*h:])
	copy(dst.V, pixels[w*h+w*h/4:])
	return nil
}
