package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func passphrase(s string) Passphrase {
	return func() ([]byte, error) { return []byte(s), nil }
}

// writeFile makes a private file for a test.
func writeFile(t testing.TB, name string, data []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func encodeIdentity(t testing.TB, n int, passphrase string) []byte {
	t.Helper()
	data, err := testIdentity(t, n).encode([]byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestCreateAndLoad(t *testing.T) {
	for name, secret := range map[string]string{"plain": "", "passphrase": "correct horse"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "identity.pem")
			made, err := Create(path, []byte(secret))
			if err != nil {
				t.Fatal(err)
			}
			loaded, err := Load(path, passphrase(secret))
			if err != nil {
				t.Fatal(err)
			}
			if loaded.ID() != made.ID() {
				t.Errorf("loaded %v, made %v", loaded.ID(), made.ID())
			}
			public, err := LoadPublic(path)
			if err != nil || public.ID != made.ID() || public.Encrypted != (secret != "") {
				t.Errorf("LoadPublic: %+v, %v", public, err)
			}
			if bytes.Contains(public.Certificate, []byte("PRIVATE")) {
				t.Errorf("the public part holds %s", public.Certificate)
			}
		})
	}
}

func TestPassphrases(t *testing.T) {
	path := writeFile(t, "identity.pem", encodeIdentity(t, 1, "correct horse"))
	if _, err := Load(path, nil); !errors.Is(err, ErrPassphraseNeeded) {
		t.Errorf("nobody to ask: %v", err)
	}
	if _, err := Load(path, passphrase("wrong")); !errors.Is(err, ErrPassphraseWrong) {
		t.Errorf("wrong passphrase: %v", err)
	}
	interrupted := errors.New("interrupted")
	if _, err := Load(path, func() ([]byte, error) { return nil, interrupted }); !errors.Is(err, interrupted) {
		t.Errorf("asking fails: %v", err)
	}
	plain := writeFile(t, "identity.pem", encodeIdentity(t, 1, ""))
	_, err := Load(plain, func() ([]byte, error) {
		t.Error("asked for a passphrase that is not needed")
		return nil, nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCreateReplacesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "identity.pem")
	if err := os.WriteFile(path, []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path, nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create over a file: %v", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "precious" {
		t.Errorf("the file now holds %q", got)
	}
	wantFiles(t, dir, "identity.pem")
}

func TestCreateFailsCleanly(t *testing.T) {
	dir := t.TempDir()
	if _, err := Create(filepath.Join(dir, "no", "identity.pem"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	wantFiles(t, dir)
}

// wantFiles fails unless dir holds just these: nothing temporary is left.
func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%s holds %q, want %q", dir, got, want)
	}
}

func TestLoadOrCreateAgreesWithItself(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config", "prattle", "identity.pem")
	ids := make([]*Identity, 16)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			id, err := LoadOrCreate(path, nil)
			if err != nil {
				t.Error(err)
			}
			ids[i] = id
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	for _, id := range ids {
		if id.ID() != ids[0].ID() {
			t.Errorf("two identities: %v and %v", id.ID(), ids[0].ID())
		}
	}
	wantFiles(t, filepath.Dir(path), "identity.pem")
}

func TestLoadRefuses(t *testing.T) {
	good := encodeIdentity(t, 1, "")
	blocks := func(types ...string) []byte {
		var out []byte
		for _, typ := range types {
			for block, rest := pem.Decode(good); block != nil; block, rest = pem.Decode(rest) {
				if block.Type == typ {
					out = append(out, pem.EncodeToMemory(block)...)
				}
			}
		}
		return out
	}
	const key, cert = pemPrivateKey, pemCertificate
	otherCert := encodeCertificate(testIdentity(t, 2).cert.Certificate[0])
	for name, test := range map[string]struct {
		data []byte
		want error
	}{
		"empty":            {nil, ErrMalformed},
		"no PEM":           {[]byte("hello\n"), ErrMalformed},
		"no key":           {blocks(cert), ErrMalformed},
		"no certificate":   {blocks(key), ErrMalformed},
		"two keys":         {blocks(key, key, cert), ErrMalformed},
		"two certificates": {blocks(key, cert, cert), ErrMalformed},
		"many":             {blocks(key, cert, cert, cert, cert, cert, cert), ErrMalformed},
		"other's cert":     {append(blocks(key), otherCert...), ErrKeyMismatch},
		"key is no key":    {append(blocks(cert), pem.EncodeToMemory(&pem.Block{Type: key, Bytes: []byte("x")})...), ErrMalformed},
		"cert is no cert":  {append(blocks(key), pem.EncodeToMemory(&pem.Block{Type: cert, Bytes: []byte("x")})...), ErrMalformed},
		"broken encrypted": {append(blocks(cert), pem.EncodeToMemory(&pem.Block{Type: pemEncryptedKey, Bytes: []byte("x")})...), ErrMalformed},
		"cut short":        {good[:len(good)-40], ErrMalformed},
		"huge":             {append(bytes.Clone(good), make([]byte, maxIdentitySize)...), ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeFile(t, "identity.pem", test.data)
			id, err := Load(path, passphrase("x"))
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, %v, want %v", id, err, test.want)
			}
			if !strings.Contains(err.Error(), path) {
				t.Errorf("the error does not name the file: %v", err)
			}
		})
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.pem"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Load(t.TempDir(), nil); !errors.Is(err, ErrNotRegular) {
		t.Errorf("a directory: %v", err)
	}
}

