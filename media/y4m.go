package media

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The YUV4MPEG2 format: a line "YUV4MPEG2 W1280 H720 F30:1 Ip C420jpeg", and for
// each picture a line "FRAME" followed by its planes Y, Cb, Cr.
const (
	y4mMagic      = "YUV4MPEG2"
	y4mFrameMagic = "FRAME"
	y4mMaxLine    = 1024 // bytes: a header longer than this is none
)

var errBadY4M = errors.New("not a y4m file")

// y4mHeader is what the first line says.
type y4mHeader struct {
	width, height int
	rate          tempo
	chroma        y4mChroma
}

// y4mChroma is how the chroma planes of a file are subsampled.
type y4mChroma int

const (
	y4m420 y4mChroma = iota
	y4m422
	y4m444
	y4mMono
)

// y4mDefaultRate is assumed when a file does not say, as "F0:0" means.
var y4mDefaultRate = tempo{30, 1}

// parseY4MHeader reads the first line of a file, without its end.
func parseY4MHeader(line string) (h y4mHeader, err error) {
	fields := strings.Fields(line)
	if len(fields) == 0 || fields[0] != y4mMagic {
		return h, errBadY4M
	}
	h.rate = y4mDefaultRate
	for _, field := range fields[1:] {
		value := field[1:]
		switch field[0] {
		case 'W':
			h.width, err = strconv.Atoi(value)
		case 'H':
			h.height, err = strconv.Atoi(value)
		case 'F':
			h.rate, err = parseY4MRate(value)
		case 'C':
			h.chroma, err = parseY4MChroma(value)
		case 'I':
			if value != "p" && value != "?" {
				err = errors.New("interlaced pictures are not supported")
			}
		}
		if err != nil {
			return h, fmt.Errorf("y4m header %q: %w", field, err)
		}
	}
	if h.width <= 0 || h.height <= 0 || h.width > MaxPixels || h.height > MaxPixels || h.width*h.height > MaxPixels {
		return h, fmt.Errorf("y4m header: a picture of %dx%d", h.width, h.height)
	}
	return h, nil
}

// parseY4MRate reads pictures per second as "30000:1001"; more than 1000 or fewer
// than one in 1000 seconds are refused.
func parseY4MRate(s string) (tempo, error) {
	num, den, found := strings.Cut(s, ":")
	n, err1 := strconv.ParseUint(num, 10, 32)
	d, err2 := strconv.ParseUint(den, 10, 32)
	switch {
	case !found || err1 != nil || err2 != nil:
		return tempo{}, errors.New("not a frame rate")
	case n == 0 && d == 0:
		return y4mDefaultRate, nil
	case n == 0 || d == 0 || n > maxTempo || d > maxTempo || n > 1000*d || d > 1000*n:
		return tempo{}, errors.New("frame rate out of range")
	}
	return tempo{n, d}, nil
}

// parseY4MChroma reads the sampling. The variants of 4:2:0 differ by less than a
// pixel in where chroma is taken.
func parseY4MChroma(s string) (y4mChroma, error) {
	switch s {
	case "420", "420jpeg", "420mpeg2", "420paldv":
		return y4m420, nil
	case "422":
		return y4m422, nil
	case "444":
		return y4m444, nil
	case "mono":
		return y4mMono, nil
	}
	return 0, errors.New("this sampling is not supported (try ffmpeg -pix_fmt yuv420p)")
}

// chromaSize is the size of each chroma plane in the file.
func (h *y4mHeader) chromaSize() (w, ht int) {
	cw, _ := ChromaSize(h.width, h.height)
	switch h.chroma {
	case y4m422:
		return cw, h.height
	case y4m444:
		return h.width, h.height
	case y4mMono:
		return 0, 0
	}
	return ChromaSize(h.width, h.height)
}

// pictureBytes is the length of a picture in the file, without its line.
func (h *y4mHeader) pictureBytes() int {
	cw, ch := h.chromaSize()
	return h.width*h.height + 2*cw*ch
}

// A y4mReader reads pictures from a stream, one after the other, and from it not
// a byte more than it needs.
type y4mReader struct {
	header     y4mHeader
	headerSize int64 // of its line, in bytes
	r          io.Reader
	line       []byte // the line last read
	chroma     []byte // a chroma plane before it is made 4:2:0
}

