package mediatest

import (
	"math/rand/v2"
	"testing"

	"github.com/skulltech/prattle/media"
)

// Each test here has two receivers: whole gets every frame, and lossy only some
// of them, of which it decodes those that their references allow. If the
// references are told truly, the two show the same picture to the bit.

// takeSame has lossy take f, which whole has taken.
func takeSame(s *sender, whole, lossy *receiver, f media.EncodedFrame) {
	s.t.Helper()
	lossy.takeFine(s, f)
	if len(f.Data) > 0 && !sameAs(&whole.picture, &lossy.picture) {
		s.t.Errorf("frame %d differs from the one decoded without loss by %.1f dB", f.ID, PSNR(&whole.picture, &lossy.picture))
	}
}

func testTemporalLayers(t *testing.T, codec media.VideoCodec) {
	for layers := 1; layers <= 3; layers++ {
		for upTo := range layers {
			cfg := videoConfig(160, 96)
			cfg.TemporalLayers = layers
			s, whole, lossy := newSender(t, codec, cfg), newReceiver(t, codec), newReceiver(t, codec)
			for n := range 36 {
				f := s.next(media.EncodeOrder{Keyframe: n == 13, MarkLongTerm: n == 18, Recover: n == 25})
				whole.takeFine(s, f)
				if int(f.Layer.Temporal) <= upTo {
					takeSame(s, whole, lossy, f)
				}
			}
		}
	}
}

// testLoss loses frames at random, and has the sender learn of it a little later.
func testLoss(t *testing.T, codec media.VideoCodec) {
	for layers := 1; layers <= 3; layers++ {
		seed := rand.Uint64()
		rng := rand.New(rand.NewPCG(seed, 0))
		cfg := videoConfig(160, 96)
		cfg.TemporalLayers = layers
		s, whole, lossy := newSender(t, codec, cfg), newReceiver(t, codec), newReceiver(t, codec)

		const delay = 4 // pictures until the sender hears
		var confirmed []uint16
		stalled, decoded := 0, 0
		for n := range 150 {
			order := media.EncodeOrder{MarkLongTerm: n%11 == 0, Bitrate: media.Bitrate(400+rng.IntN(900)) * media.Kbps}
			if stalled > delay && len(confirmed) > 0 {
				order.Recover, order.Confirmed = true, confirmed
			} else if stalled > delay {
				order.Keyframe = true
			}
			f := s.next(order)
			whole.takeFine(s, f)
			received := rng.Float64() > 0.12
			switch {
			case len(f.Data) == 0:
			case received && lossy.decodable(f):
				takeSame(s, whole, lossy, f)
				decoded++
				if f.Layer.Temporal == 0 {
					stalled = 0
				}
				if order.MarkLongTerm || f.Keyframe {
					confirmed = append(confirmed, f.ID)
				}
			case received && (order.Recover || order.Keyframe):
				t.Errorf("frame %d was to repair the loss and cannot be decoded", f.ID)
			default:
				stalled++
			}
		}
		if decoded < 50 {
			t.Errorf("only %d of 150 frames were decoded", decoded)
		}
		if t.Failed() {
			t.Fatalf("seed %d, %d layers", seed, layers)
		}
	}
}

func testRecover(t *testing.T, codec media.VideoCodec) {
	for layers := 1; layers <= 3; layers++ {
		cfg := videoConfig(160, 96)
		cfg.TemporalLayers = layers
		s, whole, lossy := newSender(t, codec, cfg), newReceiver(t, codec), newReceiver(t, codec)
		for n := range 120 {
			lost := n >= 20 && n < 26 || n >= 80 && n < 110
			f := s.next(media.EncodeOrder{MarkLongTerm: n == 15 || n == 60, Recover: n == 26 || n == 110})
			whole.takeFine(s, f)
			if !lost {
				takeSame(s, whole, lossy, f)
			}
		}
	}
}

// testRecoverUnconfirmed loses the latest mark and has the encoder go by an
// older one that the receiver has.
func testRecoverUnconfirmed(t *testing.T, codec media.VideoCodec) {
	s, whole, lossy := newSender(t, codec, videoConfig(160, 96)), newReceiver(t, codec), newReceiver(t, codec)
	var confirmed []uint16
	for n := range 40 {
		lost := n >= 20 && n < 26
		order := media.EncodeOrder{MarkLongTerm: n == 10 || n == 22, Recover: n == 26}
		if order.Recover {
			order.Confirmed = confirmed
		}
		f := s.next(order)
		if n == 10 {
			confirmed = append(confirmed, f.ID)
		}
		whole.takeFine(s, f)
		if !lost {
			takeSame(s, whole, lossy, f)
		}
	}
	// None of the marks that exist: only a keyframe helps.
	if f := s.next(media.EncodeOrder{Recover: true, Confirmed: []uint16{0x7000}}); !f.Keyframe {
		t.Error("recovery without a confirmed mark is no keyframe")
	}
}

// testRecoverTooLate asks for a reference further back than one can be named.
func testRecoverTooLate(t *testing.T, codec media.VideoCodec) {
	s, r := newSender(t, codec, videoConfig(64, 48)), newReceiver(t, codec)
	for range 5 {
		r.take(s.next(media.EncodeOrder{MarkLongTerm: true}))
	}
	for range maxReach {
		s.next(media.EncodeOrder{})
	}
	f := s.next(media.EncodeOrder{Recover: true})
	if !f.Keyframe {
		t.Error("recovery from a mark too far back is no keyframe")
	}
	r.takeFine(s, f)
	r.takeFine(s, s.next(media.EncodeOrder{}))
}

func testRecoverAtOtherSize(t *testing.T, codec media.VideoCodec) {
	for _, size := range [][2]int{{160, 90}, {320, 180}, {240, 136}, {100, 60}} {
		s, whole, lossy := newSender(t, codec, videoConfig(320, 180)), newReceiver(t, codec), newReceiver(t, codec)
		for n := range 30 {
			if n == 8 {
				s.picture = media.NewFrame(size[0], size[1])
			}
			lost := n >= 10 && n < 15
			f := s.next(media.EncodeOrder{MarkLongTerm: n == 5, Recover: n == 15})
			whole.takeFine(s, f)
			if !lost {
				takeSame(s, whole, lossy, f)
			}
		}
	}
}
