package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
)

func TestParseTarget(t *testing.T) {
	alice, bob, eve, stranger := newIdentity(t).ID(), newIdentity(t).ID(), newIdentity(t).ID(), newIdentity(t).ID()
	book := newBook(t,
		certs.Contact{Name: "alice", ID: alice, Addrs: []string{"a.example:7000", "192.0.2.1:7728"}},
		certs.Contact{Name: "bob@example.org", ID: bob},
		certs.Contact{Name: "eve", ID: eve, Blocked: true, Addrs: []string{"e.example:7728"}},
		certs.Contact{Name: "twin1", ID: newIdentity(t).ID(), Addrs: []string{"t.example:7728"}},
		certs.Contact{Name: "twin2", ID: newIdentity(t).ID(), Addrs: []string{"t.example:7728"}},
	)
	now := time.Unix(1_700_000_000, 0)
	ticket := certs.Ticket{ID: stranger, Expires: now.Add(time.Hour), Secret: certs.NewSecret(), Addrs: []string{"192.0.2.9:7728"}}
	text, err := ticket.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for arg, want := range map[string]target{
		"alice":                            {name: "alice", want: alice, hosts: []string{"a.example:7000", "192.0.2.1:7728"}, known: true},
		"ALICE":                            {name: "alice", want: alice, hosts: []string{"a.example:7000", "192.0.2.1:7728"}, known: true},
		"bob@example.org":                  {name: "bob@example.org", want: bob, hosts: []string{"bob@example.org:7728"}, known: true},
		"bob@example.org@c.example":        {name: "bob@example.org", want: bob, hosts: []string{"c.example:7728"}, known: true},
		"alice@192.0.2.7:1":                {name: "alice", want: alice, hosts: []string{"192.0.2.7:1"}, known: true},
		alice.String():                     {name: "alice", want: alice, hosts: []string{"a.example:7000", "192.0.2.1:7728"}, known: true},
		"A.example:7000":                   {name: "alice", want: alice, hosts: []string{"A.example:7000"}, known: true},
		"a.example":                        {name: "a.example:7728", hosts: []string{"a.example:7728"}},
		"192.0.2.1":                        {name: "alice", want: alice, hosts: []string{"192.0.2.1:7728"}, known: true},
		"t.example":                        {name: "t.example:7728", hosts: []string{"t.example:7728"}},
		"::1":                              {name: "[::1]:7728", hosts: []string{"[::1]:7728"}},
		"[::1]:9":                          {name: "[::1]:9", hosts: []string{"[::1]:9"}},
		stranger.String() + "@h.example":   {name: "h.example:7728", want: stranger, hosts: []string{"h.example:7728"}},
		text:                               {name: stranger.Short(), want: stranger, hosts: []string{"192.0.2.9:7728"}, secret: &ticket.Secret},
		" " + strings.ToUpper(text) + "\n": {name: stranger.Short(), want: stranger, hosts: []string{"192.0.2.9:7728"}, secret: &ticket.Secret},
	} {
		got, err := parseTarget(arg, book.list(), now)
		if err == nil {
			err = got.ask(nil)
		}
		same := got.name == want.name && got.want == want.want && slices.Equal(got.hosts, want.hosts) &&
			got.known == want.known && (got.secret == nil) == (want.secret == nil) &&
			(got.secret == nil || got.secret.Equal(*want.secret))
		if got.secret != nil && want.secret != nil {
			same = same && *got.secret == *want.secret
		}
		if err != nil || !same {
			t.Errorf("%q: %+v, %v, want %+v", arg, got, err, want)
		}
	}
	for arg, want := range map[string]int{
		"eve": exitIdentity, "eve@192.0.2.1": exitIdentity, "e.example": exitIdentity, eve.String(): exitIdentity,
		"": exitUsage, "@": exitUsage, "alice@": exitUsage, "nobody@host": exitUsage, stranger.String()[:60] + "@host": exitUsage,
		"prattle1abc": exitUsage, text[:50]: exitUsage, altered(text, 50): exitUsage, "prattle9" + text[8:]: exitUsage,
		stranger.String(): exitNotFound,
	} {
		got, err := parseTarget(arg, book.list(), now)
		if err == nil {
			err = got.ask(nil)
		}
		if err == nil {
			t.Errorf("%q: no error", arg)
			continue
		}
		if code, hint := classify(err); code != want || hint == "" {
			t.Errorf("%q: exit %d, want %d; %v; hint %q", arg, code, want, err, hint)
		}
	}
	if _, err := parseTarget(text, book.list(), ticket.Expires); !errors.Is(err, certs.ErrTicketExpired) {
		t.Errorf("an expired ticket: %v", err)
	}
}

// altered is text with another letter at i, whatever stands there.
func altered(text string, i int) string {
	other := "x"
	if text[i] == 'x' {
		other = "q"
	}
	return text[:i] + other + text[i+1:]
}

// Whatever is wrong with a ticket, the person is told what it is and what to do.
func TestTicketErrorsDiffer(t *testing.T) {
	seen := make(map[string]error)
	for _, err := range []error{
		certs.ErrNotTicket, certs.ErrTicketVersion, certs.ErrTicketTruncated, certs.ErrTicketDamaged,
		certs.ErrTicketExpired, certs.ErrTicketUsed, certs.ErrTicketUnknown,
	} {
		code, hint, ok := classifyTrust(err)
		if !ok || code == exitOther || hint == "" {
			t.Errorf("%v: exit %d, hint %q", err, code, hint)
		}
		if other := seen[hint]; other != nil {
			t.Errorf("%v and %v have the same hint: %s", err, other, hint)
		}
		seen[hint] = err
	}
}
