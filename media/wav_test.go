package media

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

// wavBytes is a file with a 16-bit format chunk and samples.
func wavBytes(channels, rate int, samples ...int16) []byte {
	b := appendWAVHeader(nil, int64(2*len(samples)))
	binary.LittleEndian.PutUint16(b[22:], uint16(channels))
	binary.LittleEndian.PutUint32(b[24:], uint32(rate))
	for _, v := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

// unhex makes bytes of a hex dump.
func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		panic(err)
	}
	return b
}

func TestAppendWAVHeader(t *testing.T) {
	want := unhex(`52494646 2a000000 57415645
		666d7420 10000000 0100 0100 80bb0000 00770100 0200 1000
		64617461 06000000`)
	if got := appendWAVHeader(nil, 6); !bytes.Equal(got, want) {
		t.Errorf("header\n%x, want\n%x", got, want)
	}
	h, err := parseWAV(bytes.NewReader(appendWAVHeader(nil, 1<<40)))
	if err != nil || h.length < math.MaxUint32-100 {
		t.Errorf("header of a file that is too long: %+v (%v)", h, err)
	}
}

func TestParseWAV(t *testing.T) {
	const extensible = `666d7420 28000000 feff 0200 44ac0000 10b10200 0400 1000 1600 1000 03000000
		0100 00000000 1000 8000 00aa 00389b71`
	tests := []struct {
		name, dump string
		want       wavHeader
	}{
		{"extensible", "52494646 ffffffff 57415645" + extensible + "64617461 08000000", wavHeader{2, 44100, 68, 8}},
		{"chunks before", `52494646 00000000 57415645 4c495354 03000000 61626300
			666d7420 12000000 0100 0100 401f0000 803e0000 0200 1000 0000 66616374 04000000 00000000
			64617461 03000000`, wavHeader{1, 8000, 70, 2}},
		{"odd format chunk", `52494646 00000000 57415645 666d7420 11000000 0100 0100 401f0000 803e0000 0200 1000 00 00
			64617461 04000000`, wavHeader{1, 8000, 46, 4}},
		{"not finished", "52494646 00000000 57415645 666d7420 10000000 0100 0200 00770100 00000000 0400 1000 64617461 ffffffff",
			wavHeader{2, 96000, 44, (math.MaxInt64 - 44) &^ 3}},
	}
	for _, tt := range tests {
		if got, err := parseWAV(bytes.NewReader(unhex(tt.dump))); err != nil || got != tt.want {
			t.Errorf("%s: %+v (%v), want %+v", tt.name, got, err, tt.want)
		}
	}
}

func TestParseWAVRefuses(t *testing.T) {
	patched := func(offset int, b ...byte) []byte {
		file := wavBytes(1, 48000, 1, 2, 3)
		copy(file[offset:], b)
		return file
	}
	tests := map[string]struct {
		file []byte
		want string
	}{
		"nothing":         {nil, "not a WAV"},
		"another RIFF":    {patched(8, []byte("AVI ")...), "not a WAV"},
		"no samples":      {patched(36, []byte("LIST")...), "not a WAV"},
		"no format":       {patched(12, []byte("JUNK")...), "before their format"},
		"short format":    {append(patched(0)[:12], "fmt \x04\x00\x00\x00abcd"...), "not a WAV"},
		"float":           {patched(20, 3), "try ffmpeg"},
		"mu-law":          {patched(20, 7), "try ffmpeg"},
		"8 bits":          {patched(34, 8), "try ffmpeg"},
		"six channels":    {patched(22, 6), "6 channels"},
		"no channel":      {patched(22, 0), "0 channels"},
		"no rate":         {patched(24, 0, 0, 0, 0), "0 Hz"},
		"192 kHz":         {patched(24, 0, 0xee, 2), "192000 Hz"},
		"endless chunks":  {append(patched(0)[:12], bytes.Repeat([]byte("JUNK\x00\x00\x00\x00"), 5000)...), "not a WAV"},
		"chunk too long":  {append(patched(0)[:12], "JUNK\xff\xff\xff\xff"...), "not a WAV"},
		"extensible, cut": {patched(20, 0xfe, 0xff), "try ffmpeg"},
	}
	for name, tt := range tests {
		if _, err := parseWAV(bytes.NewReader(tt.file)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

func TestWAVReaderLoops(t *testing.T) {
	tests := []struct {
		name string
		file []byte
		want []int16
	}{
		{"mono", wavBytes(1, 48000, 1, -2, 3), []int16{1, -2, 3, 1, -2, 3, 1, -2}},
		{"stereo is mixed", wavBytes(2, 48000, 10, 20, -32768, -32768, 32767, 32767), []int16{15, -32768, 32767, 15, -32768, 32767, 15, -32768}},
		{"trailing chunk", append(wavBytes(1, 48000, 1, 2), "LIST\x04\x00\x00\x00abcd"...), []int16{1, 2, 1, 2, 1, 2, 1, 2}},
		{"cut off", append(wavBytes(1, 48000, 1, 2, 3)[:49], 0), []int16{1, 2, 3, 1, 2, 3, 1, 2}},
		{"cut off in a frame", wavBytes(2, 48000, 4, 4, 6, 6)[:51], []int16{4, 4, 4, 4, 4, 4, 4, 4}},
	}
	for _, tt := range tests {
		w, err := newWAVReader(bytes.NewReader(tt.file))
		if err != nil {
			t.Fatal(err)
		}
		got := make([]int16, 8)
		if err := w.read(got[:3]); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err := w.read(got[3:]); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		for i := range got {
			if got[i] != tt.want[i] {
				t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
				break
			}
		}
	}
	w, err := newWAVReader(bytes.NewReader(wavBytes(2, 48000)))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.read(make([]int16, 1)); !errors.Is(err, errBadWAV) {
		t.Errorf("no sound: %v, want %v", err, errBadWAV)
	}
}

func FuzzWAV(f *testing.F) {
	f.Add(wavBytes(1, 48000, 1, 2, 3))
	f.Add(wavBytes(2, 44100, 1, 2, 3, 4))
	f.Add(append(wavBytes(1, 8000, 1)[:12], "JUNK\x01\x00\x00\x00x\x00"...))
	f.Add(unhex("52494646 ffffffff 57415645 666d7420 28000000 feff 0200 44ac0000 10b10200 0400 1000 1600 1000 03000000 0100 00000000 1000 8000 00aa 00389b71 64617461 00000000 1234"))
	f.Fuzz(func(t *testing.T, file []byte) {
		w, err := newWAVReader(bytes.NewReader(file))
		if err != nil {
			return
		}
		var source samples = w
		if w.rate() != SampleRate {
			source = newResampler(w, w.rate())
		}
		block := make([]int16, 480)
		for range 3 {
			if err := source.read(block); err != nil && !errors.Is(err, errBadWAV) && err != io.EOF {
				t.Fatalf("read: %v", err)
			}
		}
	})
}
