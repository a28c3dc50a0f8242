package media

import (
	"slices"
	"testing"
	"time"
)

// jitterStory plays frames into a buffer: one every 33 ms unless told otherwise.
type jitterStory struct {
	t   *testing.T
	buf *JitterBuffer
	now time.Time
	out []uint16
}

func newJitterStory(t *testing.T) *jitterStory {
	return &jitterStory{t: t, buf: NewJitterBuffer(200 * time.Millisecond), now: time.Unix(1, 0)}
}

// push gives the buffer the frame with that ID, which refers to those frames
// back; without any it is a keyframe.
func (s *jitterStory) push(id uint16, back ...uint8) {
	f := EncodedFrame{ID: id & FrameIDMask, Timestamp: uint32(id) * 3000, Keyframe: len(back) == 0}
	f.NumRefs = copy(f.Refs[:], back)
	s.buf.Push(s.now, f)
	s.pop()
}

func (s *jitterStory) pop() {
	for f, ok := s.buf.Pop(s.now); ok; f, ok = s.buf.Pop(s.now) {
		s.out = append(s.out, f.ID)
	}
}

func (s *jitterStory) wait(d time.Duration) { s.now = s.now.Add(d) }

func (s *jitterStory) want(ids ...uint16) {
	s.t.Helper()
	if !slices.Equal(s.out, ids) {
		s.t.Errorf("decoded %v, want %v", s.out, ids)
	}
	s.out = nil
}

const frameGap = time.Second / 30

func TestFramesInOrderPassAtOnce(t *testing.T) {
	s := newJitterStory(t)
	s.push(0)
	for id := uint16(1); id < 100; id++ {
		s.wait(frameGap)
		s.push(id, 1)
		s.want(slices.Concat(map[bool][]uint16{true: {0}}[id == 1], []uint16{id})...)
	}
	if d := s.buf.Delay(); d != 0 {
		t.Errorf("held for %v without need", d)
	}
}

func TestAMissingFrameIsWaitedFor(t *testing.T) {
	s := newJitterStory(t)
	s.push(0)
	s.push(2, 1)
	s.push(3, 1)
	s.want(0)
	if since := s.buf.Stalled(); !since.Equal(s.now) {
		t.Errorf("stalled since %v", since)
	}
	s.wait(50 * time.Millisecond)
	s.push(1, 1)
	s.want(1, 2, 3)
	if !s.buf.Stalled().IsZero() {
		t.Error("still stalled")
	}
}

func TestNothingBeforeAKeyframe(t *testing.T) {
	s := newJitterStory(t)
	s.push(5, 1)
	s.push(6, 1)
	s.want()
	if _, ok := s.buf.LastDecoded(); ok || s.buf.Stalled().IsZero() {
		t.Error("it should wait for a keyframe")
	}
	s.push(7)
	s.push(8, 1)
	s.want(7, 8)
}

func TestAFrameThatNeedsLittleJumpsTheGap(t *testing.T) {
	s := newJitterStory(t)
	for id := range uint16(5) {
		if id == 0 {
			s.push(id)
		} else {
			s.push(id, 1)
		}
	}
	s.push(6, 1) // 5 is lost
	s.push(7, 4) // recovers from 3
	s.push(8, 1)
	s.want(0, 1, 2, 3, 4, 7, 8)
	s.push(5, 1) // too late
	s.want()
	if s.buf.Late() != 1 || s.buf.Skipped() != 1 {
		t.Errorf("late %d, skipped %d, want 1 and 1", s.buf.Late(), s.buf.Skipped())
	}
}

func TestAFrameThatRefersToALostOneIsNotDecoded(t *testing.T) {
	s := newJitterStory(t)
	s.push(0)
	s.push(1, 1)
	s.push(3, 1)    // 2 is lost
	s.push(4, 3)    // from 1: fine
	s.push(5, 1, 2) // from 4 and 3: 3 was never decoded
	s.push(6, 2, 5) // from 4 and 1: fine
	s.want(0, 1, 4, 6)
}

func TestFrameIDsWrap(t *testing.T) {
	s := newJitterStory(t)
	s.push(FrameIDMask - 1)
	s.push(FrameIDMask, 1)
	f := EncodedFrame{ID: 0, Timestamp: (FrameIDMask + 1) * 3000, Refs: [3]uint8{1}, NumRefs: 1}
	s.buf.Push(s.now, f)
	s.pop()
	s.want(FrameIDMask-1, FrameIDMask, 0)
}