func TestLoadPair(t *testing.T) {
	ca := newTestCA(t, "Example CA", nil)
	alice := ca.issue(t, newECDSAKey(t), leafTemplate("alice", -day, day))
	late := ca.issue(t, newECDSAKey(t), leafTemplate("late", -2*day, -day))
	ours := encodeIdentity(t, 1, "")
	ecdsaAlone := selfSignedECDSA(t)
	for name, test := range map[string]struct {
		cert, key []byte
		want      error
	}{
		"of a CA":        {alice.certPEM(), alice.keyPEM(t), nil},
		"with its CA":    {append(bytes.Clone(alice.certPEM()), ca.certPEM()...), alice.keyPEM(t), nil},
		"self-signed":    {ours, ours, nil},
		"in one file":    {append(bytes.Clone(alice.keyPEM(t)), alice.certPEM()...), append(bytes.Clone(alice.keyPEM(t)), alice.certPEM()...), nil},
		"SEC 1 key":      {alice.certPEM(), sec1(t, alice.keyPEM(t)), nil},
		"other's key":    {alice.certPEM(), late.keyPEM(t), ErrKeyMismatch},
		"no certificate": {alice.keyPEM(t), alice.keyPEM(t), ErrMalformed},
		"no key":         {alice.certPEM(), alice.certPEM(), ErrMalformed},
		"chain reversed": {append(ca.certPEM(), alice.certPEM()...), alice.keyPEM(t), ErrKeyType},
		"without a CA":   {ecdsaAlone.certPEM(), ecdsaAlone.keyPEM(t), ErrKeyType},
	} {
		t.Run(name, func(t *testing.T) {
			id, err := LoadPair(writeFile(t, "cert.pem", test.cert), writeFile(t, "key.pem", test.key), nil)
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, %v, want %v", id, err, test.want)
			}
		})
	}
	var expired *ExpiredError
	_, err := LoadPair(writeFile(t, "cert.pem", late.certPEM()), writeFile(t, "key.pem", late.keyPEM(t)), nil)
	if !errors.As(err, &expired) || !expired.NotAfter.Before(time.Now()) {
		t.Errorf("expired certificate: %v", err)
	}
}

// sec1 rewrites a PKCS #8 key in the form of openssl ecparam -genkey.
func sec1(t *testing.T, pkcs8 []byte) []byte {
	key, err := x509.ParsePKCS8PrivateKey(decodePEM(t, string(pkcs8)))
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	params := pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7}})
	return append(params, pem.EncodeToMemory(&pem.Block{Type: pemSEC1Key, Bytes: der})...)
}

func FuzzParseIdentity(f *testing.F) {
	f.Add(encodeIdentity(f, 1, ""))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"))
	for _, text := range opensslKeys {
		f.Add(append([]byte(text), encodeCertificate(testIdentity(f, 1).cert.Certificate[0])...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		id, err := parseIdentity(data, nil)
		if err == nil && (id.ID().weak() || id.cert.Leaf == nil) {
			t.Errorf("accepted %v", id)
		}
		if _, err := parsePair(data, data, nil); err != nil {
			wantPlain(t, strings.ReplaceAll(err.Error(), "\n", " "))
		}
	})
}
