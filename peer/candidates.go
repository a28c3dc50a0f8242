package peer

import (
	"context"
	"slices"
	"time"

	"github.com/skulltech/prattle/quicproto"
)

// finder is what the room needs of a quicproto.Gatherer.
type finder interface {
	Candidates() []quicproto.Candidate
	Changed() <-chan struct{}
	Problems() []error
	SetServers(stun []string, turn []quicproto.TURNServer)
	Kick() // look whether relays still live
	Wait() // until all that was taken is given back, once the room has ended
}

// gathering is the room's part in finding where it can be reached.
type gathering struct {
	found finder // nil: only by the address at which it was dialled
	stun  []string
	turn  []quicproto.TURNServer
	using bool                  // the relays are in use
	hosts []quicproto.Candidate // when last looked at, see moved
}

// gather begins to look for candidates.
func (r *Room) gather() {
	if r.cfg.Gather == nil {
		return
	}
	conf := *r.cfg.Gather
	r.gathering.stun, r.gathering.turn = conf.STUN, conf.TURN
	conf.TURN = nil // until somebody is to be met
	r.gathering.found = r.endpoint.Gather(r.ctx, conf)
	r.routines.Go(r.routineCandidates)
}

// SetServers names the STUN and TURN servers to use from now on.
func (r *Room) SetServers(stun []string, turn []quicproto.TURNServer) {
	r.mu.Lock()
	r.gathering.stun, r.gathering.turn = stun, turn
	r.gathering.using = false
	r.mu.Unlock()
	r.needRelays()
}

// needRelays takes allocations on relays while there is a call, or one may come
// about, and gives them back afterwards: who only listens costs a relay nothing.
func (r *Room) needRelays() {
	g := &r.gathering
	if g.found == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	need := len(r.meetings.offers)+len(r.meetings.open)+len(r.links) > 0
	turn := g.turn
	if !need {
		turn = nil
	}
	if need == g.using && need {
		return
	}
	g.using = need
	g.found.SetServers(g.stun, turn)
}

// candidates are those that the other side may be told.
func (r *Room) candidates() []quicproto.Candidate {
	if r.gathering.found == nil {
		return nil
	}
	return r.gathering.found.Candidates()
}

// relayOnly says whether our address is hidden from the other side.
func (r *Room) relayOnly() bool { return r.cfg.Gather != nil && r.cfg.Gather.RelayOnly }

// candidateDelay lets candidates that are found together be told together.
const candidateDelay = 20 * time.Millisecond

// routineCandidates tells everybody whom it may concern when our candidates change.
func (r *Room) routineCandidates() {
	changed := r.gathering.found.Changed()
	for {
		select {
		case <-changed:
		case <-r.ctx.Done():
			return
		}
		select {
		case <-time.After(candidateDelay):
		case <-r.ctx.Done():
			return
		}
		changed = r.gathering.found.Changed()
		if r.moved() && r.cfg.Moved != nil {
			r.cfg.Moved()
		}
		r.tellCandidates()
		if c := r.currentConference(); c != nil {
			c.move()
		}
	}
}

// giveBack waits until relays and ports on routers are given back. The room has ended.
func (r *Room) giveBack() {
	if r.gathering.found != nil {
		r.gathering.found.Wait()
	}
}

// doubtRelays has it looked whether they still live: nothing is heard any more.
func (r *Room) doubtRelays() {
	if r.gathering.found != nil {
		r.gathering.found.Kick()
	}
}

// moved reports whether this machine is on another network than before. It is for
// routineCandidates alone.
func (r *Room) moved() bool {
	kind := quicproto.CandidateHost
	if r.relayOnly() { // then nothing else shows it
		kind = quicproto.CandidateRelay
	}
	before := r.gathering.hosts
	r.gathering.hosts = slices.DeleteFunc(slices.Clone(r.candidates()), func(c quicproto.Candidate) bool { return c.Kind != kind })
	return len(before) > 0 && !slices.Equal(before, r.gathering.hosts)
}

func (r *Room) tellCandidates() {
	r.mu.Lock()
	var offers []*offer
	for _, o := range r.meetings.offers {
		offers = append(offers, o)
	}
	var unmet []*meeting
	for _, me := range r.meetings.open {
		if me.link == nil {
			unmet = append(unmet, me)
		}
	}
	r.mu.Unlock()
	for _, o := range offers {
		r.write(func(ctx context.Context) error { return r.sendOffer(ctx, o, quicproto.LetterMore) })
	}
	for _, me := range unmet {
		r.reply(me, &quicproto.Letter{Kind: quicproto.LetterMore, Call: me.key.call})
	}
	for _, l := range r.Links() {
		l.do(func(time.Time) { l.sendCandidates() })
	}
}

// Problems says why it may be hard to reach this side, and to reach others.
func (r *Room) Problems() []error {
	if r.gathering.found == nil {
		return nil
	}
	return r.gathering.found.Problems()
}