func TestDuplicatesAreIgnored(t *testing.T) {
	s := newJitterStory(t)
	s.push(0)
	s.push(0)
	s.push(2, 1)
	s.push(2, 1)
	s.push(1, 1)
	s.want(0, 1, 2)
}

func TestTheBufferIsBounded(t *testing.T) {
	s := newJitterStory(t)
	s.push(0)
	for id := uint16(2); id < 1000; id++ {
		s.push(id, 1)
	}
	if n := len(s.buf.waiting); n > maxWaiting {
		t.Errorf("%d frames wait", n)
	}
}

func TestJitterIsEvenedOut(t *testing.T) {
	s := newJitterStory(t)
	start := s.now
	var shown []time.Duration
	for id := range uint16(300) {
		due := start.Add(time.Duration(id)*frameGap + time.Duration(id*7919%30)*time.Millisecond)
		for next := s.buf.Next(); !next.IsZero() && next.Before(due); next = s.buf.Next() {
			s.now = later(s.now, next)
			s.pop()
		}
		s.now = later(s.now, due)
		if id == 0 {
			s.push(id)
		} else {
			s.push(id, 1)
		}
		for range s.out {
			shown = append(shown, s.now.Sub(start))
		}
		s.out = nil
	}
	uneven := 0
	for i := 101; i < len(shown); i++ {
		if gap := shown[i] - shown[i-1]; (gap - frameGap).Abs() > 5*time.Millisecond {
			uneven++
		}
	}
	if d := s.buf.Delay(); d < 20*time.Millisecond || d > 31*time.Millisecond {
		t.Errorf("jitter of 0 to 30 ms is met with %v", d)
	}
	if uneven > 50 {
		t.Errorf("%d of 200 pictures came unevenly", uneven)
	}
}

// A path that stalls for half a second now and then delays those frames and no others.
func TestAStallIsNoJitter(t *testing.T) {
	s := newJitterStory(t)
	s.push(0)
	for id := uint16(1); id < 900; id++ {
		s.wait(frameGap)
		late := time.Duration(0)
		if id%120 < 15 && id > 60 {
			late = 60 * time.Millisecond
		}
		s.wait(late)
		s.push(id, 1)
		s.now = s.now.Add(-late)
		if d := s.buf.Delay(); d != 0 {
			t.Fatalf("frame %d: all are shown %v later", id, d)
		}
	}
}

func TestTheDelayComesDownAgain(t *testing.T) {
	s := newJitterStory(t)
	s.push(0)
	for id := uint16(1); id < 200; id++ {
		s.wait(frameGap)
		if id < 80 {
			s.wait(time.Duration(id%2) * 60 * time.Millisecond)
			s.push(id, 1)
			s.now = s.now.Add(-time.Duration(id%2) * 60 * time.Millisecond)
			continue
		}
		s.push(id, 1)
	}
	if d := s.buf.Delay(); d != 0 {
		t.Errorf("%v are left of a jitter that ended 4 s ago", d)
	}
}

func TestFramesWaitForTheirSound(t *testing.T) {
	for _, c := range []struct {
		name       string
		hold, want time.Duration
	}{
		{"sound is earlier", -50 * ms, 0},
		{"sound is later", 90 * ms, 90 * ms},
		{"sound is far too late", 500 * ms, 200 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newJitterStory(t)
			start := s.now
			s.buf.NotBefore(30000, start.Add(time.Second/3+c.hold))
			for id := range uint16(30) {
				s.buf.Push(start.Add(time.Duration(id)*frameGap), EncodedFrame{ID: id, Timestamp: uint32(id) * 3000, Keyframe: true})
			}
			for id := range uint16(30) {
				want := start.Add(time.Duration(id)*frameGap + c.want)
				if next := s.buf.Next(); next.Sub(want).Abs() > ms {
					t.Fatalf("frame %d is due at %v, want %v", id, next.Sub(start), want.Sub(start))
				}
				if _, ok := s.buf.Pop(want.Add(-ms)); ok {
					t.Errorf("frame %d comes early", id)
				}
				if f, ok := s.buf.Pop(want.Add(ms)); !ok || f.ID != id || (f.Held-c.want).Abs() > ms {
					t.Errorf("frame %d (%v) was held for %v, want frame %d, %v", f.ID, ok, f.Held, id, c.want)
				}
			}
			s.buf.NotBefore(0, time.Time{})
			s.wait(time.Hour)
			s.push(30, 1)
			s.want(30)
		})
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
