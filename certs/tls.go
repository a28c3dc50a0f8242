package certs

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// Peer is who is at the other end of a TLS connection.
type Peer struct {
	ID       PeerID
	Name     string // that a CA of ours vouches for, in the form of CleanName; else empty
	Succeeds PeerID // whose key has signed that this one takes its place; else zero
}

// Errors of VerifyPeer.
var (
	ErrNoCertificate = errors.New("peer showed no certificate")
	ErrChain         = errors.New("peer showed a wrong number of certificates")
	ErrSelfSignature = errors.New("peer's self-signed certificate is forged")
	ErrKeyType       = errors.New("peer's key is not Ed25519 and no trusted CA vouches for it")
	ErrResumed       = errors.New("peer resumed an old TLS session")
	ErrProtocol      = errors.New("peer speaks another protocol")
)

// KeyMismatchError says that a peer's key is not the one that was expected:
// another machine answered, somebody stands in between, or the peer has made a
// new identity.
type KeyMismatchError struct {
	Name    string // under which the expected key is known, or empty
	Want    PeerID
	Got     PeerID
	Vouched bool // the expected key has signed that the other takes its place
}

func (e *KeyMismatchError) Error() string {
	var vouched string
	if e.Vouched {
		vouched = ", which the old key has signed as its successor"
	}
	if e.Name == "" {
		return fmt.Sprintf("wrong peer: want %s, got %s%s", e.Want, e.Got, vouched)
	}
	return fmt.Sprintf("key of %s has changed: known as %s, now %s%s", e.Name, e.Want, e.Got, vouched)
}

const (
	// maxChain bounds a certificate chain: leaf, two or three intermediates, root.
	maxChain = 5

	// keyDigestLabel sets the peer IDs of keys other than Ed25519 apart from other
	// uses of SHA-256.
	keyDigestLabel = "prattle public key v1"
)

// TLSConfig returns the configuration for either end of a connection: TLS 1.3
// with mutual authentication and the key exchanges that Go prefers, which begin
// with X25519MLKEM768; no session tickets, no resumption, no early data. cas may
// be nil. accept decides on the peer, and its error ends the handshake; AcceptAny
// and AcceptOnly are such functions, and so is Known.Accept.
//
// crypto/tls calls accept when the peer has shown its certificate and before it
// checks that the peer can sign with its key. So accept must only decide: what it
// is told is a claim until the handshake is complete, and is no call missed from
// that peer. And a dialler's handshake is complete before the listener has looked
// at the dialler's certificate: only a first message shows that it agreed.
func (id *Identity) TLSConfig(alpn string, cas *Authorities, accept func(Peer) error) *tls.Config {
	if alpn == "" || accept == nil {
		panic("certs: TLSConfig needs a protocol and somebody to accept")
	}
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		NextProtos:             []string{alpn},
		Certificates:           []tls.Certificate{id.cert},
		ClientAuth:             tls.RequireAnyClientCert,
		InsecureSkipVerify:     true, // names and CAs of the Web mean nothing here: VerifyConnection decides
		SessionTicketsDisabled: true,
		VerifyConnection: func(cs tls.ConnectionState) error {
			if cs.NegotiatedProtocol != alpn {
				return ErrProtocol
			}
			peer, err := VerifyPeer(cs, cas, time.Now())
			if err != nil {
				return err
			}
			return accept(peer)
		},
	}
}

// AcceptAny accepts whoever has a key: to decide later.
func AcceptAny(Peer) error { return nil }

// AcceptOnly accepts the one peer; others give a *KeyMismatchError.
func AcceptOnly(want PeerID) func(Peer) error {
	return func(p Peer) error {
		if p.ID != want || want.IsZero() {
			return &KeyMismatchError{Want: want, Got: p.ID, Vouched: !want.IsZero() && p.Succeeds == want}
		}
		return nil
	}
}

// VerifyPeer says who is at the other end of a handshake that crypto/tls or
// quic-go has completed, and so has seen the peer sign with its key.
//
// A certificate signed by itself counts only as the bearer of its Ed25519 key,
// which must be alone and whose signature must be right. Any other certificate is
// put to the CAs: if they vouch for it, the peer has a name; if they know nothing
// of it, an Ed25519 key still stands for itself. The errors wrap ErrNoCertificate,
// ErrChain, ErrSelfSignature, ErrSuccession, ErrKeyType, ErrWeakKey, ErrResumed,
// *ExpiredError or ErrNotVouched.
func VerifyPeer(cs tls.ConnectionState, cas *Authorities, now time.Time) (Peer, error) {
	if cs.DidResume {
		return Peer{}, ErrResumed
	}
	return verifyChain(cs.PeerCertificates, cas, now)
}

func verifyChain(chain []*x509.Certificate, cas *Authorities, now time.Time) (Peer, error) {
	if len(chain) == 0 {
		return Peer{}, ErrNoCertificate
	}
	leaf := chain[0]
	if selfIssued(leaf) {
		if len(chain) != 1 {
			return Peer{}, fmt.Errorf("%w: %d, one of them self-signed", ErrChain, len(chain))
		}
		return selfSignedPeer(leaf)
	}
	if len(chain) > maxChain {
		return Peer{}, fmt.Errorf("%w: %d, at most %d", ErrChain, len(chain), maxChain)
	}
	name, err := cas.vouch(chain, now)
	if err != nil {
		return Peer{}, err
	}
	if _, ok := leaf.PublicKey.(ed25519.PublicKey); !ok && name == "" {
		return Peer{}, ErrKeyType
	}
	id, err := certificateID(leaf)
	if err != nil {
		return Peer{}, err
	}
	return Peer{ID: id, Name: name}, nil
}

func selfIssued(cert *x509.Certificate) bool {
	return bytes.Equal(cert.RawIssuer, cert.RawSubject)
}

func selfSignedPeer(leaf *x509.Certificate) (Peer, error) {
	id, err := selfSignedID(leaf)
	if err != nil {
		return Peer{}, err
	}
	succeeds, err := predecessor(leaf, id)
	if err != nil {
		return Peer{}, err
	}
	return Peer{ID: id, Succeeds: succeeds}, nil
}

// selfSignedID returns the peer ID of a certificate that bears the signature of
// the Ed25519 key in it.
func selfSignedID(cert *x509.Certificate) (PeerID, error) {
	if _, ok := cert.PublicKey.(ed25519.PublicKey); !ok {
		return PeerID{}, ErrKeyType
	}
	id, err := certificateID(cert)
	if err != nil {
		return PeerID{}, err
	}
	if err := cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature); err != nil {
		return PeerID{}, fmt.Errorf("%w: %w", ErrSelfSignature, err)
	}
	return id, nil
}

// certificateID returns the peer ID of the key in a certificate: an Ed25519 key
// itself, or the digest of a SubjectPublicKeyInfo of another kind. The two cannot
// be confused: nobody finds a key that equals a given digest, or the reverse.
func certificateID(cert *x509.Certificate) (PeerID, error) {
	key, ok := cert.PublicKey.(ed25519.PublicKey)
	if !ok {
		return sha256.Sum256(append([]byte(keyDigestLabel), cert.RawSubjectPublicKeyInfo...)), nil
	}
	if len(key) != ed25519.PublicKeySize {
		return PeerID{}, ErrWeakKey
	}
	id := PeerID(key)
	if id.weak() {
		return PeerID{}, ErrWeakKey
	}
	return id, nil
}
