package certs

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// issue remembers a ticket that is good for an hour after now.
func issue(t testing.TB, file TicketFile, now time.Time) *Ticket {
	t.Helper()
	ticket := &Ticket{ID: testID(1), Expires: now.Add(time.Hour), Secret: NewSecret()}
	if err := file.Issue(ticket, now); err != nil {
		t.Fatal(err)
	}
	return ticket
}

func TestTicketIsGoodOnce(t *testing.T) {
	file := TicketFile{filepath.Join(t.TempDir(), "state", "tickets")}
	now := time.Unix(1_700_000_000, 0)
	if err := file.Redeem(new(Secret), testID(2), now); !errors.Is(err, ErrTicketUnknown) {
		t.Errorf("without a file: %v", err)
	}
	used, withdrawn, other := issue(t, file, now), issue(t, file, now), issue(t, file, now)
	if err := file.Withdraw(&withdrawn.Secret, now); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		secret Secret
		after  time.Duration
		want   error
	}{
		{"at once", used.Secret, 0, nil},
		{"again", used.Secret, time.Second, ErrTicketUsed},
		{"again, too late", used.Secret, 2 * time.Hour, ErrTicketUsed},
		{"withdrawn", withdrawn.Secret, 0, ErrTicketExpired},
		{"too late", other.Secret, time.Hour, ErrTicketExpired},
		{"at the last moment", other.Secret, time.Hour - 1, nil},
		{"never issued", NewSecret(), 0, ErrTicketUnknown},
		{"no secret", Secret{}, 0, ErrTicketUnknown},
	} {
		if err := file.Redeem(&test.secret, testID(2), now.Add(test.after)); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	if err := file.Withdraw(&used.Secret, now); err != nil {
		t.Error(err)
	}
	if err := file.Redeem(&used.Secret, testID(2), now); !errors.Is(err, ErrTicketUsed) {
		t.Errorf("a used ticket that was withdrawn: %v", err)
	}
}

func TestTicketIsGoodOnceForManyAtATime(t *testing.T) {
	file := TicketFile{filepath.Join(t.TempDir(), "tickets")}
	now := time.Unix(1_700_000_000, 0)
	ticket := issue(t, file, now)
	var let atomic.Int32
	var guests sync.WaitGroup
	for range 8 {
		guests.Go(func() {
			switch err := file.Redeem(&ticket.Secret, testID(2), now); {
			case err == nil:
				let.Add(1)
			case !errors.Is(err, ErrTicketUsed):
				t.Error(err)
			}
		})
	}
	if guests.Wait(); let.Load() != 1 {
		t.Errorf("%d guests were let in by one ticket", let.Load())
	}
}

func TestTicketFileHoldsNoSecretAndStaysSmall(t *testing.T) {
	file := TicketFile{filepath.Join(t.TempDir(), "tickets")}
	now := time.Unix(1_700_000_000, 0)
	ticket := issue(t, file, now)
	data, err := os.ReadFile(file.Path)
	if err != nil || len(data) == 0 {
		t.Fatal(err)
	}
	for encoding, secret := range secretForms(ticket.Secret[:]) {
		if strings.Contains(string(data), secret) {
			t.Errorf("the file holds the secret in %s: %s", encoding, data)
		}
	}
	var many []issuedTicket
	for n := range maxIssued {
		many = append(many, issuedTicket{Secret: hashSecret(&Secret{byte(n), byte(n >> 8)}), Expires: now, Used: now, By: testID(2)})
	}
	if err := file.update(func([]issuedTicket) ([]issuedTicket, error) { return many, nil }); err != nil {
		t.Fatal(err)
	}
	last := issue(t, file, now)
	if err := file.Redeem(&last.Secret, testID(2), now); err != nil {
		t.Errorf("in a full file: %v", err)
	}
	issue(t, file, now.Add(ticketMemory+2*time.Hour))
	if data, _ := os.ReadFile(file.Path); len(data) > 300 {
		t.Errorf("old tickets are never forgotten: %d bytes", len(data))
	}
}

func TestTicketFileThatIsNone(t *testing.T) {
	for _, text := range []string{"{", "{}", `[{"expires":"soon"}]`, `[{"by":"me"}]`, "[]x"} {
		file := TicketFile{writeFile(t, "tickets", []byte(text))}
		if err := file.Redeem(new(Secret), testID(2), time.Now()); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", text, err)
		}
		if err := file.Issue(&Ticket{Expires: time.Now()}, time.Now()); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzParseIssued(f *testing.F) {
	f.Add([]byte(`[{"secret_sha256":"00","expires":"2030-01-01T00:00:00Z","by":"25njqam-cweflpv-kl73j4s-zahhiho-c4xt3kt-cgjnpai-ngr5yhk-engd74r"}]`))
	f.Add([]byte("[]"))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, data []byte) {
		issued, err := parseIssued(data)
		if err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %v", data, err)
		}
		if err != nil && issued != nil {
			t.Errorf("%q: both %v and %v", data, issued, err)
		}
	})
}

// secretForms are the ways in which programs print bytes.
func secretForms(secret []byte) map[string]string {
	return map[string]string{
		"hex":     hex.EncodeToString(secret),
		"base64":  base64.RawStdEncoding.EncodeToString(secret)[:20],
		"base32":  base32Text.EncodeToString(secret)[:20],
		"decimal": strings.Trim(fmt.Sprint(secret), "[]"),
		"JSON":    strings.ReplaceAll(strings.Trim(fmt.Sprint(secret), "[]"), " ", ","),
	}
}

func TestIssued(t *testing.T) {
	f := TicketFile{Path: filepath.Join(t.TempDir(), "tickets")}
	ours, other := testTicket(t), NewSecret()
	if yes, err := f.Issued(&ours.Secret); yes || err != nil {
		t.Errorf("without a file: %v, %v", yes, err)
	}
	if err := f.Issue(&ours, beforeExpiry); err != nil {
		t.Fatal(err)
	}
	if yes, err := f.Issued(&ours.Secret); !yes || err != nil {
		t.Errorf("our ticket: %v, %v", yes, err)
	}
	if yes, err := f.Issued(&other); yes || err != nil {
		t.Errorf("another: %v, %v", yes, err)
	}
}
