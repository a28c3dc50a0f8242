package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/skulltech/prattle/quicproto"
)

type netcheckFlags struct {
	identity            string
	servers, stun, turn []string
	probes              int
	json                bool
}

func newNetcheckCommand() *cobra.Command {
	var f netcheckFlags
	c := &cobra.Command{
		Use:   "netcheck",
		Short: "Tell what this network allows",
		Long: `Tell what this network allows and what that means for calls: whether UDP and IPv6
come through, what kind of NAT stands before this machine, the largest packets,
whether the router forwards ports, how far the servers are, and whether a rendezvous
is reached over UDP or over TLS alone.

One STUN server tells of UDP, two of the NAT as well; a relay is tested with the
credentials that it is given. It takes some seconds.`,
		Example: `  prattle netcheck --stun stun.example.org --stun stun.example.net
  prattle netcheck --turn turn:alice:secret@relay.example.org --turn turns:alice:secret@relay.example.org:443
  prattle netcheck --server meet.example.org
  prattle netcheck --stun stun.example.org --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runNetcheck(c, &f) },
	}
	s := c.Flags()
	s.StringVar(&f.identity, "identity", "", "identity `FILE` to show to a rendezvous (default: one of your own, made at first use)")
	s.StringArrayVar(&f.servers, "server", nil, "`[PEERID@]HOST[:PORT]` of a rendezvous (prattled), whose STUN server and relay are looked at too; may be repeated")
	s.StringArrayVar(&f.stun, "stun", nil, "STUN server `HOST[:PORT]`; may be repeated")
	s.StringArrayVar(&f.turn, "turn", nil, "relay `turn:[USER:PASSWORD@]HOST[:PORT]` (or turns:); may be repeated")
	s.IntVar(&f.probes, "probes", 20, "packets sent to each server to measure it")
	s.BoolVar(&f.json, "json", false, "print JSON")
	return c
}

// maxNetcheckProbes bounds what a server is sent: a minute's worth.
const maxNetcheckProbes = 1000

func runNetcheck(c *cobra.Command, f *netcheckFlags) error {
	if f.probes < 1 || f.probes > maxNetcheckProbes {
		return usage("", "--probes: %d is not between 1 and %d", f.probes, maxNetcheckProbes)
	}
	turn, err := parseRelays(f.turn)
	if err != nil {
		return err
	}
	if err := quicproto.CheckServers(f.stun, turn); err != nil {
		return usage("--stun takes HOST[:PORT], --turn a URL like turn:USER:PASSWORD@HOST[:PORT]", "%w", err)
	}
	servers := quicproto.NetcheckConfig{STUN: f.stun, TURN: turn, Probes: f.probes}
	points, err := f.meetingPoints(c.Context())
	if err != nil {
		return err
	}
	for i := range points {
		points[i].use(&servers)
	}
	return netcheck(c.Context(), c.OutOrStdout(), servers, points, f.json)
}

// meetingPoints looks at the rendezvous that were named.
func (f *netcheckFlags) meetingPoints(ctx context.Context) (points []meetingPoint, err error) {
	list, err := parseServers(f.servers)
	if err != nil {
		return nil, usage("it takes HOST, HOST:PORT or PEERID@HOST:PORT", "--server: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	s := &settings{callFlags: callFlags{identity: f.identity}}
	if err := s.loadIdentity(); err != nil {
		return nil, err
	}
	for _, server := range list {
		points = append(points, lookAt(ctx, s.id, server))
	}
	return points, nil
}

// netcheck looks at the network by some servers and prints what it finds.
func netcheck(ctx context.Context, w io.Writer, servers quicproto.NetcheckConfig, points []meetingPoint, asJSON bool) error {
	report := quicproto.Netcheck(ctx, servers)
	if err := printNetReport(w, &report, points, asJSON); err != nil {
		return err
	}
	for _, p := range points {
		if p.err != nil {
			return whyUnregistered(p.server.Addr, p.err)
		}
	}
	return judgeNetReport(&report)
}

func printNetReport(w io.Writer, r *quicproto.NetReport, points []meetingPoint, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(newNetReportJSON(r, points))
	}
	return writeNetReport(w, r, points)
}

// judgeNetReport returns an error if calls beyond this network cannot be expected.
func judgeNetReport(r *quicproto.NetReport) error {
	for i := range r.Servers {
		if r.Servers[i].Answers() {
			return nil
		}
	}
	switch {
	case len(r.Problems) > 0:
		return &hinted{fmt.Errorf("%w: %w", quicproto.ErrUnreachable, r.Problems[0]), "is there a network at all, and are the names right?"}
	case len(r.Servers) == 0:
		return nil
	}
	return &hinted{fmt.Errorf("%d servers asked: %w", len(r.Servers), quicproto.ErrUnreachable),
		"is there a network at all? if so it blocks UDP, or the servers are down: try --turn turns:HOST:443"}
}
