package media

import (
	"encoding/binary"
	"time"
)

// A stamp is a strip of light and dark cells along the lower edge of a picture:
// two rows of 48 cells, each 1/48 of the width by 1/36 of the height, so that it
// survives scaling to any size from 160x90 up and coarse compression. Read row by
// row from the left, light is 1, most significant bit first:
//
//	28 bits  frame number, modulo 2^28 (a hundred days at 30 fps)
//	52 bits  Unix time in microseconds
//	16 bits  CRC-16/CCITT of the 80 bits before, from 0xffff, so that blank cells are no stamp
const (
	stampCols = 48
	stampRows = 2
	stampBand = 36 // so many rows of cells would fill the picture

	stampLight       = 224 // luma
	stampDark        = 24
	stampMinContrast = 48 // of what is read, in luma: less is no stamp
)

// StampMask wraps the frame number that a stamp carries.
const StampMask = 1<<28 - 1

// stampTimeMask wraps the time that a stamp carries, in microseconds (year 2112).
const stampTimeMask = 1<<52 - 1

// A stampCode is the bits of a stamp in their order.
type stampCode [stampCols * stampRows / 8]byte

// Stamp bakes the frame number n and the time t into the pixels of f, where
// ReadStamp finds them at the other end, if f has at least 160x90 pixels there.
// n is kept modulo StampMask+1, t to the microsecond.
func Stamp(f *Frame, n uint64, t time.Time) {
	if f.Width < stampCols || f.Height < stampBand {
		return
	}
	code := packStamp(n, t)
	for i := range stampCols * stampRows {
		luma := byte(stampDark)
		if code.bit(i) {
			luma = stampLight
		}
		x0, y0, x1, _ := stampCell(f, i)
		fill(f.Y[y0*f.YStride+x0:y0*f.YStride+x1], luma)
	}
	for row := range stampRows {
		_, y0, _, y1 := stampCell(f, row*stampCols)
		line := f.Y[y0*f.YStride:][:f.Width]
		for y := y0 + 1; y < y1; y++ {
			copy(f.Y[y*f.YStride:], line)
		}
	}
	_, top, _, _ := stampCell(f, 0)
	cw, ch := ChromaSize(f.Width, f.Height)
	for y := top / 2; y < ch; y++ {
		fill(f.U[y*f.UVStride:][:cw], 128)
		fill(f.V[y*f.UVStride:][:cw], 128)
	}
}

// ReadStamp reads the stamp of a received picture: one that was scaled or
// compressed since, but not cropped. A picture without one passes for stamped
// with a probability below 2^-16.
func ReadStamp(f *Frame) (n uint64, t time.Time, ok bool) {
	if f.Width < stampCols || f.Height < stampBand {
		return 0, time.Time{}, false
	}
	var cells [stampCols * stampRows]int
	dark, light := 255, 0
	for i := range cells {
		cells[i] = stampLuma(f, i)
		dark, light = min(dark, cells[i]), max(light, cells[i])
	}
	if light-dark < stampMinContrast {
		return 0, time.Time{}, false
	}
	var code stampCode
	for i := range cells {
		if sharpened(&cells, i) > (dark+light)/2 {
			code[i/8] |= 0x80 >> (i % 8)
		}
	}
	return code.unpack()
}

func packStamp(n uint64, t time.Time) (code stampCode) {
	us := uint64(t.UnixMicro()) & stampTimeMask
	binary.BigEndian.PutUint32(code[0:], uint32(n&StampMask<<4|us>>48))
	binary.BigEndian.PutUint64(code[4:], us<<16)
	binary.BigEndian.PutUint16(code[10:], crc16(code[:10]))
	return code
}

func (c *stampCode) unpack() (n uint64, t time.Time, ok bool) {
	if binary.BigEndian.Uint16(c[10:]) != crc16(c[:10]) {
		return 0, time.Time{}, false
	}
	head := uint64(binary.BigEndian.Uint32(c[0:]))
	us := head<<48&stampTimeMask | binary.BigEndian.Uint64(c[4:])>>16
	return head >> 4, time.UnixMicro(int64(us)), true
}

func (c *stampCode) bit(i int) bool { return c[i/8]<<(i%8)&0x80 != 0 }

// crc16 is CRC-16/CCITT: x^16+x^12+x^5+1, from all ones.
func crc16(b []byte) uint16 {
	crc := uint16(0xffff)
	for _, v := range b {
		crc ^= uint16(v) << 8
		for range 8 {
			carry := crc&0x8000 != 0
			if crc <<= 1; carry {
				crc ^= 0x1021
			}
		}
	}
	return crc
}

// stampCell is the place of cell i in a picture of f's size.
func stampCell(f *Frame, i int) (x0, y0, x1, y1 int) {
	col, row := i%stampCols, i/stampCols
	x0, x1 = col*f.Width/stampCols, (col+1)*f.Width/stampCols
	y0 = f.Height - (stampRows-row)*f.Height/stampBand
	y1 = f.Height - (stampRows-row-1)*f.Height/stampBand
	return x0, y0, x1, y1
}

// stampLuma is the mean of the inner part of cell i, away from its neighbours.
func stampLuma(f *Frame, i int) int {
	x0, y0, x1, y1 := stampCell(f, i)
	dx, dy := (x1-x0)/4, (y1-y0)/4
	sum := 0
	for y := y0 + dy; y < y1-dy; y++ {
		for _, v := range f.Y[y*f.YStride+x0+dx : y*f.YStride+x1-dx] {
			sum += int(v)
		}
	}
	return sum / ((x1 - x0 - 2*dx) * (y1 - y0 - 2*dy))
}

// sharpened is cell i without some of the blur that it has from its neighbours in the row.
func sharpened(cells *[stampCols * stampRows]int, i int) int {
	left, right := max(i-1, i/stampCols*stampCols), min(i+1, i/stampCols*stampCols+stampCols-1)
	return cells[i] + (2*cells[i]-cells[left]-cells[right])/4
}
