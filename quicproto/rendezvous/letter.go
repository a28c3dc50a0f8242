package rendezvous

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/skulltech/prattle/certs"
)

// letter is the plaintext of mail: its text and the sender's signature.
type letter struct {
	_         struct{} `cbor:",toarray"`
	Text      []byte   // CBOR of a letterText
	Signature []byte
}

type letterText struct {
	Device Device `cbor:"1,keyasint"` // of the sender
	Nonce  nonce  `cbor:"2,keyasint"`
	Body   []byte `cbor:"3,keyasint"`
}

// MaxBody bounds the body of a mail, in bytes: a page of text, or some dozens of
// addresses.
const MaxBody = 4 << 10

const (
	mailLabel   = "prattle rendezvous mail v1"
	letterLabel = "prattle rendezvous letter v1" // sets the signature apart from others of an identity
	encSize     = 1120                           // bytes of an encapsulated key of MLKEM768-X25519
	tagSize     = 16                             // bytes that ChaCha20-Poly1305 adds
	// maxSealed bounds sealed mail in bytes: the body, the signature and what CBOR
	// adds take less.
	maxSealed = encSize + tagSize + MaxBody + 912
)

var (
	errBadLetter    = errors.New("malformed mail")
	errUndecipherd  = errors.New("mail is not sealed for this device, or was changed")
	errLetterForged = errors.New("mail is not signed by its sender")
)

func checkSealed(b []byte) error {
	if len(b) < encSize+tagSize || len(b) > maxSealed {
		return fmt.Errorf("sealed mail of %d bytes", len(b))
	}
	return nil
}

// parties is what mail is bound to: who it is from and which device it is for.
func parties(from, to certs.PeerID, device Device) []byte {
	return slices.Concat(from[:], to[:], device[:])
}

// signedText is what the sender signs.
func signedText(aad []byte, public hpke.PublicKey, text []byte) []byte {
	key := sha256.Sum256(public.Bytes())
	return slices.Concat([]byte(letterLabel), aad, key[:], text)
}

// seal signs text and encrypts it for a device. n tells the letter from others: the
// same for the same letter, if it has to be sent again.
func seal(id *certs.Identity, own Device, to *contact, n nonce, body []byte) ([]byte, error) {
	signer, ok := id.Certificate().PrivateKey.(ed25519.PrivateKey)
	if !ok {
		return nil, ErrKeyKind
	}
	text, err := encMode.Marshal(letterText{own, n, body})
	if err != nil {
		return nil, fmt.Errorf("encode mail: %w", err)
	}
	aad := parties(id.ID(), to.peer, to.device)
	plain, err := encMode.Marshal(letter{Text: text, Signature: ed25519.Sign(signer, signedText(aad, to.public, text))})
	if err != nil {
		return nil, fmt.Errorf("encode mail: %w", err)
	}
	enc, sender, err := hpke.NewSender(to.public, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), []byte(mailLabel))
	if err != nil {
		return nil, fmt.Errorf("seal mail: %w", err)
	}
	sealed, err := sender.Seal(aad, plain)
	if err != nil {
		return nil, fmt.Errorf("seal mail: %w", err)
	}
	return append(enc, sealed...), nil
}

// unseal decrypts mail and verifies that it is from and for whom the server says.
func unseal(key hpke.PrivateKey, from, to certs.PeerID, device Device, sealed []byte) (letterText, error) {
	if err := checkSealed(sealed); err != nil {
		return letterText{}, fmt.Errorf("%w: %w", errBadLetter, err)
	}
	recipient, err := hpke.NewRecipient(sealed[:encSize], key, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), []byte(mailLabel))
	if err != nil {
		return letterText{}, errUndecipherd
	}
	aad := parties(from, to, device)
	plain, err := recipient.Open(aad, sealed[encSize:])
	if err != nil {
		return letterText{}, errUndecipherd
	}
	return parseLetter(plain, from, aad, key.PublicKey())
}

// parseLetter reads what a sender, who may be anybody, has sealed.
func parseLetter(plain []byte, from certs.PeerID, aad []byte, public hpke.PublicKey) (letterText, error) {
	var l letter
	if err := decMode.Unmarshal(plain, &l); err != nil {
		return letterText{}, fmt.Errorf("%w: %v", errBadLetter, err)
	}
	if weak(from) || !ed25519.Verify(from[:], signedText(aad, public, l.Text), l.Signature) {
		return letterText{}, errLetterForged
	}
	var text letterText
	if err := decMode.Unmarshal(l.Text, &text); err != nil {
		return letterText{}, fmt.Errorf("%w: %v", errBadLetter, err)
	}
	if len(text.Body) > MaxBody {
		return letterText{}, fmt.Errorf("%w: body of %d bytes", errBadLetter, len(text.Body))
	}
	return text, nil
}
