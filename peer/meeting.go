package peer

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
	"github.com/skulltech/prattle/quicproto/rendezvous"
)

// meeting is how this side and one device of another peer come to a connection, and
// to better paths for it later: by letters each learns the other's candidates, and
// the probes of the route find which of them work.
type meeting struct {
	key    meetingKey
	via    Exchange
	mail   rendezvous.Mail  // to which we reply
	secret quicproto.Secret // our half, of one that the other side began
	dials  bool             // this side calls
	room   *Room
	route  *quicproto.Route
	link   *Link // once there is one
}

type meetingKey struct {
	call   quicproto.CallID
	peer   certs.PeerID
	device rendezvous.Device
}

// offer is a call of ours that waits for the devices of a peer to answer.
type offer struct {
	id      quicproto.CallID
	want    certs.PeerID
	via     Exchange
	secret  quicproto.Secret
	ticket  quicproto.Secret
	answers chan answer
	early   map[rendezvous.Device][]quicproto.Candidate // of devices whose answers were overtaken, under the room's lock
}

type answer struct {
	mail   rendezvous.Mail
	letter *quicproto.Letter
}

// noteEarly keeps what a device has told of itself, until its answer comes.
func (o *offer) noteEarly(d rendezvous.Device, list []quicproto.Candidate) {
	if _, known := o.early[d]; !known && len(o.early) >= maxDevices {
		return
	}
	if o.early == nil {
		o.early = make(map[rendezvous.Device][]quicproto.Candidate)
	}
	o.early[d] = list
}

// meetings are those of a room, which owns them under its lock.
type meetings struct {
	open   map[meetingKey]*meeting
	offers map[quicproto.CallID]*offer
}

// Bounds of what others can make us do, and for how long.
const (
	maxMeetings     = 16
	maxPeerMeetings = 4 // with one peer: two devices, each of which tries again
	maxDevices      = 8
	// meetingTimeout ends one that leads to no connection.
	meetingTimeout = 40 * time.Second
	// letterInterval is the time between two letters that say the same, while nobody
	// answers, and answerTimeout how long that goes on.
	letterInterval = 2 * time.Second
	answerTimeout  = 7 * time.Second
)

var errTooManyMeetings = errors.New("too many want to meet")

func newSecret() quicproto.Secret {
	b := make(quicproto.Secret, quicproto.RouteSecretSize)
	rand.Read(b) // never fails (crypto/rand)
	return b
}

// begin opens the route of a meeting.
func (r *Room) begin(me *meeting, secret [quicproto.RouteSecretSize]byte, remote []quicproto.Candidate) error {
	r.mu.Lock()
	full := !r.meetings.admit(me.key)
	r.mu.Unlock()
	if full {
		return errTooManyMeetings
	}
	var err error
	me.route, err = r.endpoint.NewRoute(quicproto.RouteConfig{
		Secret: secret, Initiator: me.dials, Remote: remote, RelayOnly: r.relayOnly(),
	})
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.meetings.open[me.key] = me
	r.mu.Unlock()
	time.AfterFunc(meetingTimeout, func() { me.abandon() })
	r.needRelays()
	return nil
}

// admit says whether one more meeting may begin.
func (m *meetings) admit(key meetingKey) bool {
	same := 0
	for k := range m.open {
		if k.peer == key.peer {
			same++
		}
	}
	_, again := m.open[key]
	return !again && same < maxPeerMeetings && len(m.open) < maxMeetings
}

// meet makes a link that of a meeting.
func (l *Link) meet(me *meeting) {
	if me == nil {
		return
	}
	l.room.mu.Lock()
	defer l.room.mu.Unlock()
	l.meeting, me.link = me, l
}

// abandon ends a meeting that has led to nothing.
func (me *meeting) abandon() {
	me.room.mu.Lock()
	idle := me.link == nil
	me.room.mu.Unlock()
	if idle {
		me.end()
	}
}

// end closes the route; a second time has no effect.
func (me *meeting) end() {
	r := me.room
	r.mu.Lock()
	delete(r.meetings.open, me.key)
	r.mu.Unlock()
	me.route.Close()
	r.needRelays()
}

// closeMeetings closes the routes of those that have led to no link.
func (r *Room) closeMeetings() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, me := range r.meetings.open {
		me.route.Close()
	}
}

// meeting finds one that has begun; nil if there is none.
func (r *Room) meeting(key meetingKey) *meeting {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.meetings.open[key]
}

