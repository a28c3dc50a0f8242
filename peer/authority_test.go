package peer_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/quicproto"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// certify makes a CA, and an identity with a certificate of it that is valid for so
// long.
func certify(t *testing.T, name string, valid time.Duration) (*certs.Authorities, *certs.Identity) {
	t.Helper()
	caPub, caKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, NotBefore: ca.NotBefore, NotAfter: time.Now().Add(valid),
	}
	caDER := must(x509.CreateCertificate(rand.Reader, ca, ca, caPub, caKey))
	leafDER := must(x509.CreateCertificate(rand.Reader, leaf, ca, pub, caKey))
	keyDER := must(x509.MarshalPKCS8PrivateKey(key))
	encode := func(kind string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	path := filepath.Join(t.TempDir(), "identity.pem")
	both := append(encode("CERTIFICATE", leafDER), encode("PRIVATE KEY", keyDER)...)
	if err := os.WriteFile(path, both, 0o600); err != nil {
		t.Fatal(err)
	}
	return must(certs.ParseAuthorities(encode("CERTIFICATE", caDER))), must(certs.LoadPair(path, path, nil))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Whom a CA vouches for has a name, until the certificate is out of its time: then
// the next look ends the call, and the next call is refused.
func TestACertificateExpiresInACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
		cas, id := certify(t, "carol", 10*time.Second)
		b, addr := listener(t, n, 2, func(c *peer.Config) {
			c.Authorities = cas
			c.Admit = func(p certs.Peer) peer.Admission {
				if p.Name == "carol" {
					return peer.AdmitRing
				}
				return peer.AdmitKnock
			}
		})
		a := caller(t, n.Socket(1), func(c *peer.Config) { c.Identity = id })
		l := call(t, a, addr, b.id)
		time.Sleep(5 * time.Second)
		b.Reconsider()
		time.Sleep(time.Second)
		if l.State() != peer.StateConnected || b.Links()[0].Certificate().Name != "carol" {
			t.Errorf("while it is valid: %s with %+v", l.State(), b.Links()[0].Certificate())
		}
		time.Sleep(5 * time.Second)
		b.Reconsider()
		if err := ended(l); !errors.Is(err, peer.ErrRevoked) {
			t.Errorf("when it has expired: %v", err)
		}
		again := call(t, a, addr, b.id)
		if err := ended(again); !errors.Is(err, quicproto.ErrRefused) {
			t.Errorf("a call with an expired certificate: %v", err)
		}
		a.leave()
		b.leave()
	})
}
