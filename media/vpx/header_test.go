package vpx

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/skulltech/prattle/media"
)

// headers are beginnings of frames; those of VP9 are written bit by bit.
func vp9Bits(fields ...[2]int) []byte {
	var out []byte
	n := 0
	for _, f := range fields { // {width in bits, value}
		for i := f[0] - 1; i >= 0; i-- {
			if n%8 == 0 {
				out = append(out, 0)
			}
			out[n/8] |= byte(f[1]>>i&1) << (7 - n%8)
			n++
		}
	}
	return append(out, 0, 0)
}

var (
	frameStart = [][2]int{{2, 2}, {2, 0}, {1, 0}} // marker, profile, no show_existing_frame
	syncCode   = [2]int{24, 0x498342}
)

func vp9Key(w, h int) []byte {
	return vp9Bits(append(frameStart, [2]int{1, 0}, [2]int{1, 1}, [2]int{1, 1}, syncCode, [2]int{3, 1}, [2]int{1, 0},
		[2]int{16, w - 1}, [2]int{16, h - 1})...)
}

func vp9Inter(refresh int, refs [3]int, found int, w, h int) []byte {
	fields := append(frameStart, [2]int{1, 1}, [2]int{1, 1}, [2]int{1, 1}, [2]int{8, refresh})
	for _, r := range refs {
		fields = append(fields, [2]int{3, r}, [2]int{1, 0})
	}
	for i := range 3 {
		if i == found {
			return vp9Bits(append(fields, [2]int{1, 1})...)
		}
		fields = append(fields, [2]int{1, 0})
	}
	return vp9Bits(append(fields, [2]int{16, w - 1}, [2]int{16, h - 1})...)
}

