package quicproto

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

// frameOf makes a frame whose bytes tell its ID.
func frameOf(id uint16, size int) media.EncodedFrame {
	return media.EncodedFrame{
		Codec: "vp9", ID: id, Keyframe: id == 0, NumRefs: 1, Refs: [3]uint8{1},
		Timestamp: uint32(id) * 3000, Data: bytes.Repeat([]byte{byte(id)}, size),
	}
}

// packetsOf sends frames and returns the RTP packets that leave.
func packetsOf(t *testing.T, s *Session, frames ...media.EncodedFrame) [][]byte {
	t.Helper()
	now := time.Unix(1, 0)
	var packets [][]byte
	for _, f := range frames {
		if err := s.SendVideo(now, &f); err != nil {
			t.Fatal(err)
		}
		for range 10000 {
			if b := s.Pop(now); b != nil {
				packets = append(packets, bytes.Clone(b))
			}
			now = now.Add(100 * time.Microsecond)
		}
	}
	return packets
}

func TestFramesAreAssembledInAnyOrder(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 0))
		var frames []media.EncodedFrame
		for id := range uint16(10) {
			frames = append(frames, frameOf(id, 1+rng.IntN(20000)))
		}
		packets := packetsOf(t, NewSession(SessionConfig{}), frames...)
		rng.Shuffle(len(packets), func(i, j int) { packets[i], packets[j] = packets[j], packets[i] })
		receiver := NewSession(SessionConfig{})
		got := make(map[uint16]media.EncodedFrame)
		for _, b := range packets {
			for range 1 + rng.IntN(2) { // some of them twice
				receiver.HandleDatagram(time.Unix(2, 0), b)
			}
			for f, ok := receiver.PopFrame(); ok; f, ok = receiver.PopFrame() {
				if _, twice := got[f.ID]; twice {
					t.Errorf("seed %d: frame %d came twice", seed, f.ID)
				}
				got[f.ID] = f
			}
		}
		for _, want := range frames {
			f := got[want.ID]
			if !bytes.Equal(f.Data, want.Data) || f.Timestamp != want.Timestamp || f.Keyframe != want.Keyframe || f.Codec != "vp9" {
				t.Errorf("seed %d: frame %d of %d bytes came as %d bytes, keyframe %v", seed, want.ID, len(want.Data), len(f.Data), f.Keyframe)
			}
		}
	}
}

func TestAFrameWithAMissingPacketDoesNotCome(t *testing.T) {
	packets := packetsOf(t, NewSession(SessionConfig{}), frameOf(0, 5000), frameOf(1, 5000))
	for missing := range len(packets) {
		receiver := NewSession(SessionConfig{})
		frames := 0
		for i, b := range packets {
			if i == missing {
				continue
			}
			receiver.HandleDatagram(time.Unix(2, 0), b)
			for _, ok := receiver.PopFrame(); ok; _, ok = receiver.PopFrame() {
				frames++
			}
		}
		if frames != 1 {
			t.Errorf("without packet %d of %d, %d frames came", missing, len(packets), frames)
		}
	}
}

func TestPacketsOfAFrameAreEven(t *testing.T) {
	packets := packetsOf(t, NewSession(SessionConfig{}), frameOf(0, 3*1100+50))
	least, most := len(packets[0]), len(packets[0])
	for _, b := range packets {
		least, most = min(least, len(b)), max(most, len(b))
	}
	if len(packets) != 4 || most-least > 4 || most > minDatagramSize {
		t.Errorf("%d packets of %d to %d bytes", len(packets), least, most)
	}
}

func FuzzDatagram(f *testing.F) {
	s := NewSession(SessionConfig{})
	frame := frameOf(0, 2500)
	now := time.Unix(1, 0)
	if err := s.SendVideo(now, &frame); err != nil {
		f.Fatal(err)
	}
	s.SendAudio(now, "opus", 480, []byte{1, 2, 3})
	for range 1000 {
		if b := s.Pop(now); b != nil {
			f.Add(bytes.Clone(b))
		}
		now = now.Add(time.Millisecond)
	}
	f.Add([]byte{byte(FlowFeedback), 0x8b, 205, 0, 5, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0x80, 0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{byte(FlowFeedback), 0x81, 205, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		s := NewSession(SessionConfig{})
		frame := frameOf(0, 2500)
		now := time.Unix(1, 0)
		if err := s.SendVideo(now, &frame); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			s.HandleDatagram(now, b)
			s.Advance(now)
			s.Pop(now)
			s.PopFrame()
			s.PopSound()
			s.PopLoss()
			now = now.Add(20 * time.Millisecond)
		}
	})
}
