package quicproto

import (
	"testing"
	"time"

	"github.com/pion/rtcp"

	"github.com/skulltech/prattle/media"
)

func TestNothingLeavesEarlyOnAThinPath(t *testing.T) {
	for _, c := range []struct {
		rate media.Bitrate
		want float64 // pacing, of the rate
	}{
		{60 * media.Kbps, 1},
		{240 * media.Kbps, 1},
		{1000 * media.Kbps, openPacing},
	} {
		r := newRateControl(rateConfig{})
		r.setRate(float64(c.rate))
		r.updated = time.Unix(1, 0)
		if got, want := r.pacing(), media.Bitrate(c.want*float64(c.rate)); got != want {
			t.Errorf("at %v, of which no limit is known, packets leave at %v, want %v", c.rate, got, want)
		}
	}
}

func TestANewStartNeedNotWaitForTheQueue(t *testing.T) {
	for _, c := range []struct {
		what string
		y    yielding
		want float64 // of the rate
	}{
		{"a short queue drains", yielding{served: 800e3, worst: 20 * ms}, 1},
		{"a long one drains", yielding{served: 800e3, worst: 150 * ms}, 2.5},
		{"it has nearly drained", yielding{served: 300e3, worst: 150 * ms}, 1},
		{"it does not drain", yielding{served: 800e3, worst: 150 * ms, pressing: true}, 1},
	} {
		if got := c.y.pacing(160e3); got != c.want {
			t.Errorf("%s: packets leave %.2f times as fast as the rate, want %.2f", c.what, got, c.want)
		}
	}
}

// TestNoRepairOfWhatIsStillOnItsWay has a receiver ask for the end of a frame whose
// packets take long to come.
func TestNoRepairOfWhatIsStillOnItsWay(t *testing.T) {
	const rtt = 100 * time.Millisecond
	for _, c := range []struct {
		rate  media.Bitrate
		after time.Duration // from leaving to the request
		want  bool          // it is sent again
	}{
		{40 * media.Kbps, rtt, false},
		{40 * media.Kbps, 2 * rtt, true},
		{2000 * media.Kbps, rtt, true},
	} {
		now := time.Unix(1, 0)
		s := NewSession(SessionConfig{Start: c.rate})
		s.sender.rtt = rtt
		f := frameOf(0, 200)
		if err := s.SendVideo(now, &f); err != nil {
			t.Fatal(err)
		}
		s.Pop(now)
		nack := rtcp.NackPairsFromSequenceNumbers([]uint16{s.sender.video.seq - 1})
		s.handleNack(now.Add(c.after), &rtcp.TransportLayerNack{MediaSSRC: ssrcVideo, Nacks: nack})
		if got := s.SendStats().Retransmitted > 0; got != c.want {
			t.Errorf("at %v, asked for after %v: sent again: %v", c.rate, c.after, got)
		}
	}
}
