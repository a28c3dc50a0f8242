package certs

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net/url"
	"time"
)

// Identity is who I am: a private key and the certificate that shows its public
// half. It does not change and is safe for concurrent use.
type Identity struct {
	id       PeerID
	succeeds PeerID          // the one before it, if that has introduced it
	cert     tls.Certificate // Leaf is set
}

// New makes a fresh identity, kept only in memory.
func New() (*Identity, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return FromKey(key)
}

// FromKey makes the identity that belongs to a key.
func FromKey(key ed25519.PrivateKey) (*Identity, error) { return fromKey(key) }

// fromKey makes the identity of a key, with URIs in its certificate.
func fromKey(key ed25519.PrivateKey, uris ...*url.URL) (*Identity, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("make certificate: private key of %d bytes", len(key))
	}
	der, err := selfSign(key, uris)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	return newIdentity(tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})
}

// newIdentity completes the certificate and reads the peer ID from it.
func newIdentity(cert tls.Certificate) (*Identity, error) {
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		return nil, err
	}
	id, err := certificateID(leaf)
	if err != nil {
		return nil, err
	}
	var succeeds PeerID
	if selfIssued(leaf) {
		if succeeds, err = predecessor(leaf, id); err != nil {
			return nil, err
		}
	}
	cert.Leaf = leaf
	return &Identity{id: id, succeeds: succeeds, cert: cert}, nil
}

// selfSign makes the certificate of a key. It is a function of the key and the
// URIs alone and tells nobody more than they do: not even when it was made. RFC
// 5280, section 4.1.2.5, gives the date that means no end.
func selfSign(key ed25519.PrivateKey, uris []*url.URL) ([]byte, error) {
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "prattle"},
		NotBefore:             time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		URIs:                  uris,
	}
	return x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
}

// ID returns the peer ID that others know me by.
func (id *Identity) ID() PeerID { return id.id }

// Succeeds returns the peer ID of the identity whose place this one took, zero if
// it has no predecessor.
func (id *Identity) Succeeds() PeerID { return id.succeeds }

// Certificate returns the key and certificate chain for crypto/tls. It shares
// memory with the identity and must not be changed.
func (id *Identity) Certificate() tls.Certificate { return id.cert }

// Format prints the peer ID whatever the verb, so that no log and no debugging
// print can show the private key.
func (id *Identity) Format(f fmt.State, _ rune) { io.WriteString(f, id.id.String()) }
