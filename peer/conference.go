package peer

import (
	"context"
	crand "crypto/rand"
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"sync"

	"github.com/skulltech/prattle/certs"
)

// JoinOptions say which room is entered, and who may come in.
type JoinOptions struct {
	Name       string                // of the room; who knows it finds it
	Passphrase *certs.RoomPassphrase // nil: none
	Peers      []net.Addr            // where a member is known to be
	Announce   bool                  // let others on the local networks find us
	Discover   bool                  // find them
	// Admit says who enters without knocking, besides those that prove the passphrase
	// or were let in by another member; nil: nobody. It must only decide.
	Admit func(certs.Peer) bool
	// Tell says who may know who is in the room without being in it; nil: as Admit.
	Tell func(certs.Peer) bool
}

// Conference is a room of several people as this one sees it. Every two members have
// a link: there is no leader and no server. To whom there are links is membership's
// to say; here that is put into practice.
type Conference struct {
	room    *Room
	opts    JoinOptions
	self    instance
	guesses certs.Guesses

	wake chan struct{} // routineConference has something to do
	ctx  context.Context
	quit context.CancelFunc
	done chan struct{} // everything has ended

	mu        sync.Mutex
	members   *membership
	links     map[linkKey]*Link // of all that are under way, and open
	keys      linkKey           // the last that was given
	open      []*Link           // in order of arrival
	summaries []*Summary
	discovery *discovery // nil: none
	problem   error      // why there is none
}

// newInstance names this run of the program.
func newInstance() (i instance) {
	crand.Read(i[:])
	return i
}

// randomSource spreads what members do.
func randomSource() *rand.Rand { return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) }

// ErrJoined says that the room takes part in a conference already.
var ErrJoined = errors.New("in a room already")

// Join enters a room, and takes connections from its other members from then on.
// Events tell who comes and goes.
func (r *Room) Join(opts JoinOptions) (*Conference, error) {
	c := &Conference{
		room:  r,
		opts:  opts,
		self:  newInstance(),
		wake:  make(chan struct{}, 1),
		done:  make(chan struct{}),
		links: make(map[linkKey]*Link),
	}
	c.ctx, c.quit = context.WithCancel(r.ctx)
	c.members = newMembership(r.cfg.Identity.ID(), c.self, randomSource())
	r.mu.Lock()
	joined := r.conference != nil
	if !joined {
		r.conference = c
		r.line.closed, r.lobby.room = true, true
	}
	r.mu.Unlock()
	if joined {
		return nil, ErrJoined
	}
	if err := r.Listen(); err != nil {
		return nil, err
	}
	r.routines.Go(c.routineConference)
	return c, nil
}

// Members are the links to the others, in order of arrival.
func (c *Conference) Members() []*Link {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.open)
}

// Knocking are the links to those who wait for a person here to let them in.
func (c *Conference) Knocking() []*Link {
	c.mu.Lock()
	defer c.mu.Unlock()
	var knocking []*Link
	for _, l := range c.links {
		if l.member.knocks {
			knocking = append(knocking, l)
		}
	}
	slices.SortFunc(knocking, func(a, b *Link) int { return int(a.member.key) - int(b.member.key) })
	return knocking
}

// Admit lets a peer in, on behalf of all members: one that knocks, or was removed, or
// is yet to come.
func (c *Conference) Admit(peer certs.PeerID) { c.rule(func() { c.members.admit(peer) }) }

// Refuse sends one away that knocks here.
func (c *Conference) Refuse(peer certs.PeerID) {
	for _, l := range c.Knocking() {
		if l.peer == peer {
			l.refuseEntry()
		}
	}
}

// Remove puts a member out, on behalf of all: nobody sends it anything any more, or
// takes it in again.
func (c *Conference) Remove(peer certs.PeerID) { c.rule(func() { c.members.remove(peer) }) }

// SetLocked closes the room to newcomers, or opens it.
func (c *Conference) SetLocked(locked bool) { c.rule(func() { c.members.setLocked(locked) }) }

// Locked says whether the room is closed to newcomers.
func (c *Conference) Locked() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.members.locked()
}

// rule puts a decision of this person into force.
func (c *Conference) rule(f func()) {
	c.mu.Lock()
	f()
	c.mu.Unlock()
	c.rouse()
	c.tellRoom()
	c.rouseLinks()
}

// SendChat sends a line of text to all members.
func (c *Conference) SendChat(text string) {
	for _, l := range c.Members() {
		l.SendChat(text)
	}
}

// SetHand raises this person's hand, or takes it down.
func (c *Conference) SetHand(up bool) {
	c.room.setStreams(func() { c.room.hand = up })
}

// Problem says why others may not find us of themselves, and we not them; nil if
// nothing keeps us from it.
func (c *Conference) Problem() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.problem == nil && c.discovery != nil {
		return c.discovery.problem()
	}
	return c.problem
}

// Leave says goodbye to all, and returns when nothing of the conference runs any
// more.
func (c *Conference) Leave() {
	c.quit()
	<-c.done
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	if c.room.conference == c {
		c.room.conference, c.room.line.closed, c.room.lobby.room = nil, false, false
	}
}

// Left is closed once the conference is over for us: Leave was called, or we were
// removed.
func (c *Conference) Left() <-chan struct{} { return c.done }

// Summaries are those of all links that have ended, in that order.
func (c *Conference) Summaries() []*Summary {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.summaries)
}

// rouse has routineConference look for what is to be done.
func (c *Conference) rouse() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// rouseLinks has all links look at what the members say of their peers now.
func (c *Conference) rouseLinks() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.links {
		l.rouse()
	}
}

// tellRoom tells the person that something about the room may have changed.
func (c *Conference) tellRoom() { c.room.offer(Event{Kind: EventRoom}) }

// move tells the membership that our addresses have changed.
func (c *Conference) move() {
	addrs := c.addrs()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members.handleOwnAddrs(addrs)
}

// currentConference is the one that the room takes part in; nil if there is none.
func (r *Room) currentConference() *Conference {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.conference
}
