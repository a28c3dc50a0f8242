package relay

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// writeCertificate writes a new self-signed certificate and its key.
func writeCertificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	certFile, keyFile = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	writeCertificateTo(t, certFile, keyFile)
	return certFile, keyFile
}

func writeCertificateTo(t *testing.T, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: serial, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		name, kind string
		der        []byte
	}{{certFile, "CERTIFICATE", der}, {keyFile, "PRIVATE KEY", keyDER}} {
		if err := os.WriteFile(f.name, pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: f.der}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReloadReadsCertificateAgain(t *testing.T) {
	c := testConfig()
	c.TLS = []netip.AddrPort{anyPort}
	c.CertFile, c.KeyFile = writeCertificate(t)
	s, _ := listenTest(t, c)
	serial := func() string {
		conn, err := tls.Dial("tcp", s.TLS()[0].String(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	before := serial()
	writeCertificateTo(t, c.CertFile, c.KeyFile)
	if serial() != before {
		t.Fatal("the certificate changed without a reload")
	}
	if err := s.Reload(c); err != nil {
		t.Fatal(err)
	}
	after := serial()
	if after == before {
		t.Error("the old certificate is still in use after a reload")
	}
	if err := os.WriteFile(c.CertFile, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(c); err == nil {
		t.Error("a broken certificate was taken over")
	}
	if serial() != after {
		t.Error("the certificate changed although the reload failed")
	}
}
