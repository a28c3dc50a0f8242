package quicproto

import (
	"time"

	"github.com/skulltech/prattle/media"
)

// laneDemand decides when a connection should get one more lane: when datagrams
// that our own pacing let go wait for QUIC's congestion window, on a path that loses
// packets by chance or to the queue that others fill. On a clean path, and on a thin one, where each
// handshake would cost seconds of sound, it never asks. Its zero value is ready.
type laneDemand struct {
	began  time.Time     // of the window
	waited time.Duration // in it
	quiet  time.Time     // no further lane until then
}

const (
	// blockedLeast is the wait of a datagram that is laid to the congestion window:
	// the next ACK has to come first. A scheduler's delay is mostly shorter,
	blockedLeast = 3 * time.Millisecond
	// and where the windows carry so many times the target, it was the scheduler's in
	// any case: that is more than the pacer lets go at once.
	blockedNever = 2.5
	// blockedWindow is the time over which waits are added up, and blockedShare, in
	// hundredths, how much of it they may be: a frame must not take so much longer.
	blockedWindow = 250 * time.Millisecond
	blockedShare  = 5
	// laneCost is what a handshake with two certificates and X25519MLKEM768 puts on
	// the wire, in bytes, and 1/laneShare which part of the target it may have.
	laneCost  = 8000
	laneShare = 2
	// laneMinTarget is a rate which a single lane carries through any loss that a
	// call survives.
	laneMinTarget = 250 * media.Kbps
)

// handleSent notes that QUIC took a datagram for which it had let us wait.
func (d *laneDemand) handleSent(now time.Time, waited time.Duration) {
	if now.Sub(d.began) > blockedWindow {
		d.began, d.waited = now, 0
	}
	if waited >= blockedLeast {
		d.waited += waited
	}
}

// want says whether to open a lane now, for a target and what the windows of those
// that there are carry, which is asked last; it is then taken for opened.
func (d *laneDemand) want(now time.Time, target media.Bitrate, carry func() media.Bitrate) bool {
	if d.waited*100 < blockedWindow*blockedShare || now.Before(d.quiet) || target < laneMinTarget {
		return false
	}
	if float64(carry()) > blockedNever*float64(target) {
		return false
	}
	d.waited = 0
	d.quiet = now.Add(max(laneShare*target.Time(laneCost), blockedWindow/4))
	return true
}
