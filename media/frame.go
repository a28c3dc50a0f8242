package media

import (
	"image"
	"time"
)

// Frame is a raw picture in I420 (YCbCr 4:2:0, BT.601, planes Y, U, V). The
// chroma planes are (Width+1)/2 by (Height+1)/2.
type Frame struct {
	Width, Height     int
	Y, U, V           []byte
	YStride, UVStride int

	N        uint64    // index at its source, from 0
	Captured time.Time // local time at which it entered the pipeline

	// Of a received picture: its RTP time, and for how long it was held back for the
	// sake of lip sync.
	Timestamp uint32
	Held      time.Duration
	// Source is the size in which it came, if it was made smaller since (see ShrinkTo).
	Source image.Point
}

// NewFrame makes a frame of w by h pixels; its contents are zero (green, not
// black: see Fill).
func NewFrame(w, h int) *Frame {
	f := new(Frame)
	f.Resize(w, h)
	return f
}

// Resize makes f a tightly packed picture of w by h pixels, reusing its memory
// where it suffices. The pixels are unspecified afterwards.
func (f *Frame) Resize(w, h int) {
	cw, ch := ChromaSize(w, h)
	need := w*h + 2*cw*ch
	buf := f.Y[:0]
	if cap(buf) < need {
		buf = make([]byte, need)
	}
	buf = buf[:need]
	f.Width, f.Height = w, h
	f.YStride, f.UVStride = w, cw
	// Y keeps the capacity of the whole so that a later Resize can reuse it.
	f.Y = buf[:w*h]
	f.U = buf[w*h : w*h+cw*ch : w*h+cw*ch]
	f.V = buf[w*h+cw*ch : need : need]
}

// ChromaSize returns the size of the chroma planes of a w by h picture.
func ChromaSize(w, h int) (cw, ch int) { return (w + 1) / 2, (h + 1) / 2 }

// SourceSize is the size in which a picture came.
func (f *Frame) SourceSize() image.Point {
	if f.Source != (image.Point{}) {
		return f.Source
	}
	return image.Pt(f.Width, f.Height)
}

// CopyFrom makes f a packed copy of src, source index and capture time included.
func (f *Frame) CopyFrom(src *Frame) {
	f.Resize(src.Width, src.Height)
	cw, ch := ChromaSize(src.Width, src.Height)
	copyPlane(f.Y, f.YStride, src.Y, src.YStride, src.Width, src.Height)
	copyPlane(f.U, f.UVStride, src.U, src.UVStride, cw, ch)
	copyPlane(f.V, f.UVStride, src.V, src.UVStride, cw, ch)
	f.N, f.Captured = src.N, src.Captured
}

// Fill paints the whole picture in one colour.
func (f *Frame) Fill(y, u, v byte) {
	fill(f.Y, y)
	fill(f.U, u)
	fill(f.V, v)
}

func fill(b []byte, v byte) {
	for i := range b {
		b[i] = v
	}
}

func copyPlane(dst []byte, dstStride int, src []byte, srcStride, w, h int) {
	if dstStride == w && srcStride == w {
		copy(dst[:w*h], src)
		return
	}
	for row := range h {
		copy(dst[row*dstStride:row*dstStride+w], src[row*srcStride:])
	}
}
