package quictest

import (
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

// download runs a Cubic over a path for a time and returns what the path did.
func download(l Link, length time.Duration) PathStats {
	c, out := NewCubic(), NewPath[int](l, 1, 2)
	back := NewPath[int](Link{Delay: l.Delay}, 3, 4)
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	for now := start; now.Before(start.Add(length)); now = now.Add(time.Millisecond) {
		for n, ok := out.Pop(now); ok; n, ok = out.Pop(now) {
			back.Send(now, 60, n)
		}
		for n, ok := back.Pop(now); ok; n, ok = back.Pop(now) {
			c.Acknowledged(now, n)
		}
		if now.Sub(start)%(50*time.Millisecond) == 0 {
			c.Advance(now)
		}
		for n, ok := c.Send(now); ok; n, ok = c.Send(now) {
			out.Send(now, CubicSegment, n)
		}
	}
	return out.Stats()
}

func TestCubicFillsABottleneck(t *testing.T) {
	const length = 30 * time.Second
	s := download(Link{Delay: 20 * time.Millisecond, Rate: 3 * media.Mbps, Queue: 200 * time.Millisecond}, length)
	passed := float64(s.Packets-s.Overflowed) * CubicSegment * 8 / (3e6 * length.Seconds())
	if passed < 0.97 || passed > 1.02 {
		t.Errorf("%.3f of the link used, want all", passed)
	}
	if s.Overflowed == 0 || float64(s.Overflowed) > 0.02*float64(s.Packets) {
		t.Errorf("%d of %d segments overflowed: a queue is to be filled, and then left", s.Overflowed, s.Packets)
	}
}

func TestCubicTakesLossForCongestion(t *testing.T) {
	const length = 30 * time.Second
	s := download(Link{Delay: 20 * time.Millisecond, Loss: 0.02, Rate: 20 * media.Mbps, Queue: 200 * time.Millisecond}, length)
	// On such a path a flow has what Reno would have (RFC 9438 section 4.3): about
	// 1.2/sqrt(loss), 8.5 segments a round trip. The link holds 67.
	const most = 1.054 / 0.02
	if got := float64(s.Packets) * 0.04 / length.Seconds(); got > most || got < 4 {
		t.Errorf("a mean window of %.1f segments at 2 %% loss", got)
	}
}

func TestCubicBeginsAnewAfterAnOutage(t *testing.T) {
	c := NewCubic()
	now := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	sendAll := func() (n int) {
		for _, ok := c.Send(now); ok; _, ok = c.Send(now) {
			n++
		}
		return n
	}
	if n := sendAll(); n != firstWindow {
		t.Errorf("%d segments at first, want %d", n, firstWindow)
	}
	now = now.Add(900 * time.Millisecond)
	c.Advance(now)
	if n := sendAll(); n != 0 {
		t.Errorf("%d segments before anything was heard", n)
	}
	now = now.Add(200 * time.Millisecond)
	c.Advance(now)
	if n := sendAll(); n != 1 {
		t.Errorf("%d segments after a timeout, want 1", n)
	}
}
