package quicproto

import (
	"time"

	"github.com/quic-go/quic-go/qlog"

	"github.com/skulltech/prattle/media"
)

// firstTrain measures a thin path before any media is sent: the packets of the
// other side's first flight leave together, and come as far apart as the
// bottleneck needs for them. Only neighbours of the first flight count, for one
// that was repeated has waited for a timer.
type firstTrain struct {
	last qlog.PacketHeader
	at   time.Time
	rate media.Bitrate
}

const (
	// trainResolution is the gap below which packets came in one datagram or through
	// a path that is not thin.
	trainResolution = 10 * time.Millisecond
	// thinPath is the rate from which on a path is no longer called thin: a gap of
	// 25 ms is more than what jitter usually makes of two packets.
	thinPath = 400 * media.Kbps
)

// add takes a packet of so many bytes.
func (t *firstTrain) add(now time.Time, h qlog.PacketHeader, size int) {
	if h.PacketType != qlog.PacketTypeInitial && h.PacketType != qlog.PacketTypeHandshake {
		return
	}
	gap := now.Sub(t.at)
	if !t.at.IsZero() && t.neighbours(h) && gap > trainResolution {
		t.rate = max(t.rate, media.Bitrate(float64(8*(size+headersSize))/gap.Seconds()))
	}
	t.last, t.at = h, now
}

// headersSize is what IPv4 and UDP add to a QUIC packet, in bytes.
const headersSize = 28

// neighbours reports whether h left right behind the last packet: both are among
// the first two of their kind.
func (t *firstTrain) neighbours(h qlog.PacketHeader) bool {
	if h.PacketType == t.last.PacketType {
		return h.PacketNumber == 1 && t.last.PacketNumber == 0
	}
	return h.PacketNumber == 0 && t.last.PacketNumber == 0
}

// thin returns the rate of a thin path, 0 for any other.
func (t *firstTrain) thin() media.Bitrate {
	if t.rate >= thinPath {
		return 0
	}
	return t.rate
}
