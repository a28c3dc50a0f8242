package quicproto

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

// wire is a one-way path without I/O: what is put in comes out after delay,
// unless it is lost.
type wire struct {
	delay time.Duration
	loss  float64
	rng   *rand.Rand
	queue []inTransit
}

type inTransit struct {
	at   time.Time
	data []byte
}

func (w *wire) put(now time.Time, b []byte) {
	if w.rng.Float64() >= w.loss {
		w.queue = append(w.queue, inTransit{now.Add(w.delay), bytes.Clone(b)})
	}
}

func (w *wire) deliver(now time.Time, to *Session) {
	for len(w.queue) > 0 && !w.queue[0].at.After(now) {
		to.HandleDatagram(w.queue[0].at, w.queue[0].data)
		w.queue = w.queue[1:]
	}
}

// exchange runs two sessions for d, in steps of 1 ms. each is called at every
// step and sends what it likes.
func exchange(d time.Duration, a, b *Session, ab, ba *wire, each func(now time.Time)) {
	for now := time.Unix(1, 0); now.Before(time.Unix(1, 0).Add(d)); now = now.Add(time.Millisecond) {
		each(now)
		for _, s := range []struct {
			s, peer *Session
			w       *wire
		}{{a, b, ab}, {b, a, ba}} {
			s.s.Advance(now)
			for p := s.s.Pop(now); p != nil; p = s.s.Pop(now) {
				s.w.put(now, p)
			}
			s.w.deliver(now, s.peer)
		}
	}
}

func TestLossIsRepaired(t *testing.T) {
	const seed, frames = 7, 300
	rng := rand.New(rand.NewPCG(seed, 0))
	a, b := NewSession(SessionConfig{}), NewSession(SessionConfig{})
	ab := &wire{delay: 20 * time.Millisecond, loss: 0.1, rng: rng}
	ba := &wire{delay: 20 * time.Millisecond, loss: 0.1, rng: rng}
	sent, got := 0, make(map[uint16]bool)
	exchange(12*time.Second, a, b, ab, ba, func(now time.Time) {
		if now.UnixMilli()%33 == 0 && sent < frames {
			f := frameOf(uint16(sent), 4000)
			if err := a.SendVideo(now, &f); err != nil {
				t.Fatal(err)
			}
			sent++
		}
		for f, ok := b.PopFrame(); ok; f, ok = b.PopFrame() {
			got[f.ID] = true
		}
	})
	if len(got) != frames {
		t.Errorf("seed %d: %d of %d frames came", seed, len(got), frames)
	}
	if st := b.ReceiveStats(); st.Repaired == 0 || st.Nacks == 0 || st.Malformed != 0 {
		t.Errorf("seed %d: %+v", seed, st)
	}
}

func TestSoundLeavesBeforePictures(t *testing.T) {
	s := NewSession(SessionConfig{})
	now := time.Unix(1, 0)
	big := frameOf(0, 50000)
	if err := s.SendVideo(now, &big); err != nil {
		t.Fatal(err)
	}
	s.SendAudio(now, "opus", 0, []byte{1})
	flow, _, err := ParseDatagram(s.Pop(now))
	if err != nil || flow != FlowAudio {
		t.Errorf("first left %v, %v", flow, err)
	}
}

func TestLossNoticeArrives(t *testing.T) {
	a, b := NewSession(SessionConfig{}), NewSession(SessionConfig{})
	now := time.Unix(1, 0)
	for _, want := range []LossNotice{{}, {HasDecoded: true, LastDecoded: 0x7ffe}} {
		a.NotifyLoss(now, want)
		b.HandleDatagram(now, a.Pop(now))
		if got, ok := b.PopLoss(); !ok || got != want {
			t.Errorf("got %+v, %v, want %+v", got, ok, want)
		}
	}
}

