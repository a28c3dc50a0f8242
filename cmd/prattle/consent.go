package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/peer"
)

// awaitCall waits for a call that is to be answered and returns its link, which
// has been accepted.
func (s *session) awaitCall(ctx context.Context) (*peer.Link, error) {
	contacts := time.NewTicker(bookInterval)
	defer contacts.Stop()
	typed := s.console.typing.idle()
	for {
		select {
		case e := <-s.room.Events():
			s.handle(e)
			if l := s.taken(ctx, e); l != nil {
				return l, nil
			}
		case _, ok := <-typed: // into nothing: it must not answer the next call
			if !ok {
				typed = nil
			}
		case <-contacts.C:
			s.refreshBook()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// taken returns the link of a call that an event brings, if it is to be had: one
// that rings and is answered, or one that a ticket has opened.
func (s *session) taken(ctx context.Context, e peer.Event) *peer.Link {
	switch {
	case e.Kind == peer.EventState && e.Link.State() == peer.StateConnected:
	case e.Kind == peer.EventRing && s.answers(ctx, e.Link):
		s.yieldTerminal()
		e.Link.Accept()
	default:
		return nil
	}
	return e.Link
}

// answers decides about one ringing link, asking the person if need be.
func (s *session) answers(ctx context.Context, l *peer.Link) bool {
	who := s.acquaintance(l)
	decision := s.policy.answer(who)
	if decision == answerNo {
		s.turnedAway(l, who)
	}
	if decision == answerAsk {
		decision = s.ask(ctx, l, who)
	}
	if decision != answerYes {
		l.Decline("")
		return false
	}
	return true
}

// ask rings at the person's terminal and waits for an answer, or for the caller
// to give up.
func (s *session) ask(ctx context.Context, l *peer.Link, who acquaintance) answer {
	lines := s.console.typing.begin()
	s.console.bell()
	s.console.printf("%s\nanswer? [y/N/block]", who.ringing(l.Name()))
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				s.console.printf("nobody can answer: standard input has ended")
			}
			return s.decided(strings.ToLower(strings.TrimSpace(line)), l)
		case e := <-s.room.Events():
			s.handle(e)
			if e.Kind == peer.EventState && e.Link == l && l.State() == peer.StateEnded {
				return answerNo
			}
		case <-ctx.Done():
			return answerNo
		}
	}
}

// decided is what a typed answer means.
func (s *session) decided(line string, l *peer.Link) answer {
	switch line {
	case "y", "yes":
		return answerYes
	case "block":
		contact, err := s.book.change(func(k *certs.Known) (certs.Contact, error) { return blockPeer(k, l.Peer().String()) })
		if err != nil {
			s.console.printf("prattle: warning: cannot block: %v", err)
		} else {
			s.console.printf("blocked as %s; `prattle contacts unblock %[1]s` undoes it", contact.Name)
		}
	}
	return answerNo
}

// ringing says who calls.
func (a acquaintance) ringing(said string) string {
	switch a.kind {
	case known:
		return a.contact.Name + " is calling" + choose(a.contact.Verified, " (verified).", ".")
	case vouched:
		return fmt.Sprintf("%s is calling: your CA says so.", a.contact.Name)
	case successor:
		return fmt.Sprintf("somebody with a new key is calling, which the key that you know as %s has signed.\n"+
			"  old %s\n  new %s\nif you did not expect that, ask %[1]s by another way first.", a.contact.Name, a.contact.ID, a.peer.ID)
	}
	return fmt.Sprintf("somebody you do not know, who says to be %s, is calling.\n  peer ID %s", a.name(said), a.peer.ID)
}
