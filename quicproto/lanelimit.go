package quicproto

import (
	"time"

	"github.com/skulltech/prattle/media"
)

// laneLimit is what all lanes together carry, where that is less than the path: on
// a long and lossy one even many NewReno windows are small. Frames made for more
// would wait for acknowledgements in our queue. Its zero value knows no limit.
type laneLimit struct {
	began  time.Time // of the window
	waited time.Duration
	bytes  int
	rate   float64 // bit/s; 0: no limit
}

const (
	// limitWindow spans some frames.
	limitWindow = 200 * time.Millisecond
	// Datagrams that wait for muchWait of the time show a limit, and more than was
	// sent is not tried then; up to someWait is what the bursts of frames cause.
	muchWait = 0.5
	someWait = 0.2
	// limitShare is where the rate rests below what was sent, and limitRise by how
	// much it grows with each window in which there was room.
	limitShare = 0.92
	limitRise  = 1.05
)

// handleSent notes a datagram of so many bytes that QUIC took after a while.
func (l *laneLimit) handleSent(now time.Time, bytes int, waited time.Duration) {
	l.bytes += bytes
	if waited >= blockedLeast {
		l.waited += waited
	}
	d := now.Sub(l.began)
	if d < limitWindow {
		return
	}
	if d < 2*limitWindow {
		l.learn(float64(l.bytes)*8/d.Seconds(), l.waited.Seconds()/d.Seconds())
	}
	l.began, l.bytes, l.waited = now, 0, 0
}

// learn takes the rate at which datagrams left, and the share of the time that one
// was waiting.
func (l *laneLimit) learn(sent, waiting float64) {
	switch {
	case waiting > muchWait:
		if l.rate == 0 || limitShare*sent < l.rate {
			l.rate = limitShare * sent
		}
	case waiting < someWait && l.rate > 0:
		l.rate *= limitRise
	}
}

// bound returns rate, or the limit if that is less. A limit that the rate does not
// reach is none.
func (l *laneLimit) bound(rate media.Bitrate) media.Bitrate {
	if l.rate == 0 {
		return rate
	}
	if l.rate > limitFree*float64(rate) {
		l.rate = 0
		return rate
	}
	return min(rate, media.Bitrate(l.rate))
}

// limitFree is how far beyond the rate a limit must be to be forgotten.
const limitFree = 1.5
