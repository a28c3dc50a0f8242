package quicproto

import (
	"testing"
	"time"

	"github.com/pion/rtcp"

	"github.com/skulltech/prattle/media"
)

// drain makes the rate control of s believe that a link of 3 Mbit/s has become one
// of 0.8, with a queue that has to drain.
func drain(s *Session) {
	r := s.sender.rate
	r.yielding = &yielding{ceiling: 2.8e6, served: 0.8e6}
	r.setRate(0.16e6)
	r.updated = time.Unix(1, 0)
}

func TestFramesMadeForMoreAreDroppedWhereAQueueDrains(t *testing.T) {
	now := time.Unix(1, 0)
	for _, c := range []struct {
		what  string
		made  media.Bitrate // what the link was believed to carry when the frame was made
		bytes int
		drops bool
	}{
		{"of the old rate", 2800 * media.Kbps, 10000, true},
		{"of the old rate, nearly gone", 2800 * media.Kbps, 1500, false},
		{"a new start", 160 * media.Kbps, 3000, false},
	} {
		s := NewSession(SessionConfig{})
		s.sender.rate.setRate(float64(c.made))
		f := frameOf(5, c.bytes)
		if err := s.SendVideo(now, &f); err != nil {
			t.Fatal(err)
		}
		drain(s)
		s.Advance(now)
		n, noted := s.PopLoss()
		if dropped := s.Backlog() == 0; dropped != c.drops || noted != c.drops {
			t.Errorf("%s: dropped: %v, noted: %v, want %v", c.what, dropped, noted, c.drops)
		}
		if want := (LossNotice{HasDecoded: true, LastDecoded: 4, Abandoned: true}); noted && n != want {
			t.Errorf("%s: noted %+v, want %+v", c.what, n, want)
		}
	}
}

func TestNoRepairThatCostsMoreThanANewStart(t *testing.T) {
	for _, c := range []struct {
		what     string
		drains   bool
		lost     int // packets
		abandons bool
	}{
		{"random loss", false, 6, false},
		{"little loss where a queue drains", true, 2, false},
		{"a queue has overflowed", true, 6, true},
	} {
		now := time.Unix(1, 0)
		s := NewSession(SessionConfig{})
		for id := range uint16(3) {
			f := frameOf(id, 8000)
			if err := s.SendVideo(now, &f); err != nil {
				t.Fatal(err)
			}
		}
		first := s.sender.video.ring.find(s.sender.queue.flows[FlowVideo].front().seq).seq
		for range 10 { // the first frame and a part of the second leave
			now = now.Add(10 * time.Millisecond)
			s.Pop(now)
		}
		if c.drains {
			drain(s)
		}
		now = now.Add(defaultRTT)
		var seqs []uint16
		for i := range c.lost {
			seqs = append(seqs, first+uint16(i))
		}
		nack := &rtcp.TransportLayerNack{MediaSSRC: ssrcVideo, Nacks: rtcp.NackPairsFromSequenceNumbers(seqs)}
		s.handleNack(now, nack)
		n, abandoned := s.PopLoss()
		if sent := s.SendStats().Retransmitted > 0; abandoned != c.abandons || sent == c.abandons {
			t.Errorf("%s: abandoned: %v, sent again: %v", c.what, abandoned, sent)
		}
		if !c.abandons {
			continue
		}
		if want := (LossNotice{HasDecoded: true, LastDecoded: media.FrameIDMask, Abandoned: true}); n != want {
			t.Errorf("%s: noted %+v, want %+v", c.what, n, want)
		}
		if s.handleNack(now.Add(time.Second/10), nack); s.SendStats().Retransmitted > 0 || s.Backlog() > 0 {
			t.Errorf("%s: %d packets sent again later, backlog %v", c.what, s.SendStats().Retransmitted, s.Backlog())
		}
	}
}
