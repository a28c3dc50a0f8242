package peer

import (
	"context"
	"errors"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
	"github.com/skulltech/prattle/quicproto/rendezvous"
)

// Exchange carries letters, sealed from end to end, between peers who know no more
// than each other's ID: the client of a rendezvous.
type Exchange interface {
	// Send writes to every device of a peer that is there, and says to how many.
	Send(ctx context.Context, to certs.PeerID, body []byte) (devices int, err error)
	// Reply writes to the one device that a mail came from.
	Reply(ctx context.Context, m rendezvous.Mail, body []byte) error
}

// ErrSilentDevices says that the other side is at a rendezvous and does not answer:
// it does not know us, or is about to go.
var ErrSilentDevices = errors.New("it was told, and does not answer")

// letterTimeout bounds the writing of one letter.
const letterTimeout = 5 * time.Second

// Receive takes a letter that has come by way of x. It does not block.
func (r *Room) Receive(x Exchange, m rendezvous.Mail) {
	letter, err := quicproto.ParseLetter(m.Body)
	if err != nil {
		r.cfg.Log.Debug("a letter that nobody can read", "peer", m.From.Short(), "reason", err)
		return
	}
	switch letter.Kind {
	case quicproto.LetterOffer:
		r.handleOffer(x, m, letter)
	case quicproto.LetterAnswer:
		r.handleAnswer(m, letter)
	case quicproto.LetterMore:
		r.handleMore(m, letter)
	}
}

// handleOffer gets ready to be called by who has written, and tells where.
func (r *Room) handleOffer(x Exchange, m rendezvous.Mail, offer *quicproto.Letter) {
	key := meetingKey{offer.Call, m.From, m.Device}
	if me := r.meeting(key); me != nil { // our answer was lost
		me.route.AddRemote(offer.Candidates)
		r.answer(me)
		return
	}
	if !r.mayMeet(m.From, offer.Ticket) {
		return
	}
	me := &meeting{key: key, via: x, mail: m, secret: newSecret(), room: r}
	if err := r.begin(me, quicproto.RouteSecret(offer.Secret, me.secret), offer.Candidates); err != nil {
		r.cfg.Log.Debug("cannot meet", "peer", m.From.Short(), "reason", err)
		return
	}
	r.answer(me)
}

// answer writes to a caller where we are.
func (r *Room) answer(me *meeting) {
	r.reply(me, &quicproto.Letter{Kind: quicproto.LetterAnswer, Call: me.key.call, Secret: me.secret})
}

// mayMeet says whether somebody may learn where we are. Strangers who do not ring
// may not: that they have called is all that comes of it.
func (r *Room) mayMeet(from certs.PeerID, ticket quicproto.Secret) bool {
	switch r.admission(certs.Peer{ID: from}) {
	case AdmitNever:
		return false
	case AdmitKnock:
		guest := ticket != nil && r.cfg.Expects != nil && r.cfg.Expects((*certs.Secret)(ticket))
		if !guest && r.cfg.Authorities == nil { // whom a CA vouches for, the handshake shows
			r.knocked(from)
			return false
		}
	}
	return true
}

// knocked notes that a stranger has called.
func (r *Room) knocked(from certs.PeerID) {
	m := Missed{Peer: certs.Peer{ID: from}, Name: from.Short(), Why: MissedKnock, At: time.Now()}
	r.mu.Lock()
	sum, tell := r.missed.add(m, true)
	r.mu.Unlock()
	if tell {
		r.offer(Event{Kind: EventMissed, Missed: sum})
	}
}

// handleAnswer gives an answer to the call that waits for it. Of the second one of a
// device only the candidates can be news.
func (r *Room) handleAnswer(m rendezvous.Mail, letter *quicproto.Letter) {
	if me := r.meeting(meetingKey{letter.Call, m.From, m.Device}); me != nil {
		me.route.AddRemote(letter.Candidates)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	o := r.meetings.offers[letter.Call]
	if o == nil || o.want != m.From {
		return
	}
	select {
	case o.answers <- answer{m, letter}:
	default: // more devices than anybody has
	}
}

// handleMore adds to where the other side can be reached.
func (r *Room) handleMore(m rendezvous.Mail, letter *quicproto.Letter) {
	r.mu.Lock()
	me, o := r.meetings.open[meetingKey{letter.Call, m.From, m.Device}], r.meetings.offers[letter.Call]
	if me == nil && o != nil && o.want == m.From {
		o.noteEarly(m.Device, letter.Candidates)
	}
	r.mu.Unlock()
	if me != nil {
		me.route.AddRemote(letter.Candidates)
	}
}

// reply writes to the device that a meeting is with, in the background.
func (r *Room) reply(me *meeting, letter *quicproto.Letter) {
	letter.Candidates = r.candidates()
	b, err := letter.Encode()
	if err != nil {
		panic("peer: a letter of ours does not encode: " + err.Error())
	}
	r.write(func(ctx context.Context) error { return me.via.Reply(ctx, me.mail, b) })
}

// write has a letter written in the background. One that is lost costs a path.
func (r *Room) write(send func(context.Context) error) {
	r.routines.Go(func() {
		ctx, cancel := context.WithTimeout(r.ctx, letterTimeout)
		defer cancel()
		if err := send(ctx); err != nil {
			r.cfg.Log.Debug("cannot send a letter", "reason", err)
		}
	})
}
