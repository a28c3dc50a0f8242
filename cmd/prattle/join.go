package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/peer"
)

type joinFlags struct {
	callFlags
	listen         string
	peers          []string
	passphraseFile string
	admit          string
	noAnnounce     bool
	noDiscover     bool
	pushToTalk     bool
}

func newJoinCommand() *cobra.Command {
	var f joinFlags
	c := &cobra.Command{
		Use:   "join ROOM",
		Short: "Meet several people in a room",
		Long: `Enter a room, in which everybody sees and hears everybody. There is no server and no
leader: the machines find each other on the local network by the room's name, or
where --peer says, and whoever finds one member finds all.

Who may enter:
  with --passphrase-file, whoever knows the same passphrase
  without, your contacts; others knock, and someone inside types /admit NAME

--admit says who enters without knocking, besides those with the passphrase:
  known  your contacts (the default without a passphrase)
  ask    nobody: all others knock (the default with one)
  all    everybody who knows the name of the room
  none   nobody, and whoever knocks is sent away unasked

Whom one member lets in is in for all, whom one removes is out for all. Media are
encrypted between each two members.

Keys: m mutes, space too or, held down, lets you talk; v camera, l large picture of
who speaks, 1 to 9 pin somebody, h raises a hand, s statistics, ? keys, q leaves.
What you type goes to all; /help lists what begins with a slash.`,
		Example: `  prattle join standup
  prattle join standup --passphrase-file -
  prattle join standup --peer 192.168.1.20 --no-discover --view terminal
  prattle join standup --admit all --duration 1m --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if f.admit != "" && !slices.Contains(admitPolicies, f.admit) {
				return f.bad("admit", "it takes "+strings.Join(admitPolicies, ", "), fmt.Errorf("%q is no policy", f.admit))
			}
			return runJoin(c.Context(), &f, args[0])
		},
	}
	f.register(c)
	return c
}

func (f *joinFlags) register(c *cobra.Command) {
	f.registerMedia(c)
	f.registerLAN(c)
	registerListen(c, &f.listen)
	s := c.Flags()
	s.Lookup("listen").Usage = "UDP `ADDR` at which members connect; without this flag another port if that one is taken"
	s.Lookup("duration").Usage = "leave this long after joining (30s, 5m)"
	s.Lookup("json").Usage = "print a summary of all links as JSON"
	s.StringArrayVar(&f.peers, "peer", nil, "`HOST[:PORT]` of a member, where multicast does not reach; may be repeated")
	s.StringVar(&f.passphraseFile, "passphrase-file", "", "`FILE` with the room's passphrase, which nobody else may read; - asks for it")
	s.StringVar(&f.admit, "admit", "", "who enters without knocking: "+strings.Join(admitPolicies, ", "))
	s.BoolVar(&f.noAnnounce, "no-announce", false, "do not tell the local network that you are here")
	s.BoolVar(&f.noDiscover, "no-discover", false, "do not look for members on the local network")
	s.BoolVar(&f.pushToTalk, "push-to-talk", false, "begin muted; the space bar lets you talk")
	complete(c, "admit", admitPolicies)
	c.ValidArgsFunction = cobra.NoFileCompletions
}

func runJoin(ctx context.Context, f *joinFlags, arg string) (err error) {
	name, err := roomName(arg)
	if err != nil {
		return err
	}
	s, err := prepareSession(&f.callFlags, policyRoom)
	if err != nil {
		return err
	}
	t := newRoomTalk(s, name, f.admission())
	passphrase, err := readRoomPassphrase(f.passphraseFile, name)
	if err == nil {
		err = f.open(s)
	}
	if err != nil {
		return errors.Join(err, s.closeFiles())
	}
	defer s.close(&err)
	ctx, cancel := s.untilSignal(ctx)
	defer cancel()
	members, err := f.members(ctx)
	if err != nil {
		return s.stoppedOr(err)
	}
	if f.pushToTalk {
		t.startMuted()
	}
	return t.run(ctx, peer.JoinOptions{
		Name:       name,
		Passphrase: passphrase,
		Peers:      members,
		Announce:   !f.noAnnounce,
		Discover:   !f.noDiscover,
		Admit:      func(p certs.Peer) bool { return t.admission.enters(s.book.recognise(p)) },
		Tell:       func(p certs.Peer) bool { return policyKnown.enters(s.book.recognise(p)) },
	})
}

// admission is who enters without knocking.
func (f *joinFlags) admission() policy {
	switch {
	case f.admit != "":
		return policy(f.admit)
	case f.passphraseFile != "":
		return policyAsk
	}
	return policyKnown
}

// open opens the room on the address of --listen, or on any port if nobody has
// asked for that one and it is taken.
func (f *joinFlags) open(s *session) error {
	socket, err := listenUDP(f.listen)
	if errors.Is(err, syscall.EADDRINUSE) && !f.command.Flags().Changed("listen") {
		socket, err = listenUDP(":0")
	}
	if err != nil {
		return err
	}
	s.open(socket)
	return nil
}

// members are the addresses of --peer.
func (f *joinFlags) members(ctx context.Context) ([]net.Addr, error) {
	if len(f.peers) == 0 {
		return nil, nil
	}
	var t target
	for _, host := range f.peers {
		t.hosts = append(t.hosts, withPort(host))
	}
	addrs, err := t.resolve(ctx, f.lan)
	if err != nil {
		return nil, fmt.Errorf("--peer: %w", err)
	}
	return addrs, nil
}
