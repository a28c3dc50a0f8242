package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

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

--answer says who rings, and who is answered without you:
  ask-known  contacts ring and you are asked; strangers do not ring (the default)
  ask        everybody rings and you are asked, strangers after contacts
  known      contacts are answered at once; strangers do not ring
  all        everybody is answered at once: camera and microphone open to whoever calls
  none       nobody

Whoever has a ticket of yours ("prattle invite") is answered at once, once. Calls
that you miss are listed by "prattle missed". Whom you block is never heard of.`,
		Example: `  prattle listen
  prattle listen --answer ask
  prattle listen --answer known --once --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !slices.Contains(answerPolicies, f.answer) {
				return f.bad("answer", "it takes "+strings.Join(answerPolicies, ", "), fmt.Errorf("%q is no policy", f.answer))
			}
			return runListen(c.Context(), &f)
		},
	}
	f.register(c)
	registerListen(c, &f.listen)
	c.Flags().StringVar(&f.answer, "answer", string(policyContacts), "who is answered: "+strings.Join(answerPolicies, ", "))
	c.Flags().BoolVar(&f.once, "once", false, "exit after one call")
	complete(c, "answer", answerPolicies)
	return c
}

func registerListen(c *cobra.Command, addr *string) {
	c.Flags().StringVar(addr, "listen", ":"+defaultPort, "UDP `ADDR` to listen on")
}

func runListen(ctx context.Context, f *listenFlags) (err error) {
	s, err := newSession(&f.callFlags, f.listen, policy(f.answer))
	if err != nil {
		return err
	}
	defer s.close(&err)
	ctx, cancel := s.untilSignal(ctx)
	defer cancel()
	if err := s.room.Listen(); err != nil {
		return err
	}
	s.enlist()
	s.console.printf("listening on %s", s.room.Addr())
	s.console.printf("your peer ID is %s", s.settings.id.ID())
	if s.policy == policyContacts && len(s.book.list().Contacts()) == 0 {
		s.console.printf("nobody is in your contacts yet: `prattle invite` brings somebody here, --answer ask lets strangers ring")
	}
	for {
		link, err := s.awaitCall(ctx)
		if err != nil {
			return s.stoppedOr(err)
		}
		err = s.follow(ctx, link, nil)
		if f.once || ctx.Err() != nil {
			return s.stoppedOr(err) // a signal may have come just after the call
		}
		s.tellEnd(err)
	}
}
