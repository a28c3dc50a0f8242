package vpx

import (
	"math/rand/v2"
	"testing"

	"github.com/skulltech/prattle/media"
)

// run plans and makes frames of one size, and gives back the last.
func run(r *references, n int, order media.EncodeOrder) (f media.EncodedFrame) {
	for range n {
		p := r.plan(order, 640, 360)
		f = r.encoded(p, p.keyframe)
	}
	return f
}

func vp9References(layers int) references {
	return references{layers: layers, scales: true, longTerm: []buffer{2, 3, 4, 5, 6, 7}}
}

func TestReferencesPatterns(t *testing.T) {
	type frame struct{ layer, back uint8 }
	for layers, want := range map[int][]frame{
		1: {{0, 0}, {0, 1}, {0, 1}, {0, 1}},
		2: {{0, 0}, {1, 1}, {0, 2}, {1, 1}, {0, 2}},
		3: {{0, 0}, {2, 1}, {1, 2}, {2, 1}, {0, 4}, {2, 1}, {1, 2}, {2, 1}, {0, 4}},
	} {
		r := vp9References(layers)
		for i, w := range want {
			f := run(&r, 1, media.EncodeOrder{})
			if f.Keyframe != (i == 0) || f.Layer.Temporal != w.layer || f.Refs[0] != w.back {
				t.Errorf("%d layers, frame %d: keyframe %v, layer %d, %d back; want layer %d, %d back",
					layers, i, f.Keyframe, f.Layer.Temporal, f.Refs[0], w.layer, w.back)
			}
		}
	}
}

func TestReferencesDroppedFrameIsTriedAgain(t *testing.T) {
	r := vp9References(3)
	run(&r, 2, media.EncodeOrder{})
	for range 3 { // planned, and dropped by the rate control
		if p := r.plan(media.EncodeOrder{}, 640, 360); p.layer != 1 {
			t.Fatalf("layer %d, want 1", p.layer)
		}
	}
	if f := run(&r, 1, media.EncodeOrder{}); f.ID != 2 || f.Layer.Temporal != 1 || f.Refs[0] != 2 {
		t.Errorf("frame %+v, want ID 2 of layer 1, 2 back", f)
	}
}

func TestReferencesMarks(t *testing.T) {
	r := vp9References(1)
	var ids []uint16
	for range 8 { // more than there are buffers for; the keyframe has taken the first
		run(&r, 4, media.EncodeOrder{})
		ids = append(ids, run(&r, 1, media.EncodeOrder{MarkLongTerm: true}).ID)
	}
	for i, id := range ids {
		c := r
		f := run(&c, 1, media.EncodeOrder{Recover: true, Confirmed: []uint16{id}})
		if held := i >= 2; held == f.Keyframe {
			t.Errorf("mark %d of 8: recovery is keyframe %v", i, f.Keyframe)
		} else if held && f.ID-uint16(f.Refs[0]) != id {
			t.Errorf("recovery goes %d back from %d, want %d", f.Refs[0], f.ID, id)
		}
	}
	if f := run(&r, 1, media.EncodeOrder{Recover: true, Confirmed: ids[:5]}); f.ID-uint16(f.Refs[0]) != ids[4] {
		t.Errorf("recovery goes %d back from %d, want the latest confirmed, %d", f.Refs[0], f.ID, ids[4])
	}
	if f := run(&r, 1, media.EncodeOrder{Recover: true}); f.ID-uint16(f.Refs[0]) != ids[7] {
		t.Errorf("recovery goes %d back from %d, want the latest mark, %d", f.Refs[0], f.ID, ids[7])
	}
}

func TestReferencesMarkIsOfLayer0(t *testing.T) {
	r := vp9References(3)
	run(&r, 3, media.EncodeOrder{})
	f := run(&r, 1, media.EncodeOrder{MarkLongTerm: true})
	if f.Layer.Temporal != 0 || f.Refs[0] != 3 {
		t.Errorf("marked frame is of layer %d and %d back, want 0 and 3", f.Layer.Temporal, f.Refs[0])
	}
	if f = run(&r, 1, media.EncodeOrder{}); f.Layer.Temporal != 2 || f.Refs[0] != 1 {
		t.Errorf("the frame after it is of layer %d and %d back, want 2 and 1: the pattern starts anew", f.Layer.Temporal, f.Refs[0])
	}
}

func TestReferencesRecoverStaysUntilDone(t *testing.T) {
	r := vp9References(1)
	run(&r, 10, media.EncodeOrder{})
	for i, order := range []media.EncodeOrder{{Recover: true, Confirmed: []uint16{0}}, {}, {}} {
		if p := r.plan(order, 640, 360); p.from != 2 {
			t.Fatalf("try %d is predicted from buffer %d, want 2", i, p.from)
		}
	}
	if f := run(&r, 1, media.EncodeOrder{}); f.Refs[0] != 10 {
		t.Errorf("recovery goes %d back, want 10", f.Refs[0])
	}
	if f := run(&r, 1, media.EncodeOrder{}); f.Refs[0] != 1 {
		t.Errorf("the frame after it goes %d back, want 1", f.Refs[0])
	}
}

