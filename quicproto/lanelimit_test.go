package quicproto

import (
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

func TestLaneLimit(t *testing.T) {
	const rate = 2 * media.Mbps
	var l laneLimit
	now := time.Unix(1, 0)
	// run sends for a while what lanes of a capacity carry of the rate allowed.
	run := func(d time.Duration, capacity media.Bitrate) (target media.Bitrate) {
		for end := now.Add(d); now.Before(end); {
			const size = 1000
			target = l.bound(rate)
			wanted, takes := target.Time(size), capacity.Time(size)
			now = now.Add(max(wanted, takes))
			l.handleSent(now, size, max(takes-wanted, 0)*4)
		}
		return target
	}
	if got := run(5*sec, 10*media.Mbps); got != rate {
		t.Errorf("%v with room for more, want %v", got, rate)
	}
	if got := run(5*sec, 800*media.Kbps); got > 900*media.Kbps || got < 600*media.Kbps {
		t.Errorf("%v where lanes carry 800 kbit/s", got)
	}
	if got := run(10*sec, 10*media.Mbps); got != rate {
		t.Errorf("%v ten seconds after the limit went, want %v", got, rate)
	}
}
