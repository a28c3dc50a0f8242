package certs

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"
)

const day = 24 * time.Hour

// A certified is a key with a certificate: a CA or a peer of one.
type certified struct {
	key  crypto.Signer
	cert *x509.Certificate
}

func newECDSAKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// newTestCA makes a CA; nil for parent makes it a root.
func newTestCA(t testing.TB, name string, parent *certified) *certified {
	t.Helper()
	template := leafTemplate(name, -10*day, 10*day)
	template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
	template.ExtKeyUsage = nil
	ca := &certified{key: newECDSAKey(t)}
	if parent == nil {
		parent = &certified{key: ca.key, cert: template}
	}
	return parent.issue(t, ca.key, template)
}

// leafTemplate is valid from and until so long after now.
func leafTemplate(name string, from, until time.Duration) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(from),
		NotAfter:              time.Now().Add(until),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
}

// issue signs a certificate for a key.
func (ca *certified) issue(t testing.TB, key crypto.Signer, template *x509.Certificate) *certified {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, key.Public(), ca.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &certified{key: key, cert: cert}
}

func selfSignedECDSA(t testing.TB) *certified {
	template := leafTemplate("alone", -day, day)
	key := newECDSAKey(t)
	return (&certified{key: key, cert: template}).issue(t, key, template)
}

func (c *certified) certPEM() []byte { return encodeCertificate(c.cert.Raw) }

func (c *certified) keyPEM(t testing.TB) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemPrivateKey, Bytes: der})
}

