package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/skulltech/prattle/quicproto"
)

// errNoHost says that a name has no address.
var errNoHost = errors.New("no such host")

func newCallCommand() *cobra.Command {
	var f callFlags
	var timeout time.Duration
	c := &cobra.Command{
		Use:   "call [PEERID@]HOST[:PORT]",
		Short: "Call somebody",
		Long: `Call somebody who runs "prattle listen".

With a peer ID, nobody else is accepted at that address. Without, you are told
who answered. The port is 7728 unless given.`,
		Example: `  prattle call alice.example
  prattle call 192.168.1.20 --video none
  prattle call PEERID@192.168.1.20:7728 --view terminal`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			t, err := parseTarget(args[0])
			if err != nil {
				return err
			}
			return runCall(c.Context(), &f, t, timeout)
		},
	}
	f.register(c)
	c.Flags().DurationVar(&timeout, "timeout", 10*time.Second, "how long to try to reach the other side")
	return c
}

func runCall(ctx context.Context, f *callFlags, t target, timeout time.Duration) (err error) {
	s, err := newSession(f, ":0")
	if err != nil {
		return err
	}
	defer s.close(&err)
	ctx, cancel := s.untilSignal(ctx)
	defer cancel()
	reach, cancelReach := context.WithTimeout(ctx, timeout)
	defer cancelReach()
	addrs, err := t.resolve(reach)
	if err != nil {
		return s.stoppedOr(err)
	}
	s.console.printf("calling %s …", t.host)
	link, err := s.room.Call(reach, addrs, t.want)
	if err != nil {
		return s.stoppedOr(tried(err, t, addrs))
	}
	return s.follow(ctx, link)
}

// tried says what was tried when nobody was there.
func tried(err error, t target, addrs []net.Addr) error {
	if errors.Is(err, quicproto.ErrUnreachable) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("cannot reach %s (tried %v): %w", t.host, addrs, quicproto.ErrUnreachable)
	}
	return fmt.Errorf("call %s: %w", t.host, err)
}
