package certs

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Two people who have no key of each other's can still find out that nobody sits
// between them, by comparing a number that both see (a short authentication
// string, as in ZRTP, RFC 6189). It hangs on the TLS exporter, which differs
// between two connections whatever a machine in the middle does, on both keys,
// and on a nonce from each side.
//
//	A                                B
//	  commitment(A) ->     <- commitment(B)     H(A, B, exporter, nonce)
//	  nonce A ->                 <- nonce B     only after the other's commitment
//
// The commitments keep a machine in the middle from trying nonces until the
// numbers of its two connections agree: it must bind itself to its own nonce
// before it sees the other's. It has one guess in 10 million for each call.

// SASExporterLabel and SASExporterSize are what to ask ExportKeyingMaterial for,
// with a nil context (RFC 8446, section 7.5).
const (
	SASExporterLabel = "EXPORTER-prattle-sas"
	SASExporterSize  = 32 // bytes
)

// SASSize is the length of a nonce and of a commitment, in bytes.
const SASSize = sha256.Size

const (
	sasCommitLabel = "prattle sas commitment v1"
	sasDigitsLabel = "prattle sas digits v1"
	sasModulus     = 10_000_000 // seven digits, 2^23.2: what people compare without a slip
)

// Errors of a SAS. After any of them the number must not be shown.
var (
	ErrSASOrder      = errors.New("verification message out of turn")
	ErrSASCommitment = errors.New("peer changed its mind during verification: somebody may sit in between")
)

// SASNonce is one side's random contribution, or its commitment to it.
type SASNonce [SASSize]byte

// NewSASNonce draws a nonce for one call.
func NewSASNonce() SASNonce {
	var n SASNonce
	rand.Read(n[:]) // never fails (crypto/rand)
	return n
}

// SAS is one side of the exchange. Send Commitment at once; when the peer's has
// come, HandleCommitment returns the nonce to send; when the peer's nonce has
// come and HandleReveal agrees, Digits returns the number.
type SAS struct {
	exporter  []byte
	own, peer PeerID
	nonce     SASNonce
	promised  *SASNonce // the peer's commitment
	revealed  *SASNonce // the peer's nonce, which fits it
}

// NewSAS begins the exchange on a connection between two peers. The nonce must be
// fresh. It fails if the peers are one and the same, or if exporter is not
// SASExporterSize bytes long.
func NewSAS(exporter []byte, own, peer PeerID, nonce SASNonce) (*SAS, error) {
	if len(exporter) != SASExporterSize {
		return nil, fmt.Errorf("verification: exporter of %d bytes, want %d", len(exporter), SASExporterSize)
	}
	if own == peer {
		return nil, errors.New("verification: both ends have the same key")
	}
	return &SAS{exporter: bytes.Clone(exporter), own: own, peer: peer, nonce: nonce}, nil
}

// Commitment is the first message to the peer.
func (s *SAS) Commitment() SASNonce { return s.commitment(s.own, s.peer, s.nonce) }

// HandleCommitment takes the peer's first message and returns the second one to
// the peer, our nonce. A second commitment gives ErrSASOrder.
func (s *SAS) HandleCommitment(c SASNonce) (reveal SASNonce, err error) {
	if s.promised != nil {
		return SASNonce{}, ErrSASOrder
	}
	s.promised = &c
	return s.nonce, nil
}

// HandleReveal takes the peer's second message. Its error is ErrSASOrder before a
// commitment or after a nonce, and ErrSASCommitment if the nonce is not the one
// that the peer had committed itself to.
func (s *SAS) HandleReveal(nonce SASNonce) error {
	if s.promised == nil || s.revealed != nil {
		return ErrSASOrder
	}
	if s.commitment(s.peer, s.own, nonce) != *s.promised {
		return ErrSASCommitment
	}
	s.revealed = &nonce
	return nil
}

// Digits returns the number to compare, such as "012 3456", when it is known.
func (s *SAS) Digits() (digits string, ok bool) {
	if s.revealed == nil {
		return "", false
	}
	sides := [][]byte{append(s.own[:], s.nonce[:]...), append(s.peer[:], s.revealed[:]...)}
	slices.SortFunc(sides, bytes.Compare)
	h := sha256.New()
	h.Write([]byte(sasDigitsLabel))
	h.Write(s.exporter)
	h.Write(sides[0])
	h.Write(sides[1])
	n := binary.BigEndian.Uint64(h.Sum(nil)) % sasModulus
	return fmt.Sprintf("%03d %04d", n/10_000, n%10_000), true
}

// commitment binds a nonce to its sender, to the receiver and to the connection,
// so that it can be neither reflected nor moved.
func (s *SAS) commitment(from, to PeerID, nonce SASNonce) SASNonce {
	h := sha256.New()
	h.Write([]byte(sasCommitLabel))
	h.Write(s.exporter)
	h.Write(from[:])
	h.Write(to[:])
	h.Write(nonce[:])
	return SASNonce(h.Sum(nil))
}
