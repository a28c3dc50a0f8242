package vpx

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/skulltech/prattle/media"
)

// ErrClosed is returned by an encoder or decoder after Close.
var ErrClosed = errors.New("codec is closed")

// Errors that a decoder's Decode wraps.
var (
	ErrCorrupt      = errors.New("corrupt frame")
	ErrTooLarge     = errors.New("picture too large")
	ErrUnsupported  = errors.New("not 8 bits, 4:2:0")
	ErrNeedKeyframe = errors.New("keyframe needed")
)

// header is what stands in the clear at the beginning of a compressed frame, as
// far as it matters here.
type header struct {
	keyframe      bool
	intra         bool // predicted from nothing
	width, height int  // 0 if it is that of a reference

	// VP9 only:
	refresh uint8    // the buffers that keep it, a bit each
	refs    [3]uint8 // the buffers that it names as references, unless intra
}

// check says whether a decoder may be given the frame: libvpx allocates for
// whatever size a frame claims, inter frames included.
func (h header) check(cfg media.VideoDecoderConfig) error {
	if h.width != 0 && !cfg.Fits(h.width, h.height) {
		return fmt.Errorf("%w: %dx%d", ErrTooLarge, h.width, h.height)
	}
	return nil
}

// parseVP8 reads the frame tag and start code (RFC 6386, section 9.1).
func parseVP8(data []byte) (header, error) {
	if len(data) < 3 {
		return header{}, fmt.Errorf("%w: %d bytes", ErrCorrupt, len(data))
	}
	if data[0]&1 != 0 {
		return header{}, nil
	}
	if len(data) < 10 || data[3] != 0x9d || data[4] != 0x01 || data[5] != 0x2a {
		return header{}, fmt.Errorf("%w: keyframe without start code", ErrCorrupt)
	}
	h := header{
		keyframe: true, intra: true,
		// The upper two bits ask for scaling after decoding.
		width:  int(binary.LittleEndian.Uint16(data[6:]) & 0x3fff),
		height: int(binary.LittleEndian.Uint16(data[8:]) & 0x3fff),
	}
	if h.width == 0 || h.height == 0 {
		return header{}, fmt.Errorf("%w: %dx%d", ErrCorrupt, h.width, h.height)
	}
	return h, nil
}

// parseVP9 reads the uncompressed header up to the frame size (VP9 Bitstream
// Specification, section 6.2).
func parseVP9(data []byte) (header, error) {
	b := bitReader{data: data}
	if b.read(2) != 2 {
		return header{}, fmt.Errorf("%w: no frame marker", ErrCorrupt)
	}
	if profile := b.read(2); profile != 0 { // either bit
		return header{}, ErrUnsupported
	}
	if b.read(1) == 1 { // show_existing_frame
		b.read(3)
		return header{}, b.err()
	}
	var h header
	h.keyframe = b.read(1) == 0
	h.intra = h.keyframe
	shown, resilient := b.read(1), b.read(1)
	if !h.keyframe {
		h.intra = shown == 0 && b.read(1) == 1
		if resilient == 0 {
			b.read(2) // reset_frame_context
		}
	}
	if h.intra && b.read(24) != 0x498342 {
		return header{}, fmt.Errorf("%w: no sync code", ErrCorrupt)
	}
	switch {
	case h.keyframe:
		const sRGB = 7 // 4:4:4, which profile 0 does not have
		if b.read(3) == sRGB {
			return header{}, ErrUnsupported
		}
		b.read(1) // color_range
		h.refresh = 0xff
		h.size(&b)
	case h.intra:
		h.refresh = uint8(b.read(8))
		h.size(&b)
	default:
		h.references(&b)
	}
	return h, b.err()
}

// size reads frame_size().
func (h *header) size(b *bitReader) {
	h.width = int(b.read(16)) + 1
	h.height = int(b.read(16)) + 1
}

// references reads what an inter frame has before its size, and frame_size_with_refs().
func (h *header) references(b *bitReader) {
	h.refresh = uint8(b.read(8))
	for i := range h.refs {
		h.refs[i] = uint8(b.read(3))
		b.read(1) // ref_frame_sign_bias
	}
	for range h.refs {
		if b.read(1) == 1 { // found_ref: as large as that reference
			return
		}
	}
	h.size(b)
}

// bitReader reads a header bit by bit, the highest of each byte first.
type bitReader struct {
	data []byte
	at   int // in bits
}

// read gives the next n bits; beyond the end they are zero.
func (b *bitReader) read(n int) (v uint32) {
	for range n {
		v <<= 1
		if i := b.at / 8; i < len(b.data) {
			v |= uint32(b.data[i]>>(7-b.at%8)) & 1
		}
		b.at++
	}
	return v
}

// err says whether reading went beyond the end.
func (b *bitReader) err() error {
	if b.at > 8*len(b.data) {
		return fmt.Errorf("%w: header cut off after %d bytes", ErrCorrupt, len(b.data))
	}
	return nil
}

// superframe finds the frames that data consists of by the index at its end (VP9
// Bitstream Specification, annex B). Without an index ok is false.
func superframe(data []byte) (frames [8][]byte, n int, ok bool) {
	if len(data) == 0 {
		return frames, 0, false
	}
	marker := data[len(data)-1]
	count, width := int(marker&7)+1, int(marker>>3&3)+1
	size := 2 + count*width
	if marker>>5 != 6 || len(data) < size || data[len(data)-size] != marker {
		return frames, 0, false
	}
	index, rest := data[len(data)-size+1:len(data)-1], data
	for i := range count {
		var word [4]byte
		copy(word[:], index[i*width:][:width])
		length := binary.LittleEndian.Uint32(word[:])
		if uint64(length) > uint64(len(rest)) {
			return frames, i, true
		}
		frames[i], rest = rest[:length], rest[length:]
	}
	return frames, count, true
}

// appendIndex ends the single frame in data with an index, which keeps libvpx
// from taking bytes after the frame's end for a further frame.
func appendIndex(data []byte) []byte {
	const marker = 6<<5 | (4-1)<<3 // sizes of four bytes, no further frame
	n := uint32(len(data))
	data = append(data, marker)
	data = binary.LittleEndian.AppendUint32(data, n)
	return append(data, marker)
}

// admit checks a frame, or frames, of VP9 and says whether a keyframe begins
// them. It gives back what is to be decoded, in buf if it had to be changed.
func admitVP9(buf, data []byte, cfg media.VideoDecoderConfig) (admitted []byte, keyframe bool, err error) {
	frames, n, ok := superframe(data)
	if !ok {
		frames[0], n = data, 1
		buf = appendIndex(append(buf[:0], data...))
	} else {
		buf = append(buf[:0], data...)
	}
	for i, frame := range frames[:n] {
		h, err := parseVP9(frame)
		if err == nil {
			err = h.check(cfg)
		}
		if err != nil {
			return buf, false, err
		}
		keyframe = keyframe || i == 0 && h.keyframe
	}
	if n == 0 {
		return buf, false, fmt.Errorf("%w: superframe without frames", ErrCorrupt)
	}
	return buf, keyframe, nil
}

// admitVP8 is admitVP9 for VP8, which has one frame to a packet.
func admitVP8(_, data []byte, cfg media.VideoDecoderConfig) (admitted []byte, keyframe bool, err error) {
	h, err := parseVP8(data)
	if err == nil {
		err = h.check(cfg)
	}
	return data, h.keyframe, err
}
