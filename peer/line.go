package peer

import (
	"bytes"

	"github.com/skulltech/prattle/certs"
)

// line decides, for a room, whose call goes through to the person: who rings, who
// waits, who hears that we are busy, and which of two connections remains when two
// people call each other at once. It has no I/O and no lock: the Room owns it and
// each party's link tells it what has happened (party.consult).
//
// When both have sent a Ring, the dial of the peer with the lower ID wins, on both
// sides: that one waits with the other's call until its own is accepted, and the
// other takes the call that it finds coming. Nobody is asked, since both want it.
type line struct {
	own     certs.PeerID
	parties []*party // in order of arrival
	closed  bool     // we are in a room with others: nobody rings
}

// party is one call as the line sees it.
type party struct {
	peer      certs.PeerID // zero while we dial an address and do not know whose
	outgoing  bool
	admission Admission // of incoming ones
	ticket    bool      // presents a ticket

	step    step
	yields  bool   // our own call to the same peer goes first
	queued  bool   // a stranger that waits for its turn
	order   order  // what its link has to do
	with    *party // the call that takes place instead of this one
	resumes *party // the call of the same peer that this one goes on with
	silent  bool   // nothing is heard in it any more
	wake    func() // tells its owner of an order; must not block
	link    *Link  // once there is one
}

// step is how far a party has got.
type step int

const (
	stepGreeting step = iota // its connection is there, and no Ring yet
	stepDialling             // we look for it
	stepCalling              // it has our Ring
	stepWaiting              // we have its Ring, and nothing is decided
	stepRinging              // the person is asked
	stepTalking              // the call was accepted
	stepOver                 // it has been told to end
)

// order is what a link has to do about its call.
type order int

const (
	orderNone   order = iota
	orderQueue        // let the caller know that it waits
	orderRing         // ask the person, or redeem the ticket
	orderAnswer       // accept: this side calls that peer too
	orderBusy         // refuse: somebody else has the line
	orderKnock        // let the stranger believe that nobody is there
	orderQuiet        // end: another connection has the call
	orderRevoke       // end: the peer is no longer admitted
)

// maxQueue is how many strangers may wait for their turn.
const maxQueue = 4

// give tells a party what to do.
func (p *party) give(o order, s step) {
	p.order, p.step = o, s
	if p.wake != nil {
		p.wake()
	}
}

// dial notes that we look for p.peer, which may be unknown. If that peer is calling
// us, or in a call with us, p is over at once and that call is p.with.
func (n *line) dial(p *party) {
	p.outgoing, p.step = true, stepDialling
	n.parties = append(n.parties, p)
	if !p.peer.IsZero() {
		n.found(p)
	}
	n.settle()
}

// dialled notes whom p's connection leads to. Unless p is over, its Ring is to be
// sent now.
func (n *line) dialled(p *party, peer certs.PeerID) {
	if p.step != stepDialling {
		return
	}
	p.peer = peer
	if !n.found(p) {
		p.step = stepCalling
	}
	n.settle()
}

// replace lets p take the place of the call that it resumes.
func (n *line) replace(p *party) {
	old := p.resumes
	p.resumes, old.with = nil, p
	old.give(orderQuiet, stepOver)
}

// found says whether there is a call with p.peer that makes p's own dial needless.
func (n *line) found(p *party) bool {
	for _, other := range n.parties {
		if other == p || other.peer != p.peer || p.resumes != nil {
			continue
		}
		switch other.step {
		case stepTalking:
			p.with = other
			p.give(orderQuiet, stepOver)
			return true
		case stepWaiting, stepRinging:
			n.answer(other, p)
			return true
		}
	}
	return false
}

// answer lets in, which calls us, take the place of out, by which we call it.
func (n *line) answer(in, out *party) {
	out.with = in
	out.give(orderQuiet, stepOver)
	in.give(orderAnswer, stepTalking)
}

// greet notes a connection that has not rung yet.
func (n *line) greet(p *party) { n.parties = append(n.parties, p) }

// ring notes that p rings. An earlier call of the same peer is given up: it was
// left behind by a connection that is gone.
func (n *line) ring(p *party) {
	if p.step != stepGreeting {
		return
	}
	for _, other := range n.parties {
		if other != p && other.peer == p.peer && !other.outgoing && (other.step == stepWaiting || other.step == stepRinging) {
			other.give(orderQuiet, stepOver)
		}
	}
	p.step = stepWaiting
	n.settle()
}

// connect notes that p's call was accepted.
func (n *line) connect(p *party) {
	if p.step == stepTalking || p.step == stepOver {
		return
	}
	p.step = stepTalking
	if p.resumes != nil {
		n.replace(p)
	}
	for _, other := range n.parties {
		if p.rivals(other) {
			other.with = p
			other.give(orderQuiet, stepOver)
		}
	}
	n.settle()
}

