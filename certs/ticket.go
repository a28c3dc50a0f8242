package certs

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode"
)

// A ticket in text is "prattle1" and, in lower-case base32 (RFC 4648), which
// passes unharmed through chats, shells and QR codes:
//
//	length    2 bytes, big-endian: of all that follows
//	key       32 bytes
//	expiry    4 bytes, big-endian: Unix seconds
//	secret    16 bytes
//	addresses kind (1 byte), then; at most 8 of the peer's own
//	          kind 4: IPv4 address (4 bytes), port (2 bytes)
//	          kind 6: IPv6 address (16 bytes), port (2 bytes)
//	          kind 0: length (1 byte), name, port (2 bytes)
//	          kind 1: peer ID (32 bytes, or zeros), then one of the three above:
//	                  a rendezvous; at most 2 of these
//	checksum  4 bytes: the first of SHA-256 over a label and all before
//
// The length tells a ticket that was cut short from one that was changed. The
// checksum is against accidents. Who changes a ticket on purpose can as well
// write one of their own: a ticket is worth as much as the way it came.

const (
	ticketPrefix      = "prattle1"
	ticketLabel       = "prattle ticket v1" // sets the checksum apart from other uses of SHA-256
	ticketChecksum    = 4                   // bytes
	ticketLengthChars = 4                   // characters that hold the length
	ticketFixed       = 32 + 4 + SecretSize + ticketChecksum
	maxTicketAddr     = 1 + 1 + maxHost + 2
	maxTicketBody     = ticketFixed + maxAddrs*maxTicketAddr + maxServers*(1+32+maxTicketAddr)
	maxTicketText     = 8 << 10 // bytes of text looked at: twice the longest ticket
)

// Errors of ParseTicket.
var (
	ErrNotTicket       = errors.New("not a ticket")
	ErrTicketVersion   = errors.New("ticket is for another version of prattle")
	ErrTicketTruncated = errors.New("ticket is cut short: copy the whole of it")
	ErrTicketDamaged   = errors.New("ticket was changed on its way: its checksum does not match")
	ErrTicketExpired   = errors.New("ticket has expired")
)

// IsTicket says whether text is meant as a ticket, be it a whole one or not: no
// peer ID looks like that, nor a host's name with a dot or a port.
func IsTicket(text string) bool {
	body, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(text)), ticketPrefix[:len(ticketPrefix)-1])
	return ok && body != "" && '0' <= body[0] && body[0] <= '9' &&
		strings.Trim(body[1:], "abcdefghijklmnopqrstuvwxyz0123456789 \t\r\n") == ""
}

// Ticket introduces a peer to whoever holds it: the full key, where to find the
// peer, and a secret by which the peer knows its guest.
type Ticket struct {
	ID      PeerID
	Addrs   []string  // at most 8, HOST:PORT
	Servers []Server  // rendezvous where the peer can be found, at most 2
	Expires time.Time // whole seconds, until the year 2106
	Secret  Secret    // good for one use
}

// SecretSize is the length of a Secret in bytes: nobody guesses 128 bits.
const SecretSize = 16

// Secret admits the bearer of a ticket, once. It prints as "[secret]".
type Secret [SecretSize]byte

// NewSecret draws a secret.
func NewSecret() Secret {
	var s Secret
	rand.Read(s[:]) // never fails (crypto/rand)
	return s
}

// Equal compares in constant time.
func (s Secret) Equal(other Secret) bool { return subtle.ConstantTimeCompare(s[:], other[:]) == 1 }

// Format hides the secret whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, "[secret]") }

// MarshalText hides the secret from JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// String describes the ticket without giving it away; Encode gives it.
func (t Ticket) String() string {
	return fmt.Sprintf("ticket of %s until %s", t.ID.Short(), t.Expires.UTC().Format(time.RFC3339))
}

