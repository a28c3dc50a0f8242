package main

import (
	"errors"
	"fmt"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/peer"
)

func (t *roomTalk) came(l *peer.Link) {
	t.inside[l] = true
	t.meet()
	p := t.participant(l)
	t.met[l.Peer().String()] = p.shown
	t.log.Info("member came", "peer", l.Peer().Short())
	t.console.printf("+ %s (%s)", p.shown, p.introduced())
	t.screen.note(p.shown + " is here (" + p.introduced() + ")")
}

// went tells that a member has gone, or that somebody did not let us in.
func (t *roomTalk) went(l *peer.Link, err error) {
	p := t.participant(l)
	t.meet()
	was := t.inside[l]
	delete(t.inside, l)
	t.log.Info("member went", "peer", l.Peer().Short(), "reason", err)
	switch {
	case t.left:
	case was && errors.Is(err, peer.ErrRemoved): // we were: an event of its own tells
	case !was:
		t.turnedAway(p, err)
	default:
		how := " left"
		if err != nil {
			how = " is gone (" + whyGone(err) + ")"
		}
		t.console.printf("- %s%s%s", p.shown, how, choose(len(t.inside) == 0, "; nobody else is here", ""))
		t.screen.note(p.shown + how)
	}
}

// turnedAway tells that a link never opened: of somebody who would not let us in, or
// has given up knocking. Where nobody else is to be had, that is the end.
func (t *roomTalk) turnedAway(p participant, err error) {
	l := p.link
	final := errors.Is(err, peer.ErrPassphrase) || errors.Is(err, peer.ErrRemoved) || errors.Is(err, peer.ErrLocked) || errors.Is(err, peer.ErrDeclined)
	switch {
	case err == nil:
		if !t.sentAway[l.Peer()] {
			t.announce("%s does not wait any longer", p.shown)
		}
	case final && l.Outgoing() && len(t.met) == 0 && len(t.conf.Knocking()) == 0:
		t.giveUp(fmt.Errorf("room %s does not let you in: %w", shownRoom(t.name), err))
	case t.refused[l.Peer()] != err.Error(): // it is tried again and again
		t.refused[l.Peer()] = err.Error()
		t.announce("no link to %s: %s", p.shown, whyGone(err))
	}
}

// whyGone says in a few words why a link has ended.
func whyGone(err error) string {
	switch {
	case errors.Is(err, peer.ErrLost):
		return "nothing heard"
	case errors.Is(err, peer.ErrRemoved):
		return "removed"
	case errors.Is(err, peer.ErrRevoked):
		return "no longer trusted"
	case errors.Is(err, certs.ErrBlockedPeer):
		return "blocked"
	case err == nil:
		return "no reason given"
	}
	return err.Error()
}

// knocked asks the person about somebody who wants to come in.
func (t *roomTalk) knocked(l *peer.Link) {
	if t.admission == policyNone {
		t.sendAway(l.Peer())
		return
	}
	t.meet()
	p := t.participant(l)
	t.console.bell()
	t.announce("%s knocks (%s): /admit %s or /refuse %[3]s", p.shown, p.introduced(), p.typed)
}

func (t *roomTalk) sendAway(id certs.PeerID) {
	t.sentAway[id] = true
	t.conf.Refuse(id)
}
