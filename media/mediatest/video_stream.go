package mediatest

import (
	"bytes"
	"testing"

	"github.com/skulltech/prattle/media"
)

// maxReach is the furthest that a reference may lie back, in frames (P_DIFF of
// RFC 9628 has 7 bits).
const maxReach = 127

// A sender encodes Scene and checks that what the encoder says is consistent.
type sender struct {
	t       *testing.T
	enc     media.VideoEncoder
	layers  int
	n       int
	picture *media.Frame // the one last encoded; its size is the next one's

	frames int // how many the encoder has made
	key    int // number of the latest keyframe
	first  uint16
	layer  map[int]uint8
}

func newSender(t *testing.T, codec media.VideoCodec, cfg media.VideoEncoderConfig) *sender {
	t.Helper()
	enc, err := codec.NewEncoder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { enc.Close() })
	return &sender{t: t, enc: enc, layers: max(cfg.TemporalLayers, 1), picture: media.NewFrame(cfg.Width, cfg.Height), layer: map[int]uint8{}}
}

// next encodes the next picture. The frame's data is the caller's to keep.
func (s *sender) next(order media.EncodeOrder) media.EncodedFrame {
	s.t.Helper()
	Scene(s.n, s.picture)
	f, err := s.enc.Encode(s.picture, order)
	if err != nil {
		s.t.Fatalf("picture %d: %v", s.n, err)
	}
	s.n++
	f.Data = bytes.Clone(f.Data)
	if len(f.Data) > 0 {
		s.check(f)
	}
	return f
}

// check holds a frame's description against those of the frames before it.
func (s *sender) check(f media.EncodedFrame) {
	s.t.Helper()
	number := s.frames
	s.frames++
	if number == 0 {
		s.first = f.ID
	}
	if want := (s.first + uint16(number)) & media.FrameIDMask; f.ID != want {
		s.t.Fatalf("frame %d has ID %d, want %d", number, f.ID, want)
	}
	if int(f.Layer.Temporal) >= s.layers || f.Layer.Spatial != 0 {
		s.t.Errorf("frame %d is of layer %+v of %d temporal ones", number, f.Layer, s.layers)
	}
	s.layer[number] = f.Layer.Temporal
	if f.Keyframe {
		s.key = number
		if f.NumRefs != 0 || f.Layer.Temporal != 0 {
			s.t.Errorf("keyframe %d has %d references and layer %+v", number, f.NumRefs, f.Layer)
		}
		return
	}
	if f.NumRefs < 1 || f.NumRefs > len(f.Refs) {
		s.t.Fatalf("inter frame %d has %d references", number, f.NumRefs)
	}
	for _, back := range f.Refs[:f.NumRefs] {
		ref := number - int(back)
		if back == 0 || back > maxReach || ref < s.key {
			s.t.Errorf("frame %d refers to %d frames back; the latest keyframe is %d", number, back, s.key)
		} else if s.layer[ref] > f.Layer.Temporal {
			s.t.Errorf("frame %d of layer %d refers to frame %d of layer %d", number, f.Layer.Temporal, ref, s.layer[ref])
		}
	}
}

// A receiver decodes the frames that reach it, and knows which of them it can.
type receiver struct {
	t       *testing.T
	dec     media.VideoDecoder
	have    map[uint16]bool // IDs of the frames decoded; short tests never wrap them
	picture media.Frame     // the latest shown
}

func newReceiver(t *testing.T, codec media.VideoCodec) *receiver {
	t.Helper()
	dec, err := codec.NewDecoder(media.VideoDecoderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dec.Close() })
	return &receiver{t: t, dec: dec, have: map[uint16]bool{}}
}

// decodable says whether all that f refers to has been decoded.
func (r *receiver) decodable(f media.EncodedFrame) bool {
	for _, back := range f.Refs[:f.NumRefs] {
		if !r.have[(f.ID-uint16(back))&media.FrameIDMask] {
			return false
		}
	}
	return true
}

// take decodes f, which must be decodable, unless the encoder dropped it.
func (r *receiver) take(f media.EncodedFrame) {
	r.t.Helper()
	if len(f.Data) == 0 {
		return
	}
	if !r.decodable(f) {
		r.t.Fatalf("frame %d lacks a reference", f.ID)
	}
	shown, err := r.dec.Decode(f.Data, &r.picture)
	if err != nil {
		r.t.Fatalf("frame %d: %v", f.ID, err)
	}
	if !shown {
		r.t.Fatalf("frame %d shows nothing", f.ID)
	}
	if r.picture.Width != f.Width || r.picture.Height != f.Height {
		r.t.Fatalf("frame %d is %dx%d, want %dx%d", f.ID, r.picture.Width, r.picture.Height, f.Width, f.Height)
	}
	r.have[f.ID] = true
}

// takeFine takes f and holds the picture against the sender's.
func (r *receiver) takeFine(s *sender, f media.EncodedFrame) {
	r.t.Helper()
	r.take(f)
	if p := PSNR(&r.picture, s.picture); len(f.Data) > 0 && p < fine {
		r.t.Errorf("frame %d (%dx%d): %.1f dB, want at least %d", f.ID, f.Width, f.Height, p, fine)
	}
}