func TestParseVP9(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		want header
		err  error
	}{
		{name: "keyframe", data: vp9Key(1280, 720), want: header{keyframe: true, intra: true, width: 1280, height: 720, refresh: 0xff}},
		{name: "largest side", data: vp9Key(65536, 1), want: header{keyframe: true, intra: true, width: 65536, height: 1, refresh: 0xff}},
		{name: "inter, size of the second reference", data: vp9Inter(0x05, [3]int{0, 3, 7}, 1, 0, 0), want: header{refresh: 5, refs: [3]uint8{0, 3, 7}}},
		{name: "inter, own size", data: vp9Inter(1, [3]int{2, 2, 2}, 3, 640, 360), want: header{width: 640, height: 360, refresh: 1, refs: [3]uint8{2, 2, 2}}},
		{
			name: "intra only",
			data: vp9Bits(append(frameStart, [2]int{1, 1}, [2]int{1, 0}, [2]int{1, 0}, [2]int{1, 1}, [2]int{2, 3}, syncCode,
				[2]int{8, 9}, [2]int{16, 99}, [2]int{16, 49})...),
			want: header{intra: true, width: 100, height: 50, refresh: 9},
		},
		{name: "shows an existing frame", data: vp9Bits([2]int{2, 2}, [2]int{2, 0}, [2]int{1, 1}, [2]int{3, 5})},
		{name: "no marker", data: []byte{0x40, 0, 0}, err: ErrCorrupt},
		{name: "empty", err: ErrCorrupt},
		{name: "cut off", data: vp9Key(1280, 720)[:7], err: ErrCorrupt},
		{name: "no sync code", data: vp9Bits(append(frameStart, [2]int{3, 3}, [2]int{24, 1}, [2]int{40, 0})...), err: ErrCorrupt},
		{name: "profile 1", data: vp9Bits([2]int{2, 2}, [2]int{2, 2}, [2]int{28, 0}), err: ErrUnsupported},
		{name: "profile 2", data: vp9Bits([2]int{2, 2}, [2]int{2, 1}, [2]int{28, 0}), err: ErrUnsupported},
		{name: "sRGB", data: vp9Bits(append(frameStart, [2]int{1, 0}, [2]int{2, 3}, syncCode, [2]int{3, 7}, [2]int{40, 0})...), err: ErrUnsupported},
	} {
		got, err := parseVP9(c.data)
		if !errors.Is(err, c.err) || (err != nil) != (c.err != nil) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.err)
		} else if err == nil && got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestParseVP8(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       header
		err        error
	}{
		{name: "keyframe", data: "100000 9d012a 0005 d002", want: header{keyframe: true, intra: true, width: 1280, height: 720}},
		{name: "scaled keyframe", data: "100000 9d012a 0045 d082", want: header{keyframe: true, intra: true, width: 1280, height: 720}},
		{name: "inter", data: "110000"},
		{name: "no start code", data: "100000 9d012b 0005 d002", err: ErrCorrupt},
		{name: "cut off", data: "100000 9d012a 0005 d0", err: ErrCorrupt},
		{name: "no width", data: "100000 9d012a 0040 d002", err: ErrCorrupt},
		{name: "short", data: "1100", err: ErrCorrupt},
		{name: "empty", err: ErrCorrupt},
	} {
		data, err := hex.DecodeString(string(bytes.ReplaceAll([]byte(c.data), []byte(" "), nil)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseVP8(data)
		if !errors.Is(err, c.err) || (err != nil) != (c.err != nil) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.err)
		} else if err == nil && got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestSuperframe(t *testing.T) {
	a, b := []byte{0x82, 1, 2, 3}, []byte{0x86, 9}
	whole := append(bytes.Clone(a), b...)
	whole = append(whole, 0xc9, 4, 0, 2, 0, 0xc9) // two frames, sizes of two bytes
	frames, n, ok := superframe(whole)
	if !ok || n != 2 || !bytes.Equal(frames[0], a) || !bytes.Equal(frames[1], b) {
		t.Errorf("superframe gives %v, %d, %v", frames[:n], n, ok)
	}
	if _, _, ok := superframe(a); ok {
		t.Error("a frame without index passes for a superframe")
	}
	long := append(bytes.Clone(a), 0xc0, 200, 0xc0) // the index claims more than there is
	if _, n, ok := superframe(long); !ok || n != 0 {
		t.Errorf("index beyond the end: %d frames, %v", n, ok)
	}
	frames, n, ok = superframe(appendIndex(bytes.Clone(a)))
	if !ok || n != 1 || !bytes.Equal(frames[0], a) {
		t.Errorf("appended index gives %v, %d, %v", frames[:n], n, ok)
	}
}

func TestAdmitRefusesLargePictures(t *testing.T) {
	index := func(frames ...[]byte) []byte {
		var data []byte
		sizes := []byte{0xc8 | byte(len(frames)-1)}
		for _, f := range frames {
			data = append(data, f...)
			sizes = append(sizes, byte(len(f)), byte(len(f)>>8))
		}
		return append(append(data, sizes...), sizes[0])
	}
	small, large := vp9Key(64, 64), vp9Key(8192, 8192)
	for name, data := range map[string][]byte{
		"keyframe":             large,
		"inter frame":          vp9Inter(1, [3]int{0, 0, 0}, 3, 65536, 65536),
		"second of superframe": index(small, large),
	} {
		if _, _, err := admitVP9(nil, data, media.VideoDecoderConfig{}); !errors.Is(err, ErrTooLarge) {
			t.Errorf("VP9 %s: %v, want ErrTooLarge", name, err)
		}
	}
	if _, _, err := admitVP8(nil, []byte{0x10, 0, 0, 0x9d, 1, 0x2a, 0xff, 0x3f, 0xff, 0x3f}, media.VideoDecoderConfig{}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("VP8 keyframe: %v, want ErrTooLarge", err)
	}
	agreed := media.VideoDecoderConfig{MaxPixels: 640 * 360}
	for name, data := range map[string][]byte{
		"more than agreed": vp9Key(642, 360),
		"long and thin":    vp9Key(4098, 16),
		"no inter frame":   vp9Inter(1, [3]int{0, 0, 0}, 3, 642, 360),
	} {
		if _, _, err := admitVP9(nil, data, agreed); !errors.Is(err, ErrTooLarge) {
			t.Errorf("VP9 %s: %v, want ErrTooLarge", name, err)
		}
	}
	if _, _, err := admitVP9(nil, vp9Key(640, 360), agreed); err != nil {
		t.Errorf("VP9 as agreed: %v", err)
	}
	if _, keyframe, err := admitVP9(nil, index(small, vp9Inter(1, [3]int{}, 0, 0, 0)), media.VideoDecoderConfig{}); err != nil || !keyframe {
		t.Errorf("good superframe: keyframe %v, %v", keyframe, err)
	}
}

func FuzzAdmit(f *testing.F) {
	f.Add(vp9Key(64, 64))
	f.Add(vp9Inter(1, [3]int{1, 2, 3}, 3, 64, 64))
	f.Add(appendIndex(vp9Key(64, 64)))
	f.Add([]byte{0x10, 0, 0, 0x9d, 1, 0x2a, 64, 0, 64, 0})
	var buf []byte
	f.Fuzz(func(t *testing.T, data []byte) {
		admitted, _, err := admitVP9(buf, data, media.VideoDecoderConfig{})
		if buf = admitted; err == nil {
			frames, n, ok := superframe(admitted)
			if !ok || n == 0 {
				t.Fatalf("admitted without an index: %x", admitted)
			}
			for _, frame := range frames[:n] {
				if h, err := parseVP9(frame); err != nil || h.check(media.VideoDecoderConfig{}) != nil {
					t.Fatalf("admitted %+v, %v", h, err)
				}
			}
		}
		if same, _, err := admitVP8(nil, data, media.VideoDecoderConfig{}); err == nil && !bytes.Equal(same, data) {
			t.Fatal("VP8 frame changed")
		}
	})
}
