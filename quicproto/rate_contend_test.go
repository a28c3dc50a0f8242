package quicproto

import (
	"math"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

// besideTCP is a sender that shares a full queue of 200 ms.
func besideTCP(queue time.Duration) *sender {
	s := newSender(SessionConfig{Start: 2 * media.Mbps})
	s.maxDatagram = maxDatagramSize
	s.rate.contest = &contest{peak: 1e6, keep: cubicDecrease, alone: 2e6, worst: 200 * time.Millisecond}
	s.rate.queue.mid.raw = queue
	return &s
}

func TestWhatMayOverflowIsProtectedBefore(t *testing.T) {
	for _, c := range []struct {
		queue           time.Duration
		sound, pictures bool
	}{
		{100 * time.Millisecond, true, false},
		{190 * time.Millisecond, true, true},
	} {
		s := besideTCP(c.queue)
		now := time.Unix(1, 0)
		for i := range 4 {
			s.sendAudio(now.Add(time.Duration(i)*10*time.Millisecond), "opus", uint32(i)*480, make([]byte, 40))
		}
		if got := s.red.carried > 0; got != c.sound {
			t.Errorf("queue of %v: %d copies of sound", c.queue, s.red.carried)
		}
		var p protection
		if got := p.choose(4, 1, s.expectedLoss(ssrcVideo), 240*time.Millisecond) > 0; got != c.pictures {
			t.Errorf("queue of %v: pictures are protected: %v", c.queue, got)
		}
		s.rate.contest = nil
		if m := s.expectedLoss(ssrcAudio); m.rate != 0 {
			t.Errorf("a loss of %v is expected on a path without any", m.rate)
		}
	}
}

func TestAnOverflowCostsOnce(t *testing.T) {
	r := newRateControl(rateConfig{})
	start := time.Unix(1, 0)
	for id := range uint64(4) {
		r.handleSent(start.Add(time.Duration(id)*100*time.Millisecond), sentPacket{id: id, size: 1000})
	}
	r.losses = []uint64{0, 1, 2}
	if r.lostSince(start.Add(200 * time.Millisecond)) {
		t.Error("packets sent before the rate was lowered lower it again")
	}
	r.losses = append(r.losses, 3)
	if !r.lostSince(start.Add(200 * time.Millisecond)) {
		t.Error("a packet sent later does not")
	}
}

func TestWhoHasLittleGivesUpLittle(t *testing.T) {
	const rtt = 240 * time.Millisecond
	c := &contest{alone: 3e6}
	for _, want := range []struct{ rate, keep float64 }{{2.4e6, cubicDecrease}, {1e6, cubicGentle}} {
		c.peak = 0
		c.decrease(time.Unix(1, 0), want.rate)
		if math.Abs(c.keep-want.keep) > 1e-9 || c.peak != want.rate {
			t.Errorf("at %.1f of 3 Mbit/s %v is kept of a peak of %.1f", want.rate/1e6, c.keep, c.peak/1e6)
		}
		if got := c.after(0, rtt); got < want.keep*want.rate*0.999 || got > want.keep*want.rate*1.001 {
			t.Errorf("the rate after a decrease is %.0f, want %v of %.0f", got, want.keep, want.rate)
		}
		// RFC 9438 section 4.3: at least what Reno would have.
		gained := (c.after(10*time.Second, rtt) - c.after(0, rtt)) / (cubicSegment * 8 / rtt.Seconds())
		if reno := cubicFriend * 10 / rtt.Seconds(); gained < reno*0.999 {
			t.Errorf("%.1f segments gained in 10 s, Reno would have gained %.1f", gained, reno)
		}
	}
}
