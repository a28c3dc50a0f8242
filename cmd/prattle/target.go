package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
)

// defaultPort is the UDP port on which Prattle listens ("PRAT" on a telephone).
const defaultPort = "7728"

// target is whom to call.
type target struct {
	name   string         // how the person calls it
	want   certs.PeerID   // nobody else will do; zero: whoever answers
	hosts  []string       // HOST:PORT, to be tried in this order
	via    []certs.Server // where to ask for them
	secret *certs.Secret  // of a ticket, or nil
	known  bool           // want is the key of a contact
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

// contactTarget calls a contact where it says.
func contactTarget(c certs.Contact) (target, error) {
	return target{name: c.Name, want: c.ID, hosts: c.Addrs, via: c.Servers, known: true}, checkBlocked(c)
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
	return target{name: ticket.ID.Short(), want: ticket.ID, hosts: ticket.Addrs, via: ticket.Servers, secret: &ticket.Secret}, nil
}

func peerTarget(id certs.PeerID, known *certs.Known) (target, error) {
	contact, err := known.ByID(id)
	if err == nil {
		return contactTarget(contact)
	}
	return target{name: id.Short(), want: id}, nil
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

// ask adds the rendezvous of our own to those of a peer that is known, and sees
// to it that there is some way to it: for a contact, a host of its name may be.
func (t *target) ask(own []certs.Server) error {
	if !t.want.IsZero() {
		t.via = distinct(slices.Concat(t.via, own)) // one that is asked twice has the other side ring twice
	}
	switch {
	case len(t.hosts)+len(t.via) > 0:
		return nil
	case t.secret != nil:
		return &hinted{fmt.Errorf("%w: the ticket has none", errNoAddress), "ask for one made with --address, or name a rendezvous with --server"}
	case t.known:
		t.hosts = []string{withPort(t.name)}
		return nil
	}
	return &hinted{fmt.Errorf("%w of %s", errNoAddress, t.name), "try `prattle call PEERID@HOST`, or name a rendezvous with --server"}
}

// distinct leaves out what is in a list already.
func distinct[T comparable](list []T) (once []T) {
	for _, v := range list {
		if !slices.Contains(once, v) {
			once = append(once, v)
		}
	}
	return once
}

// withPort adds the default port to a host that has none.
func withPort(host string) string { return withDefaultPort(host, defaultPort) }

// resolve finds the addresses of all hosts. One host without any is passed over
// if others have some, or there is a rendezvous to ask.
func (t target) resolve(ctx context.Context, lan bool) ([]net.Addr, error) {
	var addrs []net.Addr
	var failed error
	for _, host := range t.hosts {
		find := resolveHost
		if lan {
			find = neighbour
		}
		found, err := find(ctx, host)
		if err != nil && failed == nil {
			failed = err
		}
		addrs = append(addrs, found...)
	}
	if len(addrs)+len(t.via) > 0 {
		return addrs, nil
	}
	return nil, failed
}

// neighbour takes an address of the local network. To look a name up might lead
// beyond.
func neighbour(_ context.Context, hostPort string) ([]net.Addr, error) {
	addr, err := netip.ParseAddrPort(hostPort)
	if err != nil {
		return nil, usage("--lan asks no name server: give the address", "%s is a name", hostPort)
	}
	if !quicproto.OnLink(addr.Addr()) {
		return nil, usage("without --lan it can be called", "%s is not on the local network", addr.Addr())
	}
	return []net.Addr{net.UDPAddrFromAddrPort(addr)}, nil
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
