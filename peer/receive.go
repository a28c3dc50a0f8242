package peer

import (
	"time"

	"github.com/skulltech/prattle/quicproto"
)

// receive moves what has arrived on: frames through the jitter buffer to the
// decoder, sound to the playout.
func (l *Link) receive(now time.Time) {
	l.receiveLosses(now)
	for p, ok := l.session.PopSound(); ok; p, ok = l.session.PopSound() {
		l.play(p)
	}
	for f, ok := l.session.PopFrame(); ok; f, ok = l.session.PopFrame() {
		l.jitter.Push(now, f)
	}
	l.align(now)
	if l.broken.CompareAndSwap(true, false) {
		l.jitter.Reset()
	}
	for f, ok := l.jitter.Pop(now); ok; f, ok = l.jitter.Pop(now) {
		if f.Keyframe {
			l.keyframes.Add(1)
		}
		select {
		case l.decode <- f:
		default: // the decoder cannot keep up; what follows would need this frame
			l.drops.Add(1)
			l.jitter.Reset()
		}
	}
	l.complain(now)
}

func (l *Link) play(p quicproto.SoundPacket) {
	select {
	case l.played <- p:
	default:
		l.drops.Add(1)
	}
}

func (l *Link) receiveLosses(now time.Time) {
	for n, ok := l.session.PopLoss(); ok; n, ok = l.session.PopLoss() {
		l.demand.recover(now, n, l.session.RTT()+l.session.Target().Time(recoverySize))
	}
}

// recoverySize is about how large a new start is where it matters, on a thin path,
// in bytes: while one is under way no other is made.
const recoverySize = 2000

// complain tells the other side that our picture stands still, when
// retransmission has had its chance, and again until it moves.
func (l *Link) complain(now time.Time) {
	since := l.jitter.Stalled()
	if since.IsZero() {
		l.nag = time.Time{}
		return
	}
	rtt := l.session.RTT()
	if l.nag.IsZero() {
		l.nag = since.Add(repairPatience(rtt))
		if _, started := l.jitter.LastDecoded(); !started {
			l.nag = since // nothing to wait for: we came into the middle
		}
	}
	if now.Before(l.nag) {
		return
	}
	id, ok := l.jitter.LastDecoded()
	l.session.NotifyLoss(now, quicproto.LossNotice{HasDecoded: ok, LastDecoded: id})
	l.nag = now.Add(rtt + 50*time.Millisecond)
}

// repairPatience is how long a missing packet is waited for before a new start
// is asked for: two tries of a retransmission where those are quick, one where
// they are not.
func repairPatience(rtt time.Duration) time.Duration {
	return min(2*rtt+30*time.Millisecond, max(150*time.Millisecond, 5*rtt/4+30*time.Millisecond))
}
