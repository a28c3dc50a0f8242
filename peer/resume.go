package peer

import (
	"context"
	"crypto/subtle"
	"errors"
	"net"
	"time"

	"github.com/skulltech/prattle/quicproto"
)

// A call whose connection is lost goes on over a fresh one, without ringing: who
// called dials again, and shows a secret that only the two ends of the old
// connection can know. Meanwhile the old link keeps the devices open.

const (
	// resumeTimeout is for how long a lost call may be resumed.
	resumeTimeout = 30 * time.Second
	// resumeAttempt bounds one try, and resumeInterval is the pause after it.
	resumeAttempt  = 10 * time.Second
	resumeInterval = time.Second

	resumeLabel = "EXPORTER-prattle-resume"
)

// ways are those by which a link came about, to be tried again.
type ways struct {
	addrs []net.Addr
	opts  CallOptions
}

// awaitSuccessor keeps a call whose connection is lost until there is a new one, or
// nobody wants it any more.
func (l *Link) awaitSuccessor() {
	now := time.Now()
	l.call.state, l.call.deadline = StateReconnecting, time.Time{}
	l.tell(now)
	ctx, cancel := context.WithTimeout(l.ctx, resumeTimeout)
	defer cancel()
	given := make(chan error, 1)
	if l.outgoing {
		l.room.routines.Go(func() { given <- l.room.redial(ctx, l) })
	}
	for l.call.state != StateEnded {
		select {
		case f := <-l.commands:
			f(time.Now())
		case <-l.wake:
			l.woken = true
			l.consult(time.Now())
		case <-l.video:
		case <-l.sound:
		case <-given: // the new link has ended this one, or there is none
			l.consult(time.Now())
			l.call.lose(ErrLost)
		case <-ctx.Done():
			l.call.lose(ErrLost)
		}
	}
}

// redial tries to reach the other end of a lost link until it answers, one way or
// the other.
func (r *Room) redial(ctx context.Context, lost *Link) error {
	for {
		err := r.resume(ctx, lost)
		if err == nil || errors.Is(err, ErrDeclined) {
			return err
		}
		r.cfg.Log.Debug("cannot resume the call yet", "peer", lost.peer.Short(), "reason", err)
		select {
		case <-time.After(resumeInterval):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// resume tries once.
func (r *Room) resume(ctx context.Context, lost *Link) error {
	ctx, cancel := context.WithTimeout(ctx, resumeAttempt)
	defer cancel()
	d, _ := r.dialFirst(ctx, lost.ways.addrs, lost.peer, lost.ways.opts)
	if d.err != nil {
		return d.err
	}
	p := &party{peer: lost.peer, outgoing: true, step: stepDialling, resumes: lost.party}
	r.mu.Lock()
	r.line.parties = append(r.line.parties, p)
	r.mu.Unlock()
	l, err := r.ring(d, p, CallOptions{resume: lost.secret})
	if err != nil || l == nil {
		return errors.Join(ErrDeclined, err)
	}
	l.ways = lost.ways
	select {
	case <-l.decided:
	case <-ctx.Done():
		l.HangUp()
		<-l.decided
	}
	if l.State() == StateEnded {
		<-l.done
		return l.err
	}
	return nil
}

// exportResume prepares for the loss of the connection.
func (l *Link) exportResume() {
	secret, err := l.conn.Export(resumeLabel, quicproto.SecretSize)
	if err != nil {
		return // then the call cannot be resumed
	}
	l.room.mu.Lock()
	defer l.room.mu.Unlock()
	l.secret = secret
}

// resumable finds the party of the call that a caller wants to resume; nil if there
// is none. The room's lock is held.
func (r *Room) resumable(l *Link, secret quicproto.Secret) *party {
	for _, other := range r.links {
		if other.peer == l.peer && other != l && len(other.secret) > 0 && subtle.ConstantTimeCompare(other.secret, secret) == 1 {
			return other.party
		}
	}
	return nil
}

// slept reports whether the machine was asleep for so long that the other side must
// have given up the connection: while it sleeps, the clock of timers stands still.
func (l *Link) slept(now time.Time) bool {
	before := l.awake
	l.awake = now
	if before.IsZero() {
		return false
	}
	wall := now.Round(0).Sub(before.Round(0)) // without the monotonic clock
	return wall-now.Sub(before) > quicproto.IdleTimeout
}
