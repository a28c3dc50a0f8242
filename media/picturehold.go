package media

import "time"

// pictureHold is how long pictures wait for the sound that belongs to them.
type pictureHold struct {
	timestamp uint32    // the picture captured then, RTP time,
	due       time.Time // is shown now at the earliest; zero: none waits
}

// maxPictureHold bounds the wait: a picture so much later than it could be hurts
// more than lips that do not fit.
const maxPictureHold = 200 * time.Millisecond

// after is for how long the frame with RTP time ts, which could be shown at ready,
// has to wait.
func (h *pictureHold) after(ready time.Time, ts uint32) time.Duration {
	if h.due.IsZero() {
		return 0
	}
	due := h.due.Add(pictureTime(int32(ts - h.timestamp)))
	return min(max(due.Sub(ready), 0), maxPictureHold)
}

// pictureRate is that of the RTP clock of all video formats, in Hz (RFC 9628, RFC
// 7741, RFC 2435).
const pictureRate = 90000

// pictureTime is how long n ticks of the RTP clock of video last.
func pictureTime(n int32) time.Duration { return time.Duration(n) * time.Second / pictureRate }