func TestReferencesAge(t *testing.T) {
	for _, c := range []struct {
		between  int
		keyframe bool
	}{{maxAge - 1, false}, {maxAge, true}, {media.FrameIDMask, true}, {media.FrameIDMask + 3, true}} {
		r := vp9References(1)
		run(&r, 1, media.EncodeOrder{})
		run(&r, c.between, media.EncodeOrder{})
		f := run(&r, 1, media.EncodeOrder{Recover: true})
		if f.Keyframe != c.keyframe {
			t.Errorf("recovery %d frames after the mark: keyframe %v, want %v", c.between+1, f.Keyframe, c.keyframe)
		}
	}
}

func TestReferencesIDsWrap(t *testing.T) {
	r := vp9References(1)
	run(&r, media.FrameIDMask, media.EncodeOrder{})
	mark := run(&r, 1, media.EncodeOrder{MarkLongTerm: true})
	if mark.ID != media.FrameIDMask {
		t.Fatalf("ID %d, want %d", mark.ID, media.FrameIDMask)
	}
	if f := run(&r, 3, media.EncodeOrder{}); f.ID != 2 {
		t.Errorf("ID %d, want 2", f.ID)
	}
	if f := run(&r, 1, media.EncodeOrder{Recover: true, Confirmed: []uint16{mark.ID}}); f.Keyframe || f.Refs[0] != 4 {
		t.Errorf("recovery across the wrap: keyframe %v, %d back; want 4 back", f.Keyframe, f.Refs[0])
	}
}

func TestReferencesSizes(t *testing.T) {
	for _, c := range []struct {
		scales     bool
		fromW, toW int
		keyframe   bool
	}{
		{true, 1280, 640, false}, {true, 1280, 638, true}, {true, 80, 1280, false}, {true, 78, 1280, true},
		{false, 1280, 640, true}, {false, 1280, 1280, false},
	} {
		r := references{layers: 1, scales: c.scales, longTerm: []buffer{1, 2}}
		p := r.plan(media.EncodeOrder{}, c.fromW, c.fromW)
		r.encoded(p, p.keyframe)
		if p = r.plan(media.EncodeOrder{}, c.toW, c.toW); p.keyframe != c.keyframe {
			t.Errorf("scales %v, from %d to %d: keyframe %v, want %v", c.scales, c.fromW, c.toW, p.keyframe, c.keyframe)
		}
	}
}

// TestReferencesMatchADecoder drives a model of a decoder's buffers by random
// orders: each buffer that a frame is predicted from must hold the frame that
// its description names.
func TestReferencesMatchADecoder(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	for layers := 1; layers <= 3; layers++ {
		for _, r := range []references{
			vp9References(layers),
			{layers: layers, longTerm: []buffer{1, 2}[layers/3:]},
		} {
			var holds [maxBuffers]uint16
			var ids []uint16
			w, h := 640, 360
			for n := range 3000 {
				order := media.EncodeOrder{
					Keyframe:     rng.IntN(100) == 0,
					Recover:      rng.IntN(15) == 0,
					MarkLongTerm: rng.IntN(8) == 0,
				}
				if len(ids) > 0 && rng.IntN(2) == 0 {
					order.Confirmed = ids[max(0, len(ids)-1-rng.IntN(10)):]
				}
				if rng.IntN(30) == 0 {
					w, h = 160<<rng.IntN(4), 90<<rng.IntN(4)
				}
				p := r.plan(order, w, h)
				if rng.IntN(10) == 0 {
					continue // dropped
				}
				f := r.encoded(p, p.keyframe || rng.IntN(300) == 0)
				if f.Keyframe {
					for b := range holds {
						holds[b] = f.ID
					}
				} else if got := (f.ID - uint16(f.Refs[0])) & media.FrameIDMask; got != holds[p.from] || f.NumRefs != 1 {
					t.Fatalf("seed %d, %d layers, picture %d: frame %d says it is predicted from %d, buffer %d holds %d",
						seed, layers, n, f.ID, got, p.from, holds[p.from])
				}
				for b := range holds {
					if p.to>>b&1 != 0 {
						holds[b] = f.ID
					}
				}
				if order.MarkLongTerm {
					ids = append(ids, f.ID)
				}
			}
		}
	}
}

func TestFloor(t *testing.T) {
	var f floor
	if f.quantizer() != minQuantizer {
		t.Errorf("no floor: %d, want %d", f.quantizer(), minQuantizer)
	}
	f.keyframe(50)
	want := []int{42, 40, 34, 28, 26}
	sizes := []int{1000, 100, 499, 500}
	for i, size := range append(sizes, 0) {
		if f.quantizer() != want[i] {
			t.Errorf("frame %d after the keyframe: %d, want %d", i, f.quantizer(), want[i])
		}
		f.frame(size, 1000)
	}
	for range 40 {
		f.frame(1000, 1000)
	}
	if f.quantizer() != minQuantizer {
		t.Errorf("at the end: %d, want %d", f.quantizer(), minQuantizer)
	}
	f.grown(20, 100, 400)
	if f.quantizer() != 20+2*floorDoubling {
		t.Errorf("after growth: %d, want %d", f.quantizer(), 20+2*floorDoubling)
	}
	f.grown(60, 1, 1<<20)
	if f.quantizer() != maxQuantizer {
		t.Errorf("after huge growth: %d, want %d", f.quantizer(), maxQuantizer)
	}
	f = floor{}
	f.grown(20, 400, 100)
	if f.quantizer() != minQuantizer {
		t.Errorf("after shrinking: %d, want %d", f.quantizer(), minQuantizer)
	}
}