// rivals says whether p and other ring at two devices of one peer for the same call.
func (p *party) rivals(other *party) bool {
	return p != other && p.outgoing && other.outgoing && p.peer == other.peer && other.step == stepCalling
}

// decline notes that the person called does not want to talk, on whichever device.
func (n *line) decline(p *party) {
	for _, other := range n.parties {
		if p.rivals(other) {
			other.give(orderQuiet, stepOver)
		}
	}
}

// pass has the call go on ringing at another device when p's takes it no more.
func (n *line) pass(p *party) {
	if p.with == nil {
		p.with = n.find(p.rivals)
	}
}

// leave takes out a party whose call has ended because of err.
func (n *line) leave(p *party, err error) {
	if p.step == stepCalling {
		if err == ErrDeclined {
			n.decline(p)
		} else {
			n.pass(p)
		}
	}
	n.end(p)
}

// end takes a party out.
func (n *line) end(p *party) {
	for i, other := range n.parties {
		if other == p {
			n.parties = append(n.parties[:i], n.parties[i+1:]...)
			n.settle()
			return
		}
	}
}

// settle decides about all that wait. A decision may change what those before it
// can get.
func (n *line) settle() {
	for i := 0; i < len(n.parties); i++ {
		if p := n.parties[i]; p.step == stepWaiting && n.decide(p) {
			i = -1
		}
	}
}

// decide gives a waiting party its order; false if it has to wait on.
func (n *line) decide(p *party) bool {
	own := n.callTo(p.peer)
	switch {
	case p.resumes != nil:
		n.replace(p)
		p.give(orderAnswer, stepTalking)
	case n.leftBehind(p.peer) != nil:
		n.leftBehind(p.peer).give(orderQuiet, stepOver)
		return n.decide(p)
	case n.talksTo(p.peer):
		if p.yields {
			p.give(orderQuiet, stepOver)
		} else {
			p.give(orderBusy, stepOver)
		}
	case own != nil && own.step == stepCalling && bytes.Compare(n.own[:], p.peer[:]) < 0:
		p.yields, p.admission = true, AdmitRing
		return false
	case own != nil:
		n.answer(p, own)
	case n.any(func(o *party) bool { return o.step == stepDialling && o.peer.IsZero() }):
		return false // it may be this peer whom we are about to reach
	case p.admission == AdmitKnock && !p.ticket:
		p.give(orderKnock, stepOver)
	default:
		return n.connectThrough(p)
	}
	return true
}

// connectThrough lets p ring if the line is free for it.
func (n *line) connectThrough(p *party) bool {
	if n.closed || n.any((*party).engaged) {
		p.give(orderBusy, stepOver)
		return true
	}
	ringing := n.find(func(o *party) bool { return o.step == stepRinging })
	switch {
	case ringing == nil:
		p.give(orderRing, stepRinging)
	case ringing.stranger() && !p.stranger():
		ringing.give(orderBusy, stepOver)
		p.give(orderRing, stepRinging)
	case p.queued:
		return false
	case p.stranger() && n.waiting() < maxQueue:
		p.queued = true
		p.give(orderQueue, stepWaiting)
		return false
	default:
		p.give(orderBusy, stepOver)
	}
	return true
}

// stranger says whether others take precedence over p.
func (p *party) stranger() bool { return p.admission < AdmitRing && !p.ticket }

// engaged says whether p keeps the line from all others.
func (p *party) engaged() bool {
	return p.step == stepTalking || p.step == stepCalling || p.step == stepDialling
}

func (n *line) waiting() (count int) {
	for _, p := range n.parties {
		if p.queued && p.step == stepWaiting {
			count++
		}
	}
	return count
}

// callTo finds the call by which we try to reach a peer.
func (n *line) callTo(peer certs.PeerID) *party {
	return n.find(func(p *party) bool {
		return p.peer == peer && (p.step == stepCalling || p.step == stepDialling)
	})
}

// talksTo says whether a call with that peer goes on.
func (n *line) talksTo(peer certs.PeerID) bool {
	return n.any(func(p *party) bool { return p.peer == peer && p.step == stepTalking })
}

// leftBehind finds a call with that peer in which nothing is heard from it any more: a
// peer that rings anew has hung up, or was started again.
func (n *line) leftBehind(peer certs.PeerID) *party {
	return n.find(func(p *party) bool { return p.peer == peer && p.step == stepTalking && p.silent })
}

// involves says whether there is another call with p's peer, or we try to have one.
func (n *line) involves(p *party) bool { return n.talksTo(p.peer) || n.callTo(p.peer) != nil }

func (n *line) find(is func(*party) bool) *party {
	for _, p := range n.parties {
		if is(p) {
			return p
		}
	}
	return nil
}

func (n *line) any(is func(*party) bool) bool { return n.find(is) != nil }
