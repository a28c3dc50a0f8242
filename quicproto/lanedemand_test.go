package quicproto

import (
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

func TestLaneDemand(t *testing.T) {
	now := time.Unix(1, 0)
	for _, test := range []struct {
		name          string
		waits         time.Duration // of each of ten datagrams in a fifth of a second
		target, carry media.Bitrate
		want          bool
	}{
		{"the windows are small", 4 * time.Millisecond, 2 * media.Mbps, media.Mbps, true},
		{"nothing waits", 0, 2 * media.Mbps, media.Mbps, false},
		{"a scheduler is late", 2 * time.Millisecond, 2 * media.Mbps, media.Mbps, false},
		{"a scheduler is very late", 4 * time.Millisecond, 2 * media.Mbps, 6 * media.Mbps, false},
		{"a thin link", 4 * time.Millisecond, 200 * media.Kbps, 100 * media.Kbps, false},
	} {
		var d laneDemand
		carry := func() media.Bitrate { return test.carry }
		for range 10 {
			now = now.Add(20 * time.Millisecond)
			d.handleSent(now, test.waits)
		}
		if got := d.want(now, test.target, carry); got != test.want {
			t.Errorf("%s: one more lane is %v, want %v", test.name, got, test.want)
		}
		if d.want(now, test.target, carry) {
			t.Errorf("%s: and another at once", test.name)
		}
	}
}

func TestLanesBesideOthersWhoFillTheQueue(t *testing.T) {
	for _, test := range []struct {
		name string
		rate func(*rateControl)
		want bool
	}{
		{"no queue", func(*rateControl) {}, true},
		{"others fill it", func(r *rateControl) { r.contest = new(contest) }, true},
		{"we yield", func(r *rateControl) { r.yielding = new(yielding) }, false},
	} {
		s := NewSession(SessionConfig{Start: 2 * media.Mbps})
		test.rate(s.sender.rate)
		now := time.Unix(1, 0)
		for range 10 {
			now = now.Add(20 * time.Millisecond)
			s.sender.laneDemand.handleSent(now, 4*time.Millisecond)
		}
		if got := s.WantLane(now, func() media.Bitrate { return media.Mbps }); got != test.want {
			t.Errorf("%s: one more lane is %v, want %v", test.name, got, test.want)
		}
	}
}
