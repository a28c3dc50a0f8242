package certs

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// A CA introduces peers by name, so that the members of an organisation need not
// meet each other's keys one by one. It vouches for certificates that are fit to
// authenticate a TLS client or server. A peer ID exists for each of them: for an
// Ed25519 key it is the same as without the CA, for ECDSA and RSA it is a digest
// of the key, and only those who trust the CA can talk to such a peer.

// maxAuthorities bounds a file of CA certificates, in bytes: the whole of the
// Web's CAs is a quarter of that.
const maxAuthorities = 1 << 20

// ErrNotVouched is wrapped when a certificate descends from one of our CAs, but
// not in a way that says who its bearer is.
var ErrNotVouched = errors.New("certificate of a trusted CA is not valid here")

// ExpiredError says that a certificate of a CA is out of its time.
type ExpiredError struct {
	NotBefore, NotAfter time.Time
}

func (e *ExpiredError) Error() string {
	return fmt.Sprintf("certificate is valid only from %s to %s",
		e.NotBefore.UTC().Format(time.DateTime), e.NotAfter.UTC().Format(time.DateTime))
}

// Authorities are CAs that vouch for the names of peers. A nil *Authorities has
// none. It does not change and is safe for concurrent use.
type Authorities struct {
	roots *x509.CertPool
	count int
}

// LoadAuthorities reads a PEM file of CA certificates, as ParseAuthorities does.
// The file may be readable by all, but only its owner may write to it.
func LoadAuthorities(path string) (*Authorities, error) {
	data, err := readFile(path, maxAuthorities, trustBits)
	if err != nil {
		return nil, fmt.Errorf("read CA file: %w", err)
	}
	cas, err := ParseAuthorities(data)
	if err != nil {
		return nil, fmt.Errorf("CA file %s: %w", path, err)
	}
	return cas, nil
}

// Len returns the number of CAs.
func (a *Authorities) Len() int {
	if a == nil {
		return 0
	}
	return a.count
}

// vouch returns the name in a certificate whose chain verifies, and an empty name
// if the chain leads to none of the CAs.
func (a *Authorities) vouch(chain []*x509.Certificate, now time.Time) (name string, err error) {
	if a.Len() == 0 {
		return "", nil
	}
	leaf := chain[0]
	err = a.verify(chain, now)
	if invalid := (x509.CertificateInvalidError{}); errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		// x509 looks at the dates before it looks for a CA. Whose it is matters
		// first: a stranger's dates are nothing to us.
		if err = a.verify(chain, within(leaf, now)); err == nil {
			return "", &ExpiredError{NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter}
		}
	}
	switch unknown := (x509.UnknownAuthorityError{}); {
	case errors.As(err, &unknown):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("%w: %w", ErrNotVouched, err)
	}
	return certificateName(leaf)
}

func (a *Authorities) verify(chain []*x509.Certificate, now time.Time) error {
	intermediates := x509.NewCertPool()
	for _, cert := range chain[1:] {
		intermediates.AddCert(cert)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots:         a.roots,
		Intermediates: intermediates,
		CurrentTime:   now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	})
	return err
}

// within returns the moment of a certificate's validity that is nearest to now.
func within(cert *x509.Certificate, now time.Time) time.Time {
	if now.Before(cert.NotBefore) {
		return cert.NotBefore
	}
	return cert.NotAfter
}

// certificateName returns the first name in a certificate that is fit for one:
// of its e-mail addresses, its DNS names, and its common name.
func certificateName(cert *x509.Certificate) (string, error) {
	names := append(append([]string(nil), cert.EmailAddresses...), cert.DNSNames...)
	for _, s := range append(names, cert.Subject.CommonName) {
		if name, err := CleanName(s); err == nil {
			return name, nil
		}
	}
	return "", fmt.Errorf("%w: no name in it that we can show", ErrNotVouched)
}

// ParseAuthorities reads CA certificates in PEM. Each must be marked as a CA: a
// server's certificate given by mistake would otherwise vouch for itself.
func ParseAuthorities(data []byte) (*Authorities, error) {
	cas := &Authorities{roots: x509.NewCertPool()}
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != pemCertificate {
			return nil, fmt.Errorf("%w: a %q in it; only certificates belong here", ErrMalformed, block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%w: certificate %d: %w", ErrMalformed, cas.count+1, err)
		}
		if !cert.BasicConstraintsValid || !cert.IsCA {
			return nil, fmt.Errorf("%w: certificate %d is not that of a CA", ErrMalformed, cas.count+1)
		}
		cas.roots.AddCert(cert)
		cas.count++
	}
	if cas.count == 0 {
		return nil, fmt.Errorf("%w: no certificate in it", ErrMalformed)
	}
	return cas, nil
}
