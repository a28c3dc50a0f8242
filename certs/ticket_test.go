package certs

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// goldenTicket was computed by another program.
const goldenTicket = "prattle1abr5owuyagblccvx2vf75u6jmqdtudxbolz5vjrdewxqegti64dvcgtrh6zqaaabaibqibiga4eascqlbqgq4dyeyaaaeai6gadcaainxaaaaaaaaaaaaaaaaaaachrraagwc3djmnss4zlymfwxa3dfag5sxspipm"

var beforeExpiry = time.Unix(1_800_000_000, 0)

func testTicket(t testing.TB) Ticket {
	ticket := Ticket{
		ID:      PeerID(fromHex(t, goldenKey)),
		Addrs:   []string{"192.0.2.1:7728", "[2001:db8::1]:7729", "alice.example:443"},
		Expires: time.Unix(1_900_000_000, 0).UTC(),
	}
	for i := range ticket.Secret {
		ticket.Secret[i] = byte(i)
	}
	return ticket
}

func encodeTicket(t testing.TB, ticket Ticket) string {
	t.Helper()
	text, err := ticket.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func sameTicket(a, b Ticket) bool {
	return a.ID == b.ID && a.Secret.Equal(b.Secret) && a.Expires.Equal(b.Expires) && slices.Equal(a.Addrs, b.Addrs) &&
		slices.Equal(a.Servers, b.Servers)
}

func TestTicketGolden(t *testing.T) {
	want := testTicket(t)
	if got := encodeTicket(t, want); got != goldenTicket {
		t.Errorf("got  %s\nwant %s", got, goldenTicket)
	}
	for name, text := range map[string]string{
		"as printed":        goldenTicket,
		"upper case":        strings.ToUpper(goldenTicket),
		"broken over lines": " " + goldenTicket[:50] + "\r\n  " + goldenTicket[50:] + "\n",
	} {
		if got, err := ParseTicket(text, beforeExpiry); err != nil || !sameTicket(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestTicketErrors(t *testing.T) {
	ticket := testTicket(t)
	if got, err := ParseTicket(goldenTicket, ticket.Expires); !errors.Is(err, ErrTicketExpired) || !sameTicket(got, ticket) {
		t.Errorf("expired: %+v, %v", got, err)
	}
	if _, err := ParseTicket(goldenTicket, ticket.Expires.Add(-time.Nanosecond)); err != nil {
		t.Errorf("in its last moment: %v", err)
	}
	weak := ticket
	weak.ID = PeerID{}
	for name, test := range map[string]struct {
		text string
		want error
	}{
		"empty":           {"", ErrNotTicket},
		"a peer ID":       {goldenID, ErrNotTicket},
		"only the name":   {"prattle", ErrNotTicket},
		"endless":         {goldenTicket + strings.Repeat("a", 1<<20), ErrNotTicket},
		"next version":    {"prattle2" + goldenTicket[8:], ErrTicketVersion},
		"only the prefix": {"prattle1", ErrTicketTruncated},
		"something added": {goldenTicket + "a", ErrTicketDamaged},
		"twice":           {goldenTicket + goldenTicket, ErrTicketDamaged},
		"bad character":   {goldenTicket[:60] + "!" + goldenTicket[61:], ErrTicketDamaged},
		"bad at once":     {"prattle1!" + goldenTicket[9:], ErrTicketDamaged},
		"absurd length":   {"prattle1zzzz" + goldenTicket[12:], ErrTicketDamaged},
		"other letters":   {goldenTicket[:60] + "\u0441" + goldenTicket[61:], ErrTicketDamaged},
		"weak key":        {encodeTicket(t, weak), ErrWeakKey},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseTicket(test.text, beforeExpiry)
			if !errors.Is(err, test.want) || !sameTicket(got, Ticket{}) {
				t.Fatalf("got %+v, %v, want %v", got, err, test.want)
			}
			wantPlain(t, err.Error())
			if len(err.Error()) > 200 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
}

// Wherever a ticket is cut, it is told to be cut.
func TestTicketTruncated(t *testing.T) {
	for n := len(ticketPrefix); n < len(goldenTicket); n++ {
		if _, err := ParseTicket(goldenTicket[:n], beforeExpiry); !errors.Is(err, ErrTicketTruncated) {
			t.Errorf("%d characters: %v", n, err)
		}
	}
}

// Whatever character of a ticket is changed, it is refused; and unless that is
// in the length, it is told to be changed.
func TestTicketDamaged(t *testing.T) {
	const lengthChars = 4
	for i := len(ticketPrefix); i < len(goldenTicket); i++ {
		for _, c := range []byte("abcdefghijklmnopqrstuvwxyz234567") {
			if c == goldenTicket[i] {
				continue
			}
			_, err := ParseTicket(goldenTicket[:i]+string(c)+goldenTicket[i+1:], beforeExpiry)
			inLength := i < len(ticketPrefix)+lengthChars && errors.Is(err, ErrTicketTruncated)
			if !errors.Is(err, ErrTicketDamaged) && !inLength {
				t.Errorf("%c for %c at %d: %v", c, goldenTicket[i], i, err)
			}
		}
	}
}

func TestTicketEncodeRefuses(t *testing.T) {
	for name, change := range map[string]func(*Ticket){
		"no port":        func(t *Ticket) { t.Addrs[0] = "alice" },
		"port 0":         func(t *Ticket) { t.Addrs[0] = "alice:0" },
		"port too high":  func(t *Ticket) { t.Addrs[0] = "alice:65536" },
		"port by name":   func(t *Ticket) { t.Addrs[0] = "alice:http" },
		"no host":        func(t *Ticket) { t.Addrs[0] = ":7728" },
		"zone":           func(t *Ticket) { t.Addrs[0] = "[fe80::1%eth0]:7728" },
		"escape in host": func(t *Ticket) { t.Addrs[0] = "a\x1b[2J:7728" },
		"long host":      func(t *Ticket) { t.Addrs[0] = strings.Repeat("a", 254) + ":7728" },
		"nine addresses": func(t *Ticket) { t.Addrs = slices.Repeat([]string{"a:1"}, 9) },
		"before 1970":    func(t *Ticket) { t.Expires = time.Time{} },
		"after 2106":     func(t *Ticket) { t.Expires = time.Unix(1<<32, 0) },
	} {
		ticket := testTicket(t)
		change(&ticket)
		if text, err := ticket.Encode(); err == nil {
			t.Errorf("%s: %s", name, text)
		} else {
			wantPlain(t, err.Error())
		}
	}
}

func TestTicketRoundTrip(t *testing.T) {
	host := rapid.OneOf(
		rapid.Just("alice.example"), rapid.Just(strings.Repeat("a", 253)), rapid.Just("192.0.2.1"),
		rapid.Just("2001:db8::1"), rapid.StringMatching(`[a-z0-9]([a-z0-9.]?[a-z0-9-]){0,20}`),
	)
	rapid.Check(t, func(t *rapid.T) {
		want := Ticket{
			ID:      testID(rapid.IntRange(0, 1<<16-1).Draw(t, "key")),
			Expires: time.Unix(int64(rapid.Uint32().Draw(t, "expires")), 0),
		}
		copy(want.Secret[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "secret"))
		for range rapid.IntRange(0, 8).Draw(t, "addresses") {
			h := host.Draw(t, "host")
			if strings.Contains(h, ":") {
				h = "[" + h + "]"
			}
			want.Addrs = append(want.Addrs, fmt.Sprintf("%s:%d", h, rapid.Uint16Min(1).Draw(t, "port")))
		}
		for range rapid.IntRange(0, 2).Draw(t, "servers") {
			server := Server{Addr: fmt.Sprintf("server.example:%d", rapid.Uint16Min(1).Draw(t, "port"))}
			if rapid.Bool().Draw(t, "pinned") {
				server.ID = testID(rapid.IntRange(0, 1<<16-1).Draw(t, "server key"))
			}
			want.Servers = append(want.Servers, server)
		}
		text, err := want.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseTicket(text, want.Expires.Add(-time.Second))
		if err != nil || !sameTicket(got, want) {
			t.Fatalf("got %+v, %v\nwant %+v", got, err, want)
		}
	})
}

func TestIPv4InIPv6IsIPv4(t *testing.T) {
	ticket := testTicket(t)
	ticket.Addrs = []string{"[::ffff:192.0.2.1]:7728"}
	got, err := ParseTicket(encodeTicket(t, ticket), beforeExpiry)
	if err != nil || !slices.Equal(got.Addrs, []string{"192.0.2.1:7728"}) {
		t.Errorf("got %v, %v", got.Addrs, err)
	}
}

func TestIsTicket(t *testing.T) {
	whole := encodeTicket(t, testTicket(t))
	for text, want := range map[string]bool{
		whole: true, strings.ToUpper(whole): true, " " + whole[:40] + "\n " + whole[40:] + "\n": true,
		whole[:12]: true, "prattle1": true, "prattle2abc": true,
		"prattle": false, "prattle.example": false, "prattle1.example": false, "prattle1:7728": false,
		testID(1).String(): false, "alice": false, "": false,
	} {
		if got := IsTicket(text); got != want {
			t.Errorf("IsTicket(%q) = %v", text, got)
		}
	}
}

func TestTicketNeverPrintsItsSecret(t *testing.T) {
	ticket := testTicket(t)
	ticket.Secret = NewSecret()
	var out bytes.Buffer
	for _, verb := range strings.Fields("%v %+v %#v %d %x %X %s %q") {
		fmt.Fprintf(&out, verb+"\n", ticket.Secret)
		fmt.Fprintf(&out, verb+"\n", ticket)
		fmt.Fprintf(&out, verb+"\n", &ticket)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("hello", "ticket", ticket)
	slog.New(slog.NewTextHandler(&out, nil)).Info("hello", "ticket", ticket, "secret", ticket.Secret)
	if err := json.NewEncoder(&out).Encode(ticket); err != nil {
		t.Fatal(err)
	}
	secret := hex.EncodeToString(ticket.Secret[:])
	for _, form := range []string{
		secret, strings.ToUpper(secret), strings.Trim(fmt.Sprint(ticket.Secret[:]), "[]"),
		base32Text.EncodeToString(ticket.Secret[:])[:20],
	} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the secret is in the output as %s", form)
		}
	}
	if a, b := NewSecret(), NewSecret(); a.Equal(b) || !a.Equal(a) {
		t.Error("secrets are not random, or do not compare")
	}
}

func FuzzParseTicket(f *testing.F) {
	f.Add(goldenTicket)
	f.Add(strings.ToUpper(goldenTicket))
	f.Add(goldenTicket[:90])
	f.Add("prattle2abc")
	f.Add("prattle1\u017faaa")
	f.Fuzz(func(t *testing.T, text string) {
		ticket, err := ParseTicket(text, beforeExpiry)
		if err != nil && !errors.Is(err, ErrTicketExpired) {
			wantPlain(t, err.Error())
			return
		}
		again, err := ParseTicket(encodeTicket(t, ticket), time.Unix(-1, 0))
		if err != nil || !sameTicket(again, ticket) {
			t.Errorf("%q is read as %+v, and that as %+v, %v", text, ticket, again, err)
		}
	})
}

// FuzzTicketBody passes the checksum by, which a fuzzer cannot guess.
func FuzzTicketBody(f *testing.F) {
	body, err := ticketBytes(goldenTicket)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add(append(body, 0, 255))
	f.Add(append(body, 7))
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) < ticketFixed-ticketChecksum || len(body) > maxTicketBody {
			return // as ticketBytes sees to
		}
		ticket, err := parseTicketBody(body)
		if err != nil {
			wantPlain(t, err.Error())
			return
		}
		for _, addr := range ticket.Addrs {
			wantPlain(t, addr)
		}
		again, err := ParseTicket(encodeTicket(t, ticket), time.Unix(-1, 0))
		if err != nil || !sameTicket(again, ticket) {
			t.Errorf("%x is read as %+v, and that as %+v, %v", body, ticket, again, err)
		}
	})
}