// meetingOn finds the meeting whose route a connection takes; nil if it takes an
// address of its own.
func (r *Room) meetingOn(route *quicproto.Route) *meeting {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, me := range r.meetings.open {
		if me.route == route {
			return me
		}
	}
	return nil
}

// dialDevices calls every device of a peer that answers our letter, and tells what
// came of each. What it tells last has last set, and comes when no connection can
// come any more. It runs until ctx ends.
func (r *Room) dialDevices(ctx context.Context, x Exchange, want certs.PeerID, opts CallOptions, found chan<- dialled) {
	o := r.makeOffer(x, want, opts)
	defer r.withdraw(o)
	if err := r.sendOffer(ctx, o, quicproto.LetterOffer); err != nil {
		tellDialled(ctx, found, dialled{err: err, last: true})
		return
	}
	patience := time.NewTimer(answerTimeout)
	defer patience.Stop()
	again := time.NewTicker(letterInterval)
	defer again.Stop()
	results := make(chan dialled)
	failed := error(ErrSilentDevices)
	for open := 0; ; {
		select {
		case a := <-o.answers:
			patience.Stop()
			again.Stop()
			open++
			r.routines.Go(func() { tellDialled(ctx, results, r.dialDevice(ctx, o, a)) })
			continue
		case d := <-results:
			open--
			if d.err == nil {
				tellDialled(ctx, found, d)
				continue
			}
			failed = d.err
		case <-again.C: // a letter may be lost
			r.write(func(ctx context.Context) error { return r.sendOffer(ctx, o, quicproto.LetterOffer) })
			continue
		case <-patience.C:
		case <-ctx.Done():
			return
		}
		if open == 0 {
			tellDialled(ctx, found, dialled{err: failed, last: true})
			return
		}
	}
}

// tellDialled passes on what came of a dial. A connection that nobody waits for any
// more is closed.
func tellDialled(ctx context.Context, to chan<- dialled, d dialled) {
	select {
	case to <- d:
	case <-ctx.Done():
		d.discard()
	}
}

func (r *Room) makeOffer(x Exchange, want certs.PeerID, opts CallOptions) *offer {
	o := &offer{want: want, via: x, secret: newSecret(), answers: make(chan answer, maxDevices)}
	rand.Read(o.id[:]) // never fails (crypto/rand)
	if opts.Ticket != nil {
		o.ticket = append(o.ticket, opts.Ticket[:]...)
	}
	r.mu.Lock()
	r.meetings.offers[o.id] = o
	r.mu.Unlock()
	r.needRelays()
	return o
}

func (r *Room) withdraw(o *offer) {
	r.mu.Lock()
	delete(r.meetings.offers, o.id)
	r.mu.Unlock()
	r.needRelays()
}

// sendOffer writes to all devices of the peer.
func (r *Room) sendOffer(ctx context.Context, o *offer, kind quicproto.LetterKind) error {
	letter := &quicproto.Letter{Kind: kind, Call: o.id, Candidates: r.candidates()}
	if kind == quicproto.LetterOffer {
		letter.Secret, letter.Ticket = o.secret, o.ticket
	}
	b, err := letter.Encode()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, letterTimeout)
	defer cancel()
	_, err = o.via.Send(ctx, o.want, b)
	return err
}

// dialDevice connects to a device that has answered, as soon as one of its
// candidates works.
func (r *Room) dialDevice(ctx context.Context, o *offer, a answer) dialled {
	me := &meeting{key: meetingKey{o.id, o.want, a.mail.Device}, via: o.via, mail: a.mail, dials: true, room: r}
	if err := r.begin(me, quicproto.RouteSecret(o.secret, a.letter.Secret), a.letter.Candidates); err != nil {
		return dialled{err: err}
	}
	r.catchUp(o, me)
	for {
		conn, err := r.endpoint.Dial(ctx, me.route, r.tlsConfig(r.accepting(o.want)))
		if err == nil {
			return dialled{conn: conn, meeting: me}
		}
		if !errors.Is(err, quicproto.ErrUnreachable) || ctx.Err() != nil {
			me.end()
			return dialled{err: err}
		}
	}
}

// catchUp tells both sides of a meeting that has just begun what letters were too early
// to tell: one with more candidates may overtake the offer, or the answer, that it adds to.
func (r *Room) catchUp(o *offer, me *meeting) {
	r.mu.Lock()
	early := o.early[me.key.device]
	r.mu.Unlock()
	me.route.AddRemote(early)
	r.reply(me, &quicproto.Letter{Kind: quicproto.LetterMore, Call: o.id})
}
