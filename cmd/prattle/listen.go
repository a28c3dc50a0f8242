package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/peer"
)

// answerPolicies are the values of --answer.
var answerPolicies = []string{"ask", "known", "all", "none"}

type listenFlags struct {
	callFlags
	listen string
	answer string
	once   bool
}

func newListenCommand() *cobra.Command {
	var f listenFlags
	c := &cobra.Command{
		Use:   "listen",
		Short: "Wait for calls",
		Long: `Wait for calls and answer them.

--answer says who is answered:
  ask    you are asked for each call (the default)
  known  peers in your contacts are answered at once, others do not ring
  all    everybody is answered at once: camera and microphone open to whoever calls
  none   nobody`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !slices.Contains(answerPolicies, f.answer) {
				return usage("it takes "+strings.Join(answerPolicies, ", "), "--answer: %q is no policy", f.answer)
			}
			return runListen(c.Context(), &f)
		},
	}
	f.register(c)
	c.Flags().StringVar(&f.listen, "listen", envOr("PRATTLE_LISTEN", ":"+defaultPort), "UDP `ADDR` to listen on")
	c.Flags().StringVar(&f.answer, "answer", envOr("PRATTLE_ANSWER", "ask"), "who is answered: ask, known, all, none")
	c.Flags().BoolVar(&f.once, "once", false, "exit after one call")
	return c
}

func runListen(ctx context.Context, f *listenFlags) (err error) {
	s, err := newSession(&f.callFlags, f.listen)
	if err != nil {
		return err
	}
	defer s.close(&err)
	ctx, cancel := s.untilSignal(ctx)
	defer cancel()
	policy, err := newAnswerPolicy(f.answer)
	if err != nil {
		return err
	}
	if err := s.room.Listen(); err != nil {
		return err
	}
	s.console.printf("listening on %s", s.room.Addr())
	s.console.printf("your peer ID is %s", s.settings.id.ID())
	for {
		link, err := s.awaitCall(ctx, policy)
		if err != nil {
			return s.stoppedOr(err)
		}
		err = s.follow(ctx, link)
		if f.once || ctx.Err() != nil {
			return err
		}
		s.tellEnd(err)
	}
}

// answerPolicy decides about incoming calls without a person, where it can.
type answerPolicy struct {
	name  string
	known *certs.Known
}

func newAnswerPolicy(name string) (*answerPolicy, error) {
	known, err := loadContacts()
	return &answerPolicy{name: name, known: known}, err
}

type answer int

const (
	answerAsk answer = iota
	answerYes
	answerNo
)

// decide says what to do about a call from id, and under which name we know it.
// Whoever is blocked is never answered.
func (p *answerPolicy) decide(id certs.PeerID) (answer, string) {
	contact, err := p.known.ByID(id)
	known := err == nil
	switch {
	case contact.Blocked, p.name == "none":
		return answerNo, contact.Name
	case p.name == "all", p.name == "known" && known:
		return answerYes, contact.Name
	case p.name == "known":
		return answerNo, ""
	}
	return answerAsk, contact.Name
}

// awaitCall waits for a call that is to be answered and returns its link, which
// has been accepted.
func (s *session) awaitCall(ctx context.Context, p *answerPolicy) (*peer.Link, error) {
	for {
		select {
		case e := <-s.room.Events():
			if e.Kind != peer.EventRing {
				continue
			}
			if s.answers(ctx, e.Link, p) {
				e.Link.Accept()
				return e.Link, nil
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// answers decides about one ringing link, asking the person if need be.
func (s *session) answers(ctx context.Context, l *peer.Link, p *answerPolicy) bool {
	decision, name := p.decide(l.Peer())
	if decision == answerAsk {
		decision = s.ask(ctx, l, name)
	}
	if decision != answerYes {
		l.Decline("")
		return false
	}
	return true
}

// ask rings at the person's terminal and waits for an answer, or for the caller
// to give up.
func (s *session) ask(ctx context.Context, l *peer.Link, name string) answer {
	s.console.bell()
	s.console.printf("%s\n  peer ID %s\nanswer? [y/N]", caller(l, name), l.Peer())
	for {
		select {
		case line, ok := <-s.console.lines():
			if ok && (strings.EqualFold(line, "y") || strings.EqualFold(line, "yes")) {
				return answerYes
			}
			return answerNo
		case e := <-s.room.Events():
			if e.Kind == peer.EventState && e.Link == l && l.State() == peer.StateEnded {
				s.console.printf("missed a call from %s", l.Name())
				return answerNo
			}
		case <-ctx.Done():
			return answerNo
		}
	}
}

func caller(l *peer.Link, known string) string {
	if known != "" {
		return fmt.Sprintf("%s is calling.", known)
	}
	return fmt.Sprintf("somebody you do not know, who says to be %q, is calling.", l.Name())
}