// identity returns c as an Identity that shows the chain.
func (c *certified) identity(t testing.TB, chain ...*certified) *Identity {
	t.Helper()
	certs := c.certPEM()
	for _, ca := range chain {
		certs = append(certs, ca.certPEM()...)
	}
	id, err := parsePair(certs, c.keyPEM(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (c *certified) authorities(t testing.TB) *Authorities {
	t.Helper()
	cas, err := ParseAuthorities(c.certPEM())
	if err != nil {
		t.Fatal(err)
	}
	return cas
}

func TestVouchedPeers(t *testing.T) {
	root := newTestCA(t, "Root", nil)
	middle := newTestCA(t, "Middle", root)
	cas := root.authorities(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	edKey := testIdentity(t, 1).cert.PrivateKey.(ed25519.PrivateKey)
	stranger := newTestCA(t, "Stranger", nil)
	with := func(change func(*x509.Certificate)) *x509.Certificate {
		template := leafTemplate("alice", -day, day)
		change(template)
		return template
	}
	plain := leafTemplate("alice", -day, day)
	var expired *ExpiredError
	for name, test := range map[string]struct {
		chain []*certified
		name  string
		err   any // a sentinel, or what errors.As wants
	}{
		"ECDSA":              {[]*certified{root.issue(t, newECDSAKey(t), plain)}, "alice", nil},
		"RSA":                {[]*certified{root.issue(t, rsaKey, plain)}, "alice", nil},
		"Ed25519":            {[]*certified{root.issue(t, edKey, plain)}, "alice", nil},
		"by an intermediate": {[]*certified{middle.issue(t, edKey, plain), middle}, "alice", nil},
		"root sent too":      {[]*certified{middle.issue(t, edKey, plain), middle, root}, "alice", nil},
		"e-mail first": {[]*certified{root.issue(t, edKey, with(func(c *x509.Certificate) {
			c.EmailAddresses, c.DNSNames = []string{"alice@example.org"}, []string{"alice.example.org"}
		}))}, "alice@example.org", nil},
		"then DNS": {[]*certified{root.issue(t, edKey, with(func(c *x509.Certificate) {
			c.DNSNames = []string{"alice.example.org"}
		}))}, "alice.example.org", nil},
		"the first fit to show": {[]*certified{root.issue(t, edKey, with(func(c *x509.Certificate) {
			c.DNSNames = []string{"*.example.org"}
			c.Subject.CommonName = "Alice Doe"
		}))}, "Alice-Doe", nil},
		"for servers": {[]*certified{root.issue(t, edKey, with(func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}))}, "alice", nil},
		"for e-mail only": {[]*certified{root.issue(t, edKey, with(func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
		}))}, "", ErrNotVouched},
		"no name to show": {[]*certified{root.issue(t, edKey, leafTemplate("\u202eecila", -day, day))}, "", ErrNotVouched},
		"expired":         {[]*certified{root.issue(t, edKey, leafTemplate("alice", -2*day, -day))}, "", &expired},
		"not yet valid":   {[]*certified{root.issue(t, edKey, leafTemplate("alice", day, 2*day))}, "", &expired},

		// Of another CA: an Ed25519 key still stands for itself, without a name.
		"other CA, Ed25519":     {[]*certified{stranger.issue(t, edKey, plain)}, "", nil},
		"other CA, out of date": {[]*certified{stranger.issue(t, edKey, leafTemplate("alice", -2*day, -day))}, "", nil},
		"other CA, ECDSA":       {[]*certified{stranger.issue(t, newECDSAKey(t), plain)}, "", ErrKeyType},
		"intermediate missing":  {[]*certified{middle.issue(t, newECDSAKey(t), plain)}, "", ErrKeyType},
		"signed by a leaf": {[]*certified{root.issue(t, edKey, plain).issue(t, newECDSAKey(t), leafTemplate("mallory", -day, day)),
			root.issue(t, edKey, plain)}, "", ErrKeyType},
		"long chain": {[]*certified{middle.issue(t, edKey, plain), middle, middle, middle, middle, middle}, "", ErrChain},
	} {
		t.Run(name, func(t *testing.T) {
			var chain []*x509.Certificate
			for _, c := range test.chain {
				chain = append(chain, c.cert)
			}
			peer, err := verifyChain(chain, cas, time.Now())
			switch want := test.err.(type) {
			case nil:
				if err != nil || peer.Name != test.name || peer.ID.IsZero() {
					t.Errorf("got %+v, %v, want name %q", peer, err, test.name)
				}
			case error:
				if !errors.Is(err, want) || peer != (Peer{}) {
					t.Errorf("got %+v, %v, want %v", peer, err, want)
				}
			default:
				if !errors.As(err, want) || peer != (Peer{}) {
					t.Errorf("got %+v, %v, want %T", peer, err, want)
				}
			}
		})
	}
}

// The peer ID of an Ed25519 key is the key whoever has signed for it; that of
// another key is its own, and stable.
func TestPeerIDUnderCA(t *testing.T) {
	ca := newTestCA(t, "Root", nil)
	cas := ca.authorities(t)
	ed := ca.issue(t, testIdentity(t, 3).cert.PrivateKey.(ed25519.PrivateKey), leafTemplate("ed", -day, day))
	if got := ed.identity(t).ID(); got != testID(3) {
		t.Errorf("Ed25519 under a CA: %v, want %v", got, testID(3))
	}
	key := newECDSAKey(t)
	first, second := ca.issue(t, key, leafTemplate("ec", -day, day)), ca.issue(t, key, leafTemplate("ec", -2*day, 2*day))
	peer, err := verifyChain([]*x509.Certificate{first.cert}, cas, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if mine := second.identity(t).ID(); peer.ID != mine {
		t.Errorf("a renewed certificate changes the peer ID from %v to %v", peer.ID, mine)
	}
	if other := ca.issue(t, newECDSAKey(t), leafTemplate("ec", -day, day)).identity(t).ID(); other == peer.ID {
		t.Error("two keys have one peer ID")
	}
}

func TestParseAuthorities(t *testing.T) {
	ca, second := newTestCA(t, "One", nil), newTestCA(t, "Two", nil)
	both := append(append([]byte("comment\n"), ca.certPEM()...), second.certPEM()...)
	if cas, err := ParseAuthorities(both); err != nil || cas.Len() != 2 {
		t.Errorf("two CAs: %d, %v", cas.Len(), err)
	}
	for name, data := range map[string][]byte{
		"empty":     nil,
		"a leaf":    ca.issue(t, newECDSAKey(t), leafTemplate("alice", -day, day)).certPEM(),
		"a key":     ca.keyPEM(t),
		"malformed": pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: []byte("x")}),
		"ours":      encodeIdentity(t, 1, ""),
	} {
		if cas, err := ParseAuthorities(data); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v, %v", name, cas, err)
		}
	}
}

func TestLoadAuthorities(t *testing.T) {
	path := writeFile(t, "ca.pem", newTestCA(t, "Root", nil).certPEM())
	if cas, err := LoadAuthorities(path); err != nil || cas.Len() != 1 {
		t.Errorf("%v, %v", cas, err)
	}
	if _, err := LoadAuthorities(writeFile(t, "ca.pem", nil)); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), "ca.pem") {
		t.Errorf("empty file: %v", err)
	}
	if _, err := LoadAuthorities(writeFile(t, "ca.pem", make([]byte, maxAuthorities+1))); !errors.Is(err, ErrTooLarge) {
		t.Errorf("huge file: %v", err)
	}
}

func FuzzParseAuthorities(f *testing.F) {
	f.Add(newTestCA(f, "Root", nil).certPEM())
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		cas, err := ParseAuthorities(bytes.Clone(data))
		if (err == nil) != (cas.Len() > 0) {
			t.Errorf("%d CAs, %v", cas.Len(), err)
		}
	})
}
