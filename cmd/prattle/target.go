package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/skulltech/prattle/certs"
)

// defaultPort is the UDP port on which Prattle listens ("PRAT" on a telephone).
const defaultPort = "7728"

// target is whom to call.
type target struct {
	name   string        // how the person calls it
	want   certs.PeerID  // nobody else will do; zero: whoever answers
	hosts  []string      // HOST:PORT, to be tried in this order
	secret *certs.Secret // of a ticket, or nil
	known  bool          // want is the key of a contact
}

// errNoAddress says that it is known who to call, but not where.
var errNoAddress = errors.New("no address is known")

// parseTarget reads what `prattle call` is given: a ticket, the name or peer ID of
// a contact, or [PEERID@|NAME@]HOST[:PORT]. A name in the contacts goes before a
// host of that name.
func parseTarget(s string, known *certs.Known, now time.Time) (target, error) {
	if contact, err := known.ByName(s); err == nil {
		return contactTarget(contact)
	}
	if certs.IsTicket(s) {
		return ticketTarget(s, now)
	}
	if id, err := certs.ParsePeerID(s); err == nil {
		return peerTarget(id, known)
	}
	at := strings.LastIndexByte(s, '@')
	t := target{name: withPort(s[at+1:])}
	t.hosts = []string{t.name}
	if s[at+1:] == "" {
		return t, usage("try `prattle call NAME`, `prattle call HOST` or `prattle call PEERID@HOST:PORT`", "%q names no host", s)
	}
	if at >= 0 {
		return t, t.pin(s[:at], known)
	}
	return t, t.pinByAddress(known)
}

// contactTarget calls a contact where it says, or else at a host of its name.
func contactTarget(c certs.Contact) (target, error) {
	t := target{name: c.Name, want: c.ID, hosts: c.Addrs, known: true}
	if len(t.hosts) == 0 {
		t.hosts = []string{withPort(c.Name)}
	}
	return t, checkBlocked(c)
}

func checkBlocked(c certs.Contact) error {
	if c.Blocked {
		return &hinted{fmt.Errorf("%w: %s", certs.ErrBlockedPeer, c.Name), "`prattle contacts unblock " + shellQuote(c.Name) + "` changes that"}
	}
	return nil
}

func ticketTarget(text string, now time.Time) (target, error) {
	ticket, err := certs.ParseTicket(text, now)
	if err != nil {
		return target{}, err
	}
	if len(ticket.Addrs) == 0 {
		return target{}, &hinted{fmt.Errorf("%w: the ticket has none", errNoAddress), "ask for one made with --address"}
	}
	return target{name: ticket.ID.Short(), want: ticket.ID, hosts: ticket.Addrs, secret: &ticket.Secret}, nil
}

func peerTarget(id certs.PeerID, known *certs.Known) (target, error) {
	contact, err := known.ByID(id)
	if err == nil {
		return contactTarget(contact)
	}
	return target{}, &hinted{fmt.Errorf("%w of %s", errNoAddress, id.Short()), "try `prattle call PEERID@HOST`"}
}

// pin makes the target the one peer that who stands for: a peer ID or a contact.
func (t *target) pin(who string, known *certs.Known) error {
	contact, err := known.ByName(who)
	if err == nil {
		t.name, t.want, t.known = contact.Name, contact.ID, true
		return checkBlocked(contact)
	}
	if t.want, err = certs.ParsePeerID(who); err != nil {
		return usage("before the @ belongs a name in your contacts or a peer ID, which `prattle identity show` prints on the other side",
			"%q is not in your contacts, and %w", who, err)
	}
	return nil
}

// pinByAddress makes the target the contact who is at that address, if there is
// one such contact.
func (t *target) pinByAddress(known *certs.Known) error {
	var there []certs.Contact
	for _, c := range known.Contacts() {
		if slices.ContainsFunc(c.Addrs, func(addr string) bool { return strings.EqualFold(addr, t.hosts[0]) }) {
			there = append(there, c)
		}
	}
	if len(there) != 1 {
		return nil
	}
	t.name, t.want, t.known = there[0].Name, there[0].ID, true
	return checkBlocked(there[0])
}

// withPort adds the default port to a host that has none.
func withPort(host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), defaultPort)
}

// resolve finds the addresses of all hosts. One host without any is passed over
// if others have some.
func (t target) resolve(ctx context.Context) ([]net.Addr, error) {
	var addrs []net.Addr
	var failed error
	for _, host := range t.hosts {
		found, err := resolveHost(ctx, host)
		if err != nil && failed == nil {
			failed = err
		}
		addrs = append(addrs, found...)
	}
	if len(addrs) > 0 {
		return addrs, nil
	}
	return nil, failed
}

func resolveHost(ctx context.Context, hostPort string) ([]net.Addr, error) {
	host, service, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, usage("", "%w", err)
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "udp", service)
	if err != nil {
		return nil, usage("", "%w", err)
	}
	ips, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return nil, &hinted{fmt.Errorf("%w: %w", errNoHost, err), "check the spelling, or `prattle contacts add NAME PEERID --at HOST:PORT`"}
	}
	var addrs []net.Addr
	for _, ip := range ips {
		addrs = append(addrs, &net.UDPAddr{IP: ip.IP, Port: port, Zone: ip.Zone})
	}
	return addrs, nil
}
