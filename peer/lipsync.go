package peer

import (
	"time"

	"github.com/skulltech/prattle/media"
)

// rtpMoment is when something with an RTP time is heard; the zero value is never.
type rtpMoment struct {
	timestamp uint32
	at        time.Time
}

// align keeps the sound and the pictures of the other side together: it tells
// LipSync what was heard and shown, and who has to wait.
func (l *Link) align(now time.Time) {
	if r, ok := l.session.AudioClock(); ok {
		l.lips.SetSoundClock(r)
	}
	if r, ok := l.session.VideoClock(); ok {
		l.lips.SetPictureClock(r)
	}
	if p, ok := l.shown.take(); ok {
		if h := l.heard.position(); !h.at.IsZero() {
			l.lips.HandleHeard(h.at, h.timestamp)
		}
		l.lips.HandleShown(p.at, p.timestamp, p.held)
	}
	l.lips.Advance(now)
	l.jitter.NotBefore(l.lips.Picture())
	l.heard.notBefore(l.lips.Sound())
}

// alignTo tells p, which is about to be pulled, what routineLink has said, and notes
// what will be heard at at. What p plays leaves the loudspeaker so much later than
// now.
func (m *soundMeter) alignTo(p *media.Playout, now, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ts, ok := p.Position(); ok {
		m.heard = rtpMoment{ts, at}
	}
	if m.hold.at.IsZero() {
		p.NotBefore(0, time.Time{})
		return
	}
	p.NotBefore(m.hold.timestamp, m.hold.at.Add(now.Sub(at)))
}

func (m *soundMeter) position() rtpMoment {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.heard
}

func (m *soundMeter) notBefore(timestamp uint32, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hold = rtpMoment{timestamp, at}
}