// Encode returns the text of the ticket, which is a secret. It fails if an
// address is not HOST:PORT or if there are too many.
func (t Ticket) Encode() (string, error) {
	expires := t.Expires.Unix()
	if expires < 0 || expires > math.MaxUint32 {
		return "", fmt.Errorf("encode ticket: expiry %s is out of range", t.Expires)
	}
	if len(t.Addrs) > maxAddrs {
		return "", fmt.Errorf("encode ticket: %d addresses, at most %d", len(t.Addrs), maxAddrs)
	}
	if err := checkServers(t.Servers); err != nil {
		return "", fmt.Errorf("encode ticket: %w", err)
	}
	b := append(make([]byte, 2), t.ID[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(expires))
	b = append(b, t.Secret[:]...)
	for _, addr := range t.Addrs {
		var err error
		if b, err = appendTicketAddr(b, addr); err != nil {
			return "", fmt.Errorf("encode ticket: %w", err)
		}
	}
	for _, server := range t.Servers {
		var err error
		if b, err = appendTicketAddr(append(append(b, ticketServer), server.ID[:]...), server.Addr); err != nil {
			return "", fmt.Errorf("encode ticket: %w", err)
		}
	}
	binary.BigEndian.PutUint16(b, uint16(len(b)-2+ticketChecksum))
	sum := ticketSum(b)
	return ticketPrefix + base32Text.EncodeToString(append(b, sum[:]...)), nil
}

// ParseTicket reads the text of a ticket, in either case and with spaces and line
// breaks that it may have picked up. Its errors wrap ErrNotTicket,
// ErrTicketVersion, ErrTicketTruncated, ErrTicketDamaged, ErrWeakKey or
// ErrTicketExpired; with the last one it returns the ticket nevertheless.
func ParseTicket(text string, now time.Time) (Ticket, error) {
	b, err := ticketBytes(text)
	if err != nil {
		return Ticket{}, err
	}
	t, err := parseTicketBody(b)
	if err != nil {
		return Ticket{}, err
	}
	if !now.Before(t.Expires) {
		return t, fmt.Errorf("%w on %s", ErrTicketExpired, t.Expires.UTC().Format(time.RFC3339))
	}
	return t, nil
}

// ticketBytes returns the bytes that text stands for, between the length and the
// checksum, which are right.
func ticketBytes(text string) ([]byte, error) {
	text, err := ticketCharacters(text)
	if err != nil {
		return nil, err
	}
	if len(text) < ticketLengthChars {
		return nil, ErrTicketTruncated
	}
	length, err := base32Text.DecodeString(text[:ticketLengthChars])
	if err != nil {
		return nil, ErrTicketDamaged
	}
	n := int(binary.BigEndian.Uint16(length))
	switch want := base32Text.EncodedLen(2 + n); {
	case n < ticketFixed || n > maxTicketBody || len(text) > want:
		return nil, ErrTicketDamaged
	case len(text) < want:
		return nil, ErrTicketTruncated
	}
	b, err := base32Text.DecodeString(text)
	if err != nil || base32Text.EncodeToString(b) != text { // the bits that are left over count too
		return nil, ErrTicketDamaged
	}
	b, got := b[:2+n-ticketChecksum], b[2+n-ticketChecksum:]
	if sum := ticketSum(b); !bytes.Equal(got, sum[:]) {
		return nil, ErrTicketDamaged
	}
	return b[2:], nil
}

// ticketCharacters returns text in lower case, without white space and prefix.
func ticketCharacters(text string) (string, error) {
	if len(text) > maxTicketText {
		return "", fmt.Errorf("%w: %d bytes of text", ErrNotTicket, len(text))
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
	body, ok := strings.CutPrefix(text, ticketPrefix)
	if ok {
		return body, nil
	}
	if v, ok := strings.CutPrefix(text, ticketPrefix[:len(ticketPrefix)-1]); ok && v != "" && '0' <= v[0] && v[0] <= '9' {
		return "", fmt.Errorf("%w: %s%c", ErrTicketVersion, ticketPrefix[:len(ticketPrefix)-1], v[0])
	}
	return "", fmt.Errorf("%w: one begins with %s", ErrNotTicket, ticketPrefix)
}

func ticketSum(b []byte) [ticketChecksum]byte {
	sum := sha256.Sum256(append([]byte(ticketLabel), b...))
	return [ticketChecksum]byte(sum[:])
}

// parseTicketBody reads what lies between length and checksum, at least
// ticketFixed-ticketChecksum bytes.
func parseTicketBody(b []byte) (Ticket, error) {
	var t Ticket
	b = b[copy(t.ID[:], b):]
	t.Expires = time.Unix(int64(binary.BigEndian.Uint32(b)), 0).UTC()
	b = b[4:]
	b = b[copy(t.Secret[:], b):]
	if t.ID.weak() {
		return Ticket{}, fmt.Errorf("ticket: %w", ErrWeakKey)
	}
	for len(b) > 0 {
		var err error
		if b, err = t.parseAddr(b); err != nil {
			return Ticket{}, err
		}
	}
	if len(t.Addrs) > maxAddrs || len(t.Servers) > maxServers {
		return Ticket{}, fmt.Errorf("%w: %d addresses and %d servers", ErrTicketDamaged, len(t.Addrs), len(t.Servers))
	}
	return t, nil
}
