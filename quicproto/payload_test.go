package quicproto

import (
	"encoding/hex"
	"reflect"
	"testing"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"

	"github.com/skulltech/prattle/media"
)

var payloadGolden = []struct {
	format      string
	frame       media.EncodedFrame
	first, last bool
	hex         string
}{
	{"vp9", media.EncodedFrame{Keyframe: true, ID: 0x1234}, true, false, "b8923400"},
	{"vp9", media.EncodedFrame{ID: 1, Refs: [3]uint8{1}, NumRefs: 1}, true, true, "fc80010002"},
	{"vp9", media.EncodedFrame{ID: 9, Refs: [3]uint8{1, 8}, NumRefs: 2, Layer: media.Layer{Temporal: 1}}, false, true, "f48009200310"},
	{"vp8", media.EncodedFrame{Keyframe: true, ID: 5}, true, false, "90a0800500"},
	{"vp8", media.EncodedFrame{ID: 0x7fff, Layer: media.Layer{Temporal: 2}}, false, true, "80a0ffff80"},
}

func TestPayloadGolden(t *testing.T) {
	for _, g := range payloadGolden {
		f, err := videoFormatByCodec(g.format)
		if err != nil {
			t.Fatal(err)
		}
		b := f.append(nil, &g.frame, g.first, g.last)
		if got := hex.EncodeToString(b); got != g.hex {
			t.Errorf("%s %+v is %s, want %s", g.format, g.frame, got, g.hex)
		}
		d, data, err := f.parse(append(b, 0, 1, 2))
		if err != nil || len(data) != 3 || d.id != g.frame.ID || d.start != g.first || d.layer != g.frame.Layer {
			t.Errorf("%s %s came back as %+v with %d bytes, %v", g.format, g.hex, d, len(data), err)
		}
		if g.format == "vp9" && (d.refs != g.frame.Refs || d.numRefs != g.frame.NumRefs || d.keyframe != g.frame.Keyframe) {
			t.Errorf("vp9 %s came back as %+v", g.hex, d)
		}
	}
}

// Others must be able to read us.
func TestPionReadsOurVP9(t *testing.T) {
	frame := media.EncodedFrame{ID: 300, Refs: [3]uint8{1, 60}, NumRefs: 2, Layer: media.Layer{Temporal: 2}}
	var p codecs.VP9Packet
	data, err := p.Unmarshal(append(appendVP9(nil, &frame, true, false), 7, 8, 9))
	if err != nil {
		t.Fatal(err)
	}
	if !p.I || !p.P || !p.L || !p.F || !p.B || p.E || p.PictureID != 300 || p.TID != 2 ||
		!reflect.DeepEqual(p.PDiff, []uint8{1, 60}) || len(data) != 3 {
		t.Errorf("pion reads %+v and %d bytes", p, len(data))
	}
}

func TestPionReadsOurVP8(t *testing.T) {
	frame := media.EncodedFrame{ID: 300, Layer: media.Layer{Temporal: 1}}
	var p codecs.VP8Packet
	data, err := p.Unmarshal(append(appendVP8(nil, &frame, true, false), 7, 8, 9))
	if err != nil {
		t.Fatal(err)
	}
	if p.S != 1 || p.PictureID != 300 || p.TID != 1 || len(data) != 3 {
		t.Errorf("pion reads %+v and %d bytes", p, len(data))
	}
}

func TestReferencesTravelInAnExtension(t *testing.T) {
	f := media.EncodedFrame{ID: 9, Refs: [3]uint8{4, 100}, NumRefs: 2}
	h := rtp.Header{Version: 2}
	setReferences(&h, &f)
	b, err := h.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	var back rtp.Header
	if _, err := back.Unmarshal(b); err != nil {
		t.Fatal(err)
	}
	d := descriptor{refs: [3]uint8{1}, numRefs: 1}
	readReferences(&back, &d)
	if d.refs != f.Refs || d.numRefs != 2 {
		t.Errorf("references came back as %v", d)
	}
}

func FuzzPayload(f *testing.F) {
	for _, g := range payloadGolden {
		b, err := hex.DecodeString(g.hex)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(append(b, 1, 2, 3))
	}
	f.Add([]byte{0xff, 0x80, 0x01, 0x20, 0x03, 0x03, 0x04, 0xf8, 1, 1, 1, 1, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, format := range videoFormats {
			d, data, err := format.parse(b)
			if err == nil && (len(data) == 0 || d.numRefs > len(d.refs)) {
				t.Fatalf("%s took %x as %+v with %d bytes", format.codec, b, d, len(data))
			}
		}
	})
}
