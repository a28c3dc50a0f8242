package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/skulltech/prattle/certs"
)

// forgeTicket IN OUT WHAT writes a ticket that has gone through something.
func forgeTicket(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: forge-ticket IN OUT cut|typo|version|expired")
	}
	text := strings.TrimSpace(ts.ReadFile(args[0]))
	ticket, err := certs.ParseTicket(text, time.Now())
	ts.Check(err)
	switch args[2] {
	case "cut":
		text = text[:len(text)-10]
	case "typo":
		at := len(text) / 2
		text = text[:at] + choose(text[at] == 'a', "b", "a") + text[at+1:]
	case "version":
		text = strings.Replace(text, "prattle1", "prattle2", 1)
	case "expired":
		ticket.Expires = time.Unix(1_000_000_000, 0)
		text, err = ticket.Encode()
		ts.Check(err)
	default:
		ts.Fatalf("there is no way %q to forge a ticket", args[2])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

// makeCA FILE NAME... makes a CA, and for each name NAME.crt and NAME.key.
func makeCA(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: make-ca FILE NAME...")
	}
	ca := template("An Organisation")
	ca.IsCA, ca.KeyUsage = true, x509.KeyUsageCertSign
	caKey := newECDSAKey(ts)
	writePEM(ts, args[0], 0o644, "CERTIFICATE", sign(ts, ca, ca, caKey, caKey))
	for _, name := range args[1:] {
		key := newECDSAKey(ts)
		leaf := template(name)
		leaf.EmailAddresses = []string{name + "@example.org"}
		writePEM(ts, name+".crt", 0o644, "CERTIFICATE", sign(ts, leaf, ca, key, caKey))
		der, err := x509.MarshalPKCS8PrivateKey(key)
		ts.Check(err)
		writePEM(ts, name+".key", 0o600, "PRIVATE KEY", der)
	}
}

func template(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
}

func newECDSAKey(ts *testscript.TestScript) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	return key
}

func sign(ts *testscript.TestScript, cert, ca *x509.Certificate, key, caKey crypto.Signer) []byte {
	der, err := x509.CreateCertificate(rand.Reader, cert, ca, key.Public(), caKey)
	ts.Check(err)
	return der
}

func writePEM(ts *testscript.TestScript, name string, mode os.FileMode, kind string, der []byte) {
	data := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	ts.Check(os.WriteFile(ts.MkAbs(name), data, mode))
}