func TestLateFramesAreDroppedWhole(t *testing.T) {
	s := NewSession(SessionConfig{})
	now := time.Unix(1, 0)
	f := frameOf(5, 200000)
	if err := s.SendVideo(now, &f); err != nil {
		t.Fatal(err)
	}
	s.Pop(now)
	now = now.Add(frameDeadline)
	s.Advance(now)
	if s.SendStats().FramesDropped != 0 {
		t.Error("it was dropped though it had no time to leave")
	}
	now = now.Add(4 * s.Target().Time(len(f.Data)))
	s.Advance(now)
	if s.Backlog() != 0 || s.SendStats().FramesDropped != 1 {
		t.Errorf("backlog %v, %d dropped", s.Backlog(), s.SendStats().FramesDropped)
	}
	if n, ok := s.PopLoss(); !ok || n.LastDecoded != 4 {
		t.Errorf("of dropping frame 5 the owner hears %+v, %v", n, ok)
	}
}

// TestNothingIsAskedForThatWasNeverSent: the frame after a dropped one goes on with
// its sequence numbers.
func TestNothingIsAskedForThatWasNeverSent(t *testing.T) {
	a, b := NewSession(SessionConfig{}), NewSession(SessionConfig{})
	now := time.Unix(1, 0)
	deliver := func() {
		for p := a.Pop(now); p != nil; p = a.Pop(now) {
			b.HandleDatagram(now, p)
			now = now.Add(10 * time.Millisecond)
			b.Advance(now)
		}
	}
	for id, size := range []int{200000, 500} {
		f := frameOf(uint16(id), size)
		if err := a.SendVideo(now, &f); err != nil {
			t.Fatal(err)
		}
		if id == 0 {
			b.HandleDatagram(now, a.Pop(now))
			now = now.Add(20 * time.Second)
			a.Advance(now)
		}
		deliver()
	}
	f, ok := b.PopFrame()
	if !ok || f.ID != 1 {
		t.Errorf("got frame %d, %v, want 1", f.ID, ok)
	}
	if n := b.ReceiveStats().Nacks; n != 0 {
		t.Errorf("%d packets asked for", n)
	}
}

// TestSoundDoesNotPileUp while QUIC takes nothing.
func TestSoundDoesNotPileUp(t *testing.T) {
	s := NewSession(SessionConfig{})
	now := time.Unix(1, 0)
	for i := range 300 {
		s.SendAudio(now, "opus", uint32(i*480), []byte{byte(i)})
		s.Advance(now)
		now = now.Add(10 * time.Millisecond)
	}
	left := 0
	for s.Pop(now) != nil {
		left++
	}
	if limit := int(staleAfter/(10*time.Millisecond)) + 1; left > limit {
		t.Errorf("%d packets of sound are sent after 3 s, want at most %d", left, limit)
	}
	if st := s.SendStats(); int(st.Stale)+left != 300 {
		t.Errorf("%d were sent and %d counted as stale, of 300", left, st.Stale)
	}
}

// BenchmarkFrame is what a 720p picture costs besides the codec, from encoded
// frame to encoded frame: packetise, queue, send, receive, assemble.
func BenchmarkFrame(b *testing.B) {
	x, y := NewSession(SessionConfig{}), NewSession(SessionConfig{})
	now := time.Unix(1, 0)
	data := make([]byte, 6250) // 1.5 Mbit/s at 30 a second
	frames := 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		f := media.EncodedFrame{Codec: "vp9", ID: uint16(i) & media.FrameIDMask, Keyframe: true, Timestamp: uint32(i) * 3000, Data: data}
		if err := x.SendVideo(now, &f); err != nil {
			b.Fatal(err)
		}
		for range 33 {
			now = now.Add(time.Millisecond)
			for p := x.Pop(now); p != nil; p = x.Pop(now) {
				y.HandleDatagram(now, bytes.Clone(p))
			}
		}
		y.Advance(now)
		for p := y.Pop(now); p != nil; p = y.Pop(now) {
			x.HandleDatagram(now, bytes.Clone(p))
		}
		x.Advance(now)
		for _, ok := y.PopFrame(); ok; _, ok = y.PopFrame() {
			frames++
		}
	}
	if frames < b.N*9/10 {
		b.Fatalf("%d of %d frames came", frames, b.N)
	}
}
