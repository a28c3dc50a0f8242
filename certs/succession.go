package certs

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Who makes a new identity can let the old one introduce it: the certificate of
// the new key holds, among its alternative names, the URI
//
//	prattle:succeeds:OLD-PEER-ID:SIGNATURE
//
// with the old key's signature (Ed25519, in lower-case base32) over a label, the
// old key and the new one. The new key signs the certificate and so agrees:
// neither can be married to a key against the will of its owner.
//
// It is an introduction and no more: whoever has stolen the old key can write one
// too. So nobody's pinned key is replaced by it; a person decides.

const (
	successionScheme = "prattle"
	successionKind   = "succeeds"
	successionLabel  = "prattle succession v1" // sets the signature apart from those of TLS and X.509
)

// ErrSuccession is wrapped when a certificate claims to succeed a key that has
// not signed for it.
var ErrSuccession = errors.New("peer claims to be another's successor without that one's signature")

// Successor makes a fresh identity that id introduces. Only an Ed25519 key can.
func (id *Identity) Successor() (*Identity, error) {
	old, ok := id.cert.PrivateKey.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("only an identity with an Ed25519 key has successors: a CA names the bearers of others")
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return fromKey(key, successionURI(old, PeerID(key.Public().(ed25519.PublicKey))))
}

func successionURI(old ed25519.PrivateKey, next PeerID) *url.URL {
	from := PeerID(old.Public().(ed25519.PublicKey))
	signature := base32Text.EncodeToString(ed25519.Sign(old, successionText(from, next)))
	return &url.URL{Scheme: successionScheme, Opaque: strings.Join([]string{successionKind, from.String(), signature}, ":")}
}

func successionText(from, next PeerID) []byte {
	return append(append([]byte(successionLabel), from[:]...), next[:]...)
}

// predecessor returns the peer whose key has signed that the certificate's takes
// its place; the zero PeerID if the certificate claims nothing of the kind.
func predecessor(cert *x509.Certificate, id PeerID) (PeerID, error) {
	for _, uri := range cert.URIs {
		claim, ok := strings.CutPrefix(uri.Opaque, successionKind+":")
		if uri.Scheme != successionScheme || !ok {
			continue
		}
		text, signature, _ := strings.Cut(claim, ":")
		from, err := ParsePeerID(text)
		if err != nil {
			return PeerID{}, fmt.Errorf("%w: %w", ErrSuccession, err)
		}
		raw, err := base32Text.DecodeString(signature)
		if err != nil || from == id || !ed25519.Verify(from[:], successionText(from, id), raw) {
			return PeerID{}, ErrSuccession
		}
		return from, nil
	}
	return PeerID{}, nil
}
