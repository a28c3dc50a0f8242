package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/quicproto"
)

// errNoHost says that a name has no address.
var errNoHost = errors.New("no such host")

func newCallCommand() *cobra.Command {
	var f callFlags
	var timeout time.Duration
	c := &cobra.Command{
		Use:   "call NAME | TICKET | [PEERID@]HOST[:PORT] | -",
		Short: "Call somebody",
		Long: `Call somebody who runs "prattle listen" or "prattle invite".

A name in your contacts goes before a host of the same name. With a name, a peer ID
or a ticket nobody else is accepted; with a host alone you are told who answered.
The port is 7728 unless given.

With --server, contacts and peer IDs are found by a rendezvous: no address is needed,
and NATs on the way are crossed, or passed by a relay. A ticket brings the rendezvous
of who has made it.

A ticket on the command line can be seen by other users of this machine for as long
as the call lasts. With "-" it is read from standard input.`,
		Example: `  prattle call alice
  prattle call 192.168.1.20 --video none
  prattle call PEERID@192.168.1.20:7728 --view terminal
  wl-paste | prattle call -`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			who, err := readTarget(args[0], c.InOrStdin())
			if err != nil {
				return err
			}
			return runCall(c.Context(), &f, who, timeout)
		},
	}
	f.register(c)
	c.Flags().DurationVar(&timeout, "timeout", 20*time.Second, "how long to try to reach the other side")
	completeContacts(c, &f.knownPeers)
	return c
}

// readTarget returns whom to call: the argument, or for "-" a line of standard
// input, of which the rest is left for what is typed in the call.
func readTarget(arg string, in io.Reader) (string, error) {
	if arg != "-" {
		return arg, nil
	}
	line, err := readLine(in, maxTargetLine)
	if err != nil {
		return "", fmt.Errorf("read whom to call: %w", err)
	}
	return string(line), nil
}

// maxTargetLine bounds a line with a ticket, in bytes: the longest has about 4,000.
const maxTargetLine = 8 << 10

func runCall(ctx context.Context, f *callFlags, who string, timeout time.Duration) (err error) {
	book, err := openBook(f.knownPeers)
	if err != nil {
		return err
	}
	t, err := parseTarget(who, book.list(), time.Now())
	if err != nil {
		return err
	}
	own, err := parseServers(f.servers)
	if err != nil {
		return usage("", "--server: %w", err)
	}
	if err := t.ask(own); err != nil {
		return err
	}
	s, err := newSession(f, ":0", policyNone)
	if err != nil {
		return err
	}
	defer s.close(&err)
	if t.want == s.settings.id.ID() {
		return peer.ErrSelf
	}
	ctx, cancel := s.untilSignal(ctx)
	defer cancel()
	link, err := s.dial(ctx, t, timeout)
	if err != nil {
		return s.stoppedOr(err)
	}
	return s.follow(ctx, link, t.hosts)
}

// dial reaches the target, whose call then rings.
func (s *session) dial(ctx context.Context, t target, timeout time.Duration) (*peer.Link, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	addrs, err := t.resolve(ctx, s.settings.lan)
	if err != nil {
		return nil, err
	}
	s.console.printf("calling %s …", t.name)
	s.yieldTerminal()
	if t.secret != nil {
		s.trustTicket(t.want)
	}
	link, err := s.room.Call(ctx, addrs, t.want, peer.CallOptions{Ticket: t.secret, Via: s.servers.exchanges(t.via)})
	switch {
	case err == nil:
		return link, nil
	case len(t.via) > 0:
		return nil, s.whyUnreached(t, err)
	}
	return nil, tried(err, t, addrs)
}

// tried says what was tried when nobody was there, and under which name the key is
// known that another one was found for.
func tried(err error, t target, addrs []net.Addr) error {
	var mismatch *certs.KeyMismatchError
	switch {
	case errors.Is(err, quicproto.ErrUnreachable), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("cannot reach %s (tried %v): %w", t.name, addrs, quicproto.ErrUnreachable)
	case errors.As(err, &mismatch) && t.known:
		named := *mismatch
		named.Name = t.name
		return &named
	}
	return fmt.Errorf("call %s: %w", t.name, err)
}
