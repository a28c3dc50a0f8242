package media

import "image"

// Scaler is a way to resize and mirror pictures. Both functions write all of
// dst, whose size is set; neither touches N or Captured.
type Scaler struct {
	Scale  func(dst, src *Frame) // to the size of dst
	Mirror func(dst, src *Frame) // left to right; the sizes are equal
}

// scaler is in use: the one here, until a faster one registers itself.
var scaler = Scaler{Scale: scaleFrame, Mirror: mirrorFrame}

// RegisterScaler replaces the pure-Go scaler by a faster one; call it from init.
func RegisterScaler(s Scaler) { scaler = s }

// Scale makes dst the picture of src at the size that dst has: the caller has
// resized it. The whole of src fills the whole of dst; see Letterbox for one
// that keeps the aspect.
func Scale(dst, src *Frame) {
	dst.N, dst.Captured = src.N, src.Captured
	if empty(dst) || empty(src) {
		return
	}
	if dst.Width == src.Width && dst.Height == src.Height {
		copyFrame(dst, src)
		return
	}
	scaler.Scale(dst, src)
}

// Mirror makes dst the picture of src with left and right exchanged, resizing
// dst as needed. They must not share memory.
func Mirror(dst, src *Frame) {
	dst.Resize(src.Width, src.Height)
	dst.N, dst.Captured = src.N, src.Captured
	if !empty(src) {
		scaler.Mirror(dst, src)
	}
}

// Fit centres a picture of srcW by srcH pixels in a box, as large as fits while
// its aspect stays. All four results are even, so that the place may be cut out
// of the chroma planes as well; w and h are 0 if either size is empty.
func Fit(srcW, srcH, boxW, boxH int) (x, y, w, h int) {
	if srcW <= 0 || srcH <= 0 || boxW < 2 || boxH < 2 {
		return 0, 0, 0, 0
	}
	w, h = boxW, boxH
	if srcW*boxH > boxW*srcH {
		h = (boxW*srcH + srcW/2) / srcW
	} else {
		w = (boxH*srcW + srcH/2) / srcH
	}
	// Even a line that is far too thin stays visible.
	w, h = max(w&^1, 2), max(h&^1, 2)
	return (boxW - w) / 2 &^ 1, (boxH - h) / 2 &^ 1, w, h
}

// Letterbox makes dst the picture of src at the size that dst has, keeping the
// aspect: what is left over is black.
func Letterbox(dst, src *Frame) {
	dst.N, dst.Captured = src.N, src.Captured
	x, y, w, h := Fit(src.Width, src.Height, dst.Width, dst.Height)
	// An odd last line or column belongs to the picture that fills all the rest.
	if w == dst.Width&^1 {
		w = dst.Width
	}
	if h == dst.Height&^1 {
		h = dst.Height
	}
	blacken(dst, 0, 0, dst.Width, y)
	blacken(dst, 0, y+h, dst.Width, dst.Height-y-h)
	blacken(dst, 0, y, x, h)
	blacken(dst, x+w, y, dst.Width-x-w, h)
	if w > 0 && h > 0 {
		inner := part(dst, x, y, w, h)
		Scale(&inner, src)
	}
}

// part is the w by h picture inside f at x, y, which are even. It shares f's memory.
func part(f *Frame, x, y, w, h int) Frame {
	p := *f
	p.Width, p.Height = w, h
	p.Y = f.Y[y*f.YStride+x:]
	p.U = f.U[y/2*f.UVStride+x/2:]
	p.V = f.V[y/2*f.UVStride+x/2:]
	return p
}

// blacken paints the w by h pixels of f at x, y; x and y are even.
func blacken(f *Frame, x, y, w, h int) {
	if w <= 0 || h <= 0 {
		return
	}
	p := part(f, x, y, w, h)
	cw, ch := ChromaSize(w, h)
	for row := range h {
		fill(p.Y[row*p.YStride:][:w], 16)
	}
	for row := range ch {
		fill(p.U[row*p.UVStride:][:cw], 128)
		fill(p.V[row*p.UVStride:][:cw], 128)
	}
}

// ShrinkTo makes dst the picture of src as it is seen in a place of that size, its
// RTP time and the time it was held included, if that is smaller than src; else it
// does nothing and returns false.
func ShrinkTo(dst, src *Frame, place image.Point) bool {
	fit := FitRect(src.Width, src.Height, image.Rectangle{Max: place})
	if fit.Empty() || fit.Dx() >= src.Width {
		return false
	}
	dst.Resize(fit.Dx(), fit.Dy())
	dst.Timestamp, dst.Held, dst.Source = src.Timestamp, src.Held, src.SourceSize()
	Scale(dst, src)
	return true
}

func empty(f *Frame) bool { return f.Width <= 0 || f.Height <= 0 }

// copyFrame copies the pixels of src into dst, which has its size.
func copyFrame(dst, src *Frame) {
	cw, ch := ChromaSize(src.Width, src.Height)
	copyPlane(dst.Y, dst.YStride, src.Y, src.YStride, src.Width, src.Height)
	copyPlane(dst.U, dst.UVStride, src.U, src.UVStride, cw, ch)
	copyPlane(dst.V, dst.UVStride, src.V, src.UVStride, cw, ch)
}

func mirrorFrame(dst, src *Frame) {
	cw, ch := ChromaSize(src.Width, src.Height)
	mirrorPlane(dst.Y, dst.YStride, src.Y, src.YStride, src.Width, src.Height)
	mirrorPlane(dst.U, dst.UVStride, src.U, src.UVStride, cw, ch)
	mirrorPlane(dst.V, dst.UVStride, src.V, src.UVStride, cw, ch)
}

func mirrorPlane(dst []byte, dstStride int, src []byte, srcStride, w, h int) {
	for row := range h {
		d, s := dst[row*dstStride:][:w], src[row*srcStride:][:w]
		for i, v := range s {
			d[w-1-i] = v
		}
	}
}
