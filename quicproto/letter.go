package quicproto

import (
	"crypto/sha256"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Letter is what two peers who have no connection yet write to each other by way
// of a rendezvous: where each can be reached, and the secret by which their probes
// know each other. It travels sealed from end to end.
//
//	letter = {1: kind, 2: bstr .size 16, ? 3: bstr .size 32, ? 4: [* candidate], ? 5: secret}
type Letter struct {
	Kind       LetterKind  `cbor:"1,keyasint"`
	Call       CallID      `cbor:"2,keyasint"`
	Secret     Secret      `cbor:"3,keyasint,omitempty"` // half of the route's, RouteSecretSize bytes, in an Offer and in an Answer
	Candidates []Candidate `cbor:"4,keyasint,omitempty"` // all that are known by now
	Ticket     Secret      `cbor:"5,keyasint,omitempty"` // shows a stranger to be a guest, in an Offer; or nil
}

// LetterKind says what a Letter is about. Letters of other kinds are skipped.
type LetterKind uint64

// The kinds of letter.
const (
	LetterOffer  LetterKind = 1 // from who calls to each device of who is called
	LetterAnswer LetterKind = 2 // from a device that can be called
	LetterMore   LetterKind = 3 // either way: candidates have changed
	LetterCancel LetterKind = 4 // from who calls: no longer
)

// CallID tells one attempt to call from another. The caller draws it.
type CallID [16]byte

// RouteSecretSize is the length of each half of a route's secret in bytes.
const RouteSecretSize = 32

// RouteSecret makes the secret of a route of the halves that an Offer and its
// Answer bring, so that each side has drawn a part of it.
func RouteSecret(offer, answer Secret) [RouteSecretSize]byte {
	h := sha256.New()
	h.Write([]byte("prattle route v1"))
	h.Write(offer)
	h.Write(answer)
	return [RouteSecretSize]byte(h.Sum(nil))
}

// Encode returns the bytes to be sealed.
func (l *Letter) Encode() ([]byte, error) {
	b, err := cbor.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("encode letter: %w", err)
	}
	return b, nil
}

// ParseLetter reads what a peer has sealed. Its errors say what is wrong.
func ParseLetter(b []byte) (*Letter, error) {
	l := new(Letter)
	if err := decMode.Unmarshal(b, l); err != nil {
		return nil, fmt.Errorf("parse letter: %w", err)
	}
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("parse letter: %w", err)
	}
	return l, nil
}

func (l *Letter) check() error {
	if l.Kind == LetterOffer || l.Kind == LetterAnswer {
		if err := checkLength("secret", len(l.Secret), RouteSecretSize, RouteSecretSize); err != nil {
			return err
		}
	}
	if l.Ticket != nil {
		if err := checkLength("ticket", len(l.Ticket), SecretSize, SecretSize); err != nil {
			return err
		}
	}
	return checkCandidates(l.Candidates)
}