// newY4MReader reads the header of r.
func newY4MReader(r io.Reader) (*y4mReader, error) {
	y := &y4mReader{r: r, line: make([]byte, 0, y4mMaxLine)}
	err := y.readLine(y4mMagic)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil, errBadY4M
	}
	if err != nil {
		return nil, err
	}
	y.headerSize = int64(len(y.line)) + 1
	y.header, err = parseY4MHeader(string(y.line))
	return y, err
}

// readLine reads a line that begins with magic. A stream that ends before the
// line begins is io.EOF.
func (y *y4mReader) readLine(magic string) error {
	y.line = y.line[:len(magic)+1]
	if _, err := io.ReadFull(y.r, y.line); err != nil {
		return err
	}
	if string(y.line[:len(magic)]) != magic {
		return errBadY4M
	}
	for y.line[len(y.line)-1] != '\n' {
		if len(y.line) == y4mMaxLine {
			return errBadY4M
		}
		y.line = y.line[:len(y.line)+1]
		if err := y.fill(y.line[len(y.line)-1:]); err != nil {
			return err
		}
	}
	y.line = y.line[:len(y.line)-1]
	return nil
}

// next reads a picture into dst, resizing it. It returns io.EOF at the end of the
// stream, and io.ErrUnexpectedEOF if that cuts the picture off.
func (y *y4mReader) next(dst *Frame) error {
	if err := y.readLine(y4mFrameMagic); err != nil {
		return err
	}
	dst.Resize(y.header.width, y.header.height)
	switch y.header.chroma {
	case y4m420:
		// A packed frame lies in memory as it does in the file.
		return y.fill(dst.Y[:y.header.pictureBytes()])
	case y4mMono:
		fill(dst.U, 128)
		fill(dst.V, 128)
		return y.fill(dst.Y)
	}
	if err := y.fill(dst.Y); err != nil {
		return err
	}
	if err := y.nextChroma(dst.U); err != nil {
		return err
	}
	return y.nextChroma(dst.V)
}

// nextChroma reads a chroma plane that is not 4:2:0 into one that is.
func (y *y4mReader) nextChroma(dst []byte) error {
	w, h := y.header.chromaSize()
	if y.chroma == nil {
		y.chroma = make([]byte, w*h)
	}
	if err := y.fill(y.chroma); err != nil {
		return err
	}
	cw, _ := ChromaSize(y.header.width, y.header.height)
	shrinkChroma(dst, cw, y.chroma, w, h)
	return nil
}

func (y *y4mReader) fill(b []byte) error {
	_, err := io.ReadFull(y.r, b)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// shrinkChroma makes the plane src of w by h one with half the rows, of cw
// samples each: w or half of it. A sample is the mean of two or four.
func shrinkChroma(dst []byte, cw int, src []byte, w, h int) {
	for y := 0; y < h; y += 2 {
		top, below := src[y*w:][:w], src[min(y+1, h-1)*w:][:w]
		out := dst[y/2*cw:][:cw]
		for x := range out {
			left, right := x, x
			if w > cw {
				left, right = 2*x, min(2*x+1, w-1)
			}
			sum := int(top[left]) + int(top[right]) + int(below[left]) + int(below[right])
			out[x] = byte((sum + 2) / 4)
		}
	}
}

// writeY4MFrame writes f with the line before it, straight from its planes, and
// returns the number of bytes.
func writeY4MFrame(w io.Writer, f *Frame) (int64, error) {
	n, err := io.WriteString(w, y4mFrameMagic+"\n")
	total := int64(n)
	cw, ch := ChromaSize(f.Width, f.Height)
	for _, p := range [3]struct {
		pix          []byte
		stride, w, h int
	}{{f.Y, f.YStride, f.Width, f.Height}, {f.U, f.UVStride, cw, ch}, {f.V, f.UVStride, cw, ch}} {
		if p.stride == p.w { // in one piece
			p.stride, p.w, p.h = p.w*p.h, p.w*p.h, 1
		}
		for row := 0; row < p.h && err == nil; row++ {
			n, err = w.Write(p.pix[row*p.stride:][:p.w])
			total += int64(n)
		}
	}
	return total, err
}
