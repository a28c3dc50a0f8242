package certs

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// succeed returns testIdentity(old) and one that it introduces.
func succeed(t testing.TB, old int) (from, next *Identity) {
	t.Helper()
	from = testIdentity(t, old)
	next, err := from.Successor()
	if err != nil {
		t.Fatal(err)
	}
	return from, next
}

func TestSuccessorIsSeen(t *testing.T) {
	old, next := succeed(t, 1)
	bob := testIdentity(t, 2)
	if next.ID() == old.ID() || next.Succeeds() != old.ID() || !old.Succeeds().IsZero() {
		t.Errorf("%v succeeds %v", next, next.Succeeds())
	}
	atNext, atBob := shakeHands(t, next.TLSConfig(testALPN, nil, AcceptAny), bob.TLSConfig(testALPN, nil, AcceptAny))
	if err := errors.Join(atNext.err, atBob.err); err != nil {
		t.Fatal(err)
	}
	peer, err := VerifyPeer(atBob.state, nil, time.Now())
	if err != nil || peer != (Peer{ID: next.ID(), Succeeds: old.ID()}) {
		t.Errorf("got %+v, %v", peer, err)
	}
	// Who wants the old key is told, and does not get through.
	_, atBob = shakeHands(t, next.TLSConfig(testALPN, nil, AcceptAny), bob.TLSConfig(testALPN, nil, AcceptOnly(old.ID())))
	var mismatch *KeyMismatchError
	if !errors.As(atBob.err, &mismatch) || !mismatch.Vouched || mismatch.Got != next.ID() {
		t.Errorf("got %v", atBob.err)
	}
}

func TestFalseSuccessorsAreRefused(t *testing.T) {
	key := func(n int) ed25519.PrivateKey { return testIdentity(t, n).cert.PrivateKey.(ed25519.PrivateKey) }
	good := successionURI(key(1), testID(9))
	claim := func(opaque string) *url.URL { return &url.URL{Scheme: "prattle", Opaque: opaque} }
	for name, test := range map[string]struct {
		uri  *url.URL
		want error
	}{
		"signed for it":          {good, nil},
		"signed for another key": {successionURI(key(1), testID(8)), ErrSuccession},
		"signed by another key":  {claim(strings.Replace(good.Opaque, testID(1).String(), testID(2).String(), 1)), ErrSuccession},
		"its own successor":      {successionURI(key(9), testID(9)), ErrSuccession},
		"no signature":           {claim("succeeds:" + testID(1).String()), ErrSuccession},
		"half a signature":       {claim(good.Opaque[:len(good.Opaque)-20]), ErrSuccession},
		"no base32":              {claim("succeeds:" + testID(1).String() + ":0189"), ErrSuccession},
		"no peer ID":             {claim("succeeds:alice:aaaa"), ErrSuccession},
		"weak key":               {claim("succeeds:" + PeerID{}.String() + ":aaaa"), ErrSuccession},
		"something else":         {claim("likes:alice"), nil},
		"another scheme":         {&url.URL{Scheme: "https", Host: "example.org"}, nil},
	} {
		der, err := selfSign(key(9), []*url.URL{test.uri})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err = newIdentity(tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key(9)})
		if !errors.Is(err, test.want) {
			t.Errorf("%s, as our own: %v, want %v", name, err, test.want)
		}
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		peer, err := verifyChain([]*x509.Certificate{leaf}, nil, time.Now())
		if !errors.Is(err, test.want) || (peer == Peer{}) != (test.want != nil) {
			t.Errorf("%s, of a peer: %+v, %v, want %v", name, peer, err, test.want)
		}
	}
}

func TestRecogniseSuccessors(t *testing.T) {
	k := mustParseKnown(t, "alice "+testID(1).String()+"\nmallory "+testID(3).String()+" blocked\nbob "+testID(4).String()+"\n")
	var mismatch *KeyMismatchError
	_, err := k.Recognise(Peer{ID: testID(9), Succeeds: testID(1)})
	if !errors.As(err, &mismatch) || *mismatch != (KeyMismatchError{"alice", testID(1), testID(9), true}) {
		t.Errorf("successor of alice: %v", err)
	}
	if c, err := k.Recognise(Peer{ID: testID(9), Succeeds: testID(3)}); !errors.Is(err, ErrBlockedPeer) || !c.Blocked {
		t.Errorf("successor of somebody blocked: %+v, %v", c, err)
	}
	if c, err := k.Recognise(Peer{ID: testID(4), Succeeds: testID(1)}); err != nil || c.Name != "bob" {
		t.Errorf("somebody known who succeeds another: %+v, %v", c, err)
	}
	if _, err := k.Recognise(Peer{ID: testID(9), Succeeds: testID(8)}); !errors.Is(err, ErrUnknownPeer) {
		t.Errorf("successor of a stranger: %v", err)
	}
}

func TestRotate(t *testing.T) {
	for name, secret := range map[string]string{"plain": "", "passphrase": "correct horse"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "identity.pem")
			old, err := Create(path, []byte(secret))
			if err != nil {
				t.Fatal(err)
			}
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			next, kept, err := Rotate(path, passphrase(secret))
			if err != nil {
				t.Fatal(err)
			}
			loaded, err := Load(path, passphrase(secret))
			if err != nil || loaded.ID() != next.ID() || loaded.Succeeds() != old.ID() {
				t.Errorf("the file now holds %v, %v", loaded, err)
			}
			if public, err := LoadPublic(path); err != nil || public.Succeeds != old.ID() || public.Encrypted != (secret != "") {
				t.Errorf("LoadPublic: %+v, %v", public, err)
			}
			if after, err := os.ReadFile(kept); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the old identity was not kept: %v", err)
			}
			wantFiles(t, dir, "identity.pem", filepath.Base(kept))
		})
	}
}

func TestRotateRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "identity.pem")
	if _, _, err := Rotate(path, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	old, err := Create(path, []byte("correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Rotate(path, passphrase("wrong")); !errors.Is(err, ErrPassphraseWrong) {
		t.Errorf("wrong passphrase: %v", err)
	}
	if _, _, err := Rotate(path, nil); !errors.Is(err, ErrPassphraseNeeded) {
		t.Errorf("no passphrase: %v", err)
	}
	kept := path + ".old-" + old.ID().Short()
	if err := os.WriteFile(kept, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Rotate(path, passphrase("correct horse")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file that is kept: %v", err)
	}
	if public, err := LoadPublic(path); err != nil || public.ID != old.ID() {
		t.Errorf("the identity is now %+v, %v", public, err)
	}
	root := newTestCA(t, "Root", nil)
	ecdsa := root.issue(t, newECDSAKey(t), leafTemplate("alice", -day, day)).identity(t)
	if _, err := ecdsa.Successor(); err == nil {
		t.Error("an ECDSA key has a successor")
	}
}

func FuzzPredecessor(f *testing.F) {
	_, next := succeed(f, 1)
	f.Add(next.cert.Leaf.URIs[0].Opaque)
	f.Add("succeeds:")
	f.Add("succeeds:" + testID(1).String() + ":aaaa")
	f.Fuzz(func(t *testing.T, opaque string) {
		cert := &x509.Certificate{URIs: []*url.URL{{Scheme: successionScheme, Opaque: opaque}}}
		from, err := predecessor(cert, next.ID())
		if err != nil && (!errors.Is(err, ErrSuccession) || !from.IsZero()) {
			t.Errorf("%q: %v, %v", opaque, from, err)
		}
		if !from.IsZero() && from != testID(1) {
			t.Errorf("%q: a signature of %v out of nothing", opaque, from)
		}
	})
}
