package certs

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"
)

// Errors of a ticket whose secret is presented to the peer that is said to have
// issued it; ErrTicketExpired is another.
var (
	ErrTicketUsed    = errors.New("ticket has been used already")
	ErrTicketUnknown = errors.New("the other side has not issued this ticket")
)

// MaxTicketLife bounds how long a ticket may be good.
const MaxTicketLife = 30 * 24 * time.Hour

const (
	// ticketMemory is how long a ticket that is no longer good is remembered, to
	// say what became of it.
	ticketMemory   = MaxTicketLife
	maxIssued      = 500       // tickets remembered, the latest
	maxIssuedBytes = 256 << 10 // of their file
)

// TicketFile remembers on disk which tickets were issued and which are used, for
// all programs of one user. It holds no secret: what it has of a ticket's is a
// SHA-256, and nobody guesses 128 bits. It is safe for concurrent use, by many
// processes too. Secrets come by pointer: what is passed by value is in the stack
// trace of a panic.
type TicketFile struct {
	Path string
}

// issuedTicket is one ticket in the file.
type issuedTicket struct {
	Secret  string    `json:"secret_sha256"` // in hex
	Expires time.Time `json:"expires"`
	Used    time.Time `json:"used,omitzero"`
	By      PeerID    `json:"by,omitzero"`
}

// Issue remembers a ticket that is about to be given away.
func (f TicketFile) Issue(t *Ticket, now time.Time) error {
	return f.update(func(issued []issuedTicket) ([]issuedTicket, error) {
		issued = slices.DeleteFunc(issued, func(i issuedTicket) bool { return now.Sub(i.Expires) > ticketMemory })
		if len(issued) >= maxIssued {
			issued = slices.Delete(issued, 0, len(issued)-maxIssued+1)
		}
		return append(issued, issuedTicket{Secret: hashSecret(&t.Secret), Expires: t.Expires.UTC()}), nil
	})
}

// Redeem uses a ticket up. Of all who present its secret, one gets no error; the
// others' wraps ErrTicketUsed, ErrTicketExpired or ErrTicketUnknown.
func (f TicketFile) Redeem(s *Secret, by PeerID, now time.Time) error {
	return f.change(s, func(i *issuedTicket) error {
		switch {
		case !i.Used.IsZero():
			return ErrTicketUsed
		case !now.Before(i.Expires):
			return ErrTicketExpired
		}
		i.Used, i.By = now.UTC(), by
		return nil
	})
}

// Issued says whether a ticket is one of ours, good or not any more.
func (f TicketFile) Issued(s *Secret) (bool, error) {
	data, err := SharedFile{Path: f.Path, Limit: maxIssuedBytes}.Read()
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("issued tickets: %w", err)
	}
	issued, err := parseIssued(data)
	if err != nil {
		return false, fmt.Errorf("issued tickets: %s: %w", f.Path, err)
	}
	hash := hashSecret(s)
	return slices.ContainsFunc(issued, func(i issuedTicket) bool { return i.Secret == hash }), nil
}

// Withdraw ends the time of a ticket that nobody has used.
func (f TicketFile) Withdraw(s *Secret, now time.Time) error {
	return f.change(s, func(i *issuedTicket) error {
		if i.Used.IsZero() && now.Before(i.Expires) {
			i.Expires = now.UTC()
		}
		return nil
	})
}

func (f TicketFile) change(s *Secret, edit func(*issuedTicket) error) error {
	hash := hashSecret(s)
	return f.update(func(issued []issuedTicket) ([]issuedTicket, error) {
		at := slices.IndexFunc(issued, func(i issuedTicket) bool { return i.Secret == hash })
		if at < 0 {
			return nil, ErrTicketUnknown
		}
		return issued, edit(&issued[at])
	})
}

func (f TicketFile) update(edit func([]issuedTicket) ([]issuedTicket, error)) error {
	file := SharedFile{Path: f.Path, Limit: maxIssuedBytes}
	err := file.Update(func(before []byte) ([]byte, error) {
		issued, err := parseIssued(before)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Path, err)
		}
		if issued, err = edit(issued); err != nil {
			return nil, err
		}
		after, err := json.Marshal(issued)
		return append(after, '\n'), err
	})
	if err != nil {
		return fmt.Errorf("issued tickets: %w", err)
	}
	return nil
}

func parseIssued(data []byte) ([]issuedTicket, error) {
	if len(data) == 0 {
		return nil, nil
	}
	var issued []issuedTicket
	if err := json.Unmarshal(data, &issued); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return issued, nil
}

func hashSecret(s *Secret) string {
	sum := sha256.Sum256(s[:])
	return hex.EncodeToString(sum[:])
}
