package media

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// The WAVE format is a RIFF container: "RIFF", a length, "WAVE", then chunks of a
// four-letter name, a length and as many bytes, padded to an even number. "fmt "
// says what "data" holds. All numbers are little-endian.
const (
	wavPCM        = 1
	wavExtensible = 0xfffe // the true format is in the first bytes of a GUID
	wavHeaderSize = 44     // of the files written here
	wavMaxChunks  = 1000   // before "data"; more is no sound file
)

var errBadWAV = errors.New("not a WAV file")

// wavHeader says where the samples of a file are and how they were taken.
type wavHeader struct {
	channels int
	rate     int   // in Hz
	start    int64 // of the samples in the file, in bytes
	length   int64 // of the samples, in bytes; at most, for the file may be cut off
}

// parseWAV reads the chunks of r up to its samples.
func parseWAV(r io.ReadSeeker) (h wavHeader, err error) {
	var riff [12]byte
	if _, err := io.ReadFull(r, riff[:]); err != nil || string(riff[:4]) != "RIFF" || string(riff[8:]) != "WAVE" {
		return h, errBadWAV
	}
	for range wavMaxChunks {
		var chunk [8]byte
		if _, err := io.ReadFull(r, chunk[:]); err != nil {
			return h, errBadWAV
		}
		size := int64(binary.LittleEndian.Uint32(chunk[4:]))
		rest := size + size&1 // with the padding
		switch string(chunk[:4]) {
		case "fmt ":
			if h.channels, h.rate, err = parseWAVFormat(io.LimitReader(r, size)); err != nil {
				return h, err
			}
			rest -= min(size, wavFormatSize)
		case "data":
			return h.withData(r, size)
		}
		if _, err := r.Seek(rest, io.SeekCurrent); err != nil {
			return h, fmt.Errorf("%w: %w", errBadWAV, err)
		}
	}
	return h, errBadWAV
}

// wavFormatSize is how much of the format chunk is read, in bytes, if there is as much.
const wavFormatSize = 40

// parseWAVFormat reads a format chunk and accepts 16-bit PCM only.
func parseWAVFormat(r io.Reader) (channels, rate int, err error) {
	var b [wavFormatSize]byte
	n, _ := io.ReadFull(r, b[:])
	if n < 16 {
		return 0, 0, errBadWAV
	}
	format, bits := binary.LittleEndian.Uint16(b[0:]), binary.LittleEndian.Uint16(b[14:])
	if format == wavExtensible && n == wavFormatSize {
		format = binary.LittleEndian.Uint16(b[24:])
	}
	channels, rate = int(binary.LittleEndian.Uint16(b[2:])), int(binary.LittleEndian.Uint32(b[4:]))
	switch {
	case format != wavPCM || bits != 16:
		return 0, 0, fmt.Errorf("WAV format %d with %d bits is not supported (try ffmpeg -c:a pcm_s16le)", format, bits)
	case channels != 1 && channels != 2:
		return 0, 0, fmt.Errorf("WAV with %d channels is not supported (try ffmpeg -ac 1)", channels)
	case rate < 8000 || rate > 96000:
		return 0, 0, fmt.Errorf("WAV of %d Hz is not supported (8000 to 96000)", rate)
	}
	return channels, rate, nil
}

// withData completes h with the place of the samples, before which r stands. A
// size of none or of all ones is that of a recording that was not finished.
func (h wavHeader) withData(r io.Seeker, size int64) (wavHeader, error) {
	if h.channels == 0 {
		return h, fmt.Errorf("%w: samples before their format", errBadWAV)
	}
	var err error
	h.start, err = r.Seek(0, io.SeekCurrent)
	if h.length = size; size == 0 || size == math.MaxUint32 {
		h.length = math.MaxInt64 - h.start
	}
	h.length -= h.length % int64(2*h.channels)
	return h, err
}

// appendWAVHeader appends the header of a mono file at SampleRate with a number of
// bytes of samples. What does not fit in 32 bits is not announced.
func appendWAVHeader(b []byte, length int64) []byte {
	const fmtSize, bytesPerSample = 16, 2
	size := uint32(min(length, math.MaxUint32-wavHeaderSize))
	b = append(b, "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, size+wavHeaderSize-8)
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, fmtSize)
	b = binary.LittleEndian.AppendUint16(b, wavPCM)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint32(b, SampleRate)
	b = binary.LittleEndian.AppendUint32(b, SampleRate*bytesPerSample)
	b = binary.LittleEndian.AppendUint16(b, bytesPerSample)
	b = binary.LittleEndian.AppendUint16(b, 8*bytesPerSample)
	b = append(b, "data"...)
	return binary.LittleEndian.AppendUint32(b, size)
}

// A wavReader gives the samples of a file as mono, over and over.
type wavReader struct {
	header wavHeader
	r      io.ReadSeeker
	left   int64 // bytes until the end
	buf    []byte
	ready  []byte // what was read into buf and not yet used
}

func newWAVReader(r io.ReadSeeker) (*wavReader, error) {
	h, err := parseWAV(r)
	if err != nil {
		return nil, err
	}
	return &wavReader{header: h, r: r, left: h.length, buf: make([]byte, 8192)}, nil
}

// rate is that of the samples, in Hz.
func (w *wavReader) rate() int { return w.header.rate }

// read fills all of dst, beginning anew after the end.
func (w *wavReader) read(dst []int16) error {
	frame := 2 * w.header.channels
	for i := range dst {
		if len(w.ready) < frame {
			if err := w.refill(); err != nil {
				return err
			}
		}
		v := int(int16(binary.LittleEndian.Uint16(w.ready)))
		if frame == 4 {
			v = (v + int(int16(binary.LittleEndian.Uint16(w.ready[2:])))) / 2
		}
		dst[i], w.ready = int16(v), w.ready[frame:]
	}
	return nil
}

// refill reads at least one frame of samples. What is left over of a file that
// was cut off within a frame is dropped.
func (w *wavReader) refill() error {
	frame := 2 * w.header.channels
	for range 2 {
		n, err := io.ReadFull(w.r, w.buf[:min(w.left, int64(len(w.buf)))])
		if w.left -= int64(n); n >= frame {
			w.ready = w.buf[:n]
			return nil
		}
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return err
		}
		if _, err := w.r.Seek(w.header.start, io.SeekStart); err != nil {
			return err
		}
		w.left = w.header.length
	}
	return fmt.Errorf("%w: no sound in it", errBadWAV)
}
