package media

import "time"

// soundHold is how long sound waits for the pictures that belong to it.
type soundHold struct {
	timestamp uint32    // the sample captured then, RTP time,
	due       time.Time // is pulled now at the earliest; zero: none waits
	floor     int64     // the lag that this comes to,
	known     bool      // if it has been found out
}

// maxSoundHold bounds the wait beyond what the network demands (80 ms): a
// conversation suffers from later sound more than from lips that do not fit.
const maxSoundHold = SampleRate * 80 / 1000

// NotBefore holds sound back for the sake of lip sync: the sample with RTP time
// timestamp is pulled at due at the earliest, and the others accordingly, as far as
// that takes no more than 80 ms beyond what the network demands. It is done little by
// little. A zero due ends it.
func (p *Playout) NotBefore(timestamp uint32, due time.Time) {
	p.hold.timestamp, p.hold.due = timestamp, due
	p.hold.known = p.hold.known && !due.IsZero()
}

// holdAt finds out which lag NotBefore demands at now.
func (p *Playout) holdAt(now time.Time) {
	h := &p.hold
	if h.due.IsZero() || p.phase != playing {
		return
	}
	wanted := h.timestamp + uint32(SamplesIn(now.Sub(h.due)))
	h.known = true
	h.floor = p.lag() - int64(int32(wanted-uint32(p.position())))
}

// target is the lag to aim at.
func (p *Playout) target() int64 {
	t := p.needs.target()
	if !p.hold.known {
		return t
	}
	return max(t, min(p.hold.floor, t+maxSoundHold, p.needs.fastest()+p.ceiling))
}
