package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/peer"
)

type inviteFlags struct {
	callFlags
	listen    string
	addresses []string
	expires   time.Duration
	noWait    bool
	qr        bool
}

func newInviteCommand() *cobra.Command {
	var f inviteFlags
	c := &cobra.Command{
		Use:   "invite",
		Short: "Make a ticket for one call, and wait for it",
		Long: `Make a ticket, which lets whoever has it call you once, and wait for that call.

The ticket is one line of text. Give it to somebody by a way that others cannot
read: they type "prattle call TICKET", are answered at once, and both of you know
that it is the other. It holds your peer ID, addresses of this machine, the time at
which it expires and a secret.

Ctrl-C makes the ticket worthless. With --no-wait it stays good, and the
"prattle listen" that runs here, or will, takes the call.`,
		Example: `  prattle invite
  prattle invite --expires 10m --address alice.example:7728
  prattle invite --no-wait | wl-copy`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !c.Flags().Changed("qr") {
				f.qr = isTerminal(c.ErrOrStderr()) && !f.json
			}
			return runInvite(c.Context(), &f, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f.register(c)
	registerListen(c, &f.listen)
	s := c.Flags()
	s.StringArrayVar(&f.addresses, "address", nil, "`HOST[:PORT]` where you can be reached; may be repeated (default: those of this machine)")
	s.DurationVar(&f.expires, "expires", time.Hour, "how long the ticket is good (10m, 24h)")
	s.BoolVar(&f.noWait, "no-wait", false, "print the ticket and exit")
	s.BoolVar(&f.qr, "qr", false, "show the ticket as a QR code too (default: in a terminal)")
	return c
}

func runInvite(ctx context.Context, f *inviteFlags, out, errs io.Writer) (err error) {
	if f.expires < time.Second || f.expires > certs.MaxTicketLife {
		return f.bad("expires", "", fmt.Errorf("%v is not between 1s and %d days", f.expires, certs.MaxTicketLife/(24*time.Hour)))
	}
	if f.noWait {
		return inviteAndLeave(f, out, errs)
	}
	s, err := newSession(&f.callFlags, f.listen, policyTicket)
	if errors.Is(err, syscall.EADDRINUSE) {
		return &hinted{err, "if a prattle listens there, `prattle invite --no-wait` lets that one take the call"}
	}
	if err != nil {
		return err
	}
	defer s.close(&err)
	ticket, err := f.issue(s.settings.id, s.tickets, s.room.Addr().(*net.UDPAddr))
	if err != nil {
		return err
	}
	defer func() { s.tickets.Withdraw(&ticket.Secret, time.Now()) }() // nobody is here any more to take the call
	ctx, cancel := s.untilSignal(ctx)
	defer cancel()
	if err := s.room.Listen(); err != nil {
		return err
	}
	s.enlist()
	if err := f.print(ticket, out, errs); err != nil {
		return err
	}
	link, err := s.awaitGuest(ctx, ticket)
	if err != nil {
		return s.stoppedOr(err)
	}
	return s.follow(ctx, link, nil)
}

// awaitGuest waits for the ticket to be used.
func (s *session) awaitGuest(ctx context.Context, t certs.Ticket) (*peer.Link, error) {
	expiry, cancel := context.WithDeadline(ctx, t.Expires)
	defer cancel()
	link, err := s.awaitCall(expiry)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, &hinted{fmt.Errorf("%w: nobody used the ticket before it expired", peer.ErrNoAnswer), "`prattle invite --expires` makes one that lasts longer"}
	}
	return link, err
}

// inviteAndLeave makes a ticket for a listener that is, or will be, another process.
func inviteAndLeave(f *inviteFlags, out, errs io.Writer) error {
	s := &settings{callFlags: f.callFlags}
	if err := s.loadIdentity(); err != nil {
		return err
	}
	addr, err := net.ResolveUDPAddr("udp", f.listen)
	if err != nil {
		return f.bad("listen", "", err)
	}
	tickets, err := ticketFile()
	if err != nil {
		return err
	}
	ticket, err := f.issue(s.id, tickets, addr)
	if err != nil {
		return err
	}
	return f.print(ticket, out, errs)
}

// issue makes the ticket and remembers it.
func (f *inviteFlags) issue(id *certs.Identity, tickets certs.TicketFile, listen *net.UDPAddr) (certs.Ticket, error) {
	now := time.Now()
	ticket := certs.Ticket{ID: id.ID(), Expires: now.Add(f.expires + time.Second - 1).Truncate(time.Second), Secret: certs.NewSecret()}
	var err error
	if ticket.Servers, err = parseServers(f.servers); err != nil {
		return ticket, f.bad("server", "", err)
	}
	for _, host := range f.addresses {
		ticket.Addrs = append(ticket.Addrs, withPort(host))
	}
	if len(ticket.Addrs) == 0 && !f.relayOnly {
		ticket.Addrs = reachableAt(listen.AddrPort())
	}
	if len(ticket.Addrs)+len(ticket.Servers) == 0 {
		return ticket, &hinted{errNoAddress, "--address says where you can be reached, or --server who knows it"}
	}
	if _, err := ticket.Encode(); err != nil {
		return ticket, f.bad("address", "", err)
	}
	return ticket, tickets.Issue(&ticket, now)
}

// print gives the ticket to standard output, which may be a pipe, and says on
// standard error what is in it.
func (f *inviteFlags) print(t certs.Ticket, out, errs io.Writer) error {
	text, err := t.Encode()
	if err != nil {
		return err
	}
	if f.json {
		return json.NewEncoder(out).Encode(struct {
			Ticket  string         `json:"ticket"`
			PeerID  certs.PeerID   `json:"peer_id"`
			Addrs   []string       `json:"at"`
			Servers []certs.Server `json:"via,omitempty"`
			Expires time.Time      `json:"expires"`
		}{text, t.ID, t.Addrs, t.Servers, t.Expires.UTC()})
	}
	if f.qr {
		if err := printQR(errs, text); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintln(out, text); err != nil {
		return err
	}
	fmt.Fprintf(errs, "whoever has this ticket can call you once, until %s, and is answered at once\n", t.Expires.Local().Format("15:04 on 2 January"))
	fmt.Fprintf(errs, "  it tells them your peer ID and that you are at %s\n", strings.Join(places(t), ", "))
	if !f.noWait {
		fmt.Fprintln(errs, "waiting for the call; Ctrl-C makes the ticket worthless")
	}
	return nil
}

// places are where a ticket says that its maker is.
func places(t certs.Ticket) []string {
	all := slices.Clone(t.Addrs)
	for _, s := range t.Servers {
		all = append(all, "the rendezvous "+s.Addr)
	}
	return all
}
