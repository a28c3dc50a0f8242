package certs

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

const testALPN = "prattle/test"

// outcome is what one end of a connection has seen.
type outcome struct {
	err      error  // of the handshake
	received string // application bytes
	state    tls.ConnectionState
}

// shakeHands connects two ends, which each send a greeting as soon as they may.
func shakeHands(t testing.TB, client, server *tls.Config) (atClient, atServer outcome) {
	t.Helper()
	a, b := connect(t)
	done := make(chan outcome, 1)
	go func() { done <- greet(tls.Server(b, server), "from the server") }()
	atClient = greet(tls.Client(a, client), "from the client")
	return atClient, <-done
}

// connect returns both ends of a connection with buffers, as net.Pipe has none:
// crypto/tls may send an alert while the other end is still writing.
func connect(t testing.TB) (a, b net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	a, err1 := net.Dial("tcp", ln.Addr().String())
	b, err2 := ln.Accept()
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second) // only a hang gets there
	a.SetDeadline(deadline)
	b.SetDeadline(deadline)
	return a, b
}

func greet(conn *tls.Conn, greeting string) (seen outcome) {
	defer conn.NetConn().Close()
	if seen.err = conn.Handshake(); seen.err != nil {
		return seen
	}
	seen.state = conn.ConnectionState()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		io.WriteString(conn, greeting) // fails if the other end has refused us
	}()
	buf := make([]byte, 100)
	n, _ := conn.Read(buf)
	seen.received = string(buf[:n])
	<-sent
	return seen
}

func TestMutualAuthentication(t *testing.T) {
	alice, bob := testIdentity(t, 1), testIdentity(t, 2)
	atAlice, atBob := shakeHands(t, alice.TLSConfig(testALPN, nil, AcceptOnly(bob.ID())), bob.TLSConfig(testALPN, nil, AcceptAny))
	if err := errors.Join(atAlice.err, atBob.err); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		seen outcome
		want PeerID
	}{{atAlice, bob.ID()}, {atBob, alice.ID()}} {
		peer, err := VerifyPeer(test.seen.state, nil, time.Now())
		if err != nil || peer != (Peer{ID: test.want}) {
			t.Errorf("VerifyPeer: %+v, %v, want %v", peer, err, test.want)
		}
		if v := test.seen.state.Version; v != tls.VersionTLS13 {
			t.Errorf("TLS version %#x", v)
		}
		if c := test.seen.state.CurveID; c != tls.X25519MLKEM768 {
			t.Errorf("key exchange %v", c)
		}
	}
	if atAlice.received != "from the server" {
		t.Errorf("the client received %q", atAlice.received)
	}
}

// Each dialler is refused by the listener with an error of its own, before one
// byte of the application reaches it.
func TestListenerRefuses(t *testing.T) {
	bob := testIdentity(t, 2)
	root := newTestCA(t, "Root", nil)
	var known Known
	for _, c := range []Contact{{Name: "alice", ID: testID(1)}, {Name: "mallory", ID: testID(3), Blocked: true}} {
		if _, err := known.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	alice := testIdentity(t, 1)
	dial := func(cert tls.Certificate) *tls.Config {
		config := alice.TLSConfig(testALPN, nil, AcceptAny)
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }
		return config
	}
	swapped := alice.Certificate()
	swapped.PrivateKey = testIdentity(t, 9).cert.PrivateKey
	forged := tls.Certificate{PrivateKey: alice.cert.PrivateKey, Certificate: [][]byte{forgeSelfSigned(t, alice.cert.Leaf.PublicKey)}}
	weak := tls.Certificate{PrivateKey: alice.cert.PrivateKey, Certificate: [][]byte{forgeSelfSigned(t, make(ed25519.PublicKey, 32))}}
	twice := alice.Certificate()
	twice.Certificate = append(twice.Certificate, twice.Certificate[0])
	ecdsa := selfSignedECDSA(t)
	expired := root.issue(t, newECDSAKey(t), leafTemplate("alice", -2*day, -day))
	posing := root.issue(t, newECDSAKey(t), leafTemplate("Alice", -day, day))
	old := alice.TLSConfig(testALPN, nil, AcceptAny)
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12

	for name, test := range map[string]struct {
		dialler *tls.Config
		accept  func(Peer) error
		want    error  // or
		message string // of crypto/tls itself
	}{
		"wrong key":         {alice.TLSConfig(testALPN, nil, AcceptAny), AcceptOnly(testID(5)), &KeyMismatchError{Want: testID(5), Got: testID(1)}, ""},
		"nobody in mind":    {alice.TLSConfig(testALPN, nil, AcceptAny), AcceptOnly(PeerID{}), &KeyMismatchError{Got: testID(1)}, ""},
		"unknown":           {testIdentity(t, 4).TLSConfig(testALPN, nil, AcceptAny), known.Accept, ErrUnknownPeer, ""},
		"blocked":           {testIdentity(t, 3).TLSConfig(testALPN, nil, AcceptAny), known.Accept, ErrBlockedPeer, ""},
		"no certificate":    {dial(tls.Certificate{}), known.Accept, nil, "didn't provide a certificate"},
		"swapped":           {dial(swapped), known.Accept, nil, "invalid signature"},
		"forged":            {dial(forged), known.Accept, ErrSelfSignature, ""},
		"weak key":          {dial(weak), AcceptAny, ErrWeakKey, ""},
		"two certificates":  {dial(twice), known.Accept, ErrChain, ""},
		"other kind of key": {dial(tls.Certificate{PrivateKey: ecdsa.key, Certificate: [][]byte{ecdsa.cert.Raw}}), known.Accept, ErrKeyType, ""},
		"expired":           {expired.identity(t).TLSConfig(testALPN, nil, AcceptAny), known.Accept, &ExpiredError{expired.cert.NotBefore, expired.cert.NotAfter}, ""},
		"a pinned name":     {posing.identity(t).TLSConfig(testALPN, nil, AcceptAny), known.Accept, &KeyMismatchError{Name: "alice", Want: testID(1), Got: posing.identity(t).ID()}, ""},
		"other protocol":    {alice.TLSConfig("h3", nil, AcceptAny), known.Accept, nil, "unsupported application protocols"},
		"no protocol":       {withoutALPN(alice), known.Accept, ErrProtocol, ""},
		"TLS 1.2":           {old, known.Accept, nil, "unsupported versions"},
	} {
		t.Run(name, func(t *testing.T) {
			_, atServer := shakeHands(t, test.dialler, bob.TLSConfig(testALPN, root.authorities(t), test.accept))
			if atServer.received != "" {
				t.Errorf("the application received %q", atServer.received)
			}
			switch {
			case atServer.err == nil:
				t.Error("accepted")
			case test.want == nil:
				if !strings.Contains(atServer.err.Error(), test.message) {
					t.Errorf("got %v, want %q", atServer.err, test.message)
				}
			case !errors.Is(atServer.err, test.want) && atServer.err.Error() != test.want.Error():
				t.Errorf("got %v, want %v", atServer.err, test.want)
			}
		})
	}
}

// withoutALPN is a dialler that names no protocol, which crypto/tls lets through.
func withoutALPN(id *Identity) *tls.Config {
	config := id.TLSConfig(testALPN, nil, AcceptAny)
	config.NextProtos = nil
	config.VerifyConnection = nil
	return config
}

func TestDiallerRefuses(t *testing.T) {
	alice, bob := testIdentity(t, 1), testIdentity(t, 2)
	atClient, atServer := shakeHands(t, alice.TLSConfig(testALPN, nil, AcceptOnly(testID(3))), bob.TLSConfig(testALPN, nil, AcceptAny))
	var mismatch *KeyMismatchError
	if !errors.As(atClient.err, &mismatch) || mismatch.Want != testID(3) || mismatch.Got != bob.ID() {
		t.Errorf("got %v", atClient.err)
	}
	if atServer.err == nil || atServer.received != "" || atClient.received != "" {
		t.Errorf("the call went on: %+v, %+v", atClient, atServer)
	}
}

func TestDiallerSwappedCertificate(t *testing.T) {
	alice, bob := testIdentity(t, 1), testIdentity(t, 2)
	impostor := testIdentity(t, 9).TLSConfig(testALPN, nil, AcceptAny)
	impostor.Certificates[0].Certificate = bob.cert.Certificate
	impostor.Certificates[0].Leaf = bob.cert.Leaf
	atClient, _ := shakeHands(t, alice.TLSConfig(testALPN, nil, AcceptOnly(bob.ID())), impostor)
	if atClient.err == nil || !strings.Contains(atClient.err.Error(), "invalid signature") {
		t.Errorf("somebody else's certificate: %v", atClient.err)
	}
}

func TestMembersOfOneCAMeet(t *testing.T) {
	root := newTestCA(t, "Root", nil)
	middle := newTestCA(t, "Middle", root)
	cas := root.authorities(t)
	alice := middle.issue(t, newECDSAKey(t), leafTemplate("alice", -day, day)).identity(t, middle)
	bob := root.issue(t, testIdentity(t, 2).cert.PrivateKey.(ed25519.PrivateKey), leafTemplate("bob", -day, day)).identity(t)
	var known Known
	atAlice, atBob := shakeHands(t, alice.TLSConfig(testALPN, cas, known.Accept), bob.TLSConfig(testALPN, cas, known.Accept))
	if err := errors.Join(atAlice.err, atBob.err); err != nil {
		t.Fatal(err)
	}
	peer, err := VerifyPeer(atBob.state, cas, time.Now())
	if err != nil || peer != (Peer{ID: alice.ID(), Name: "alice"}) {
		t.Errorf("bob sees %+v, %v", peer, err)
	}
	if peer, err = VerifyPeer(atAlice.state, cas, time.Now()); err != nil || peer != (Peer{ID: testID(2), Name: "bob"}) {
		t.Errorf("alice sees %+v, %v", peer, err)
	}
}

func TestNoResumption(t *testing.T) {
	alice, bob := testIdentity(t, 1), testIdentity(t, 2)
	client := alice.TLSConfig(testALPN, nil, AcceptAny)
	client.ClientSessionCache = tls.NewLRUClientSessionCache(4) // a client that would like to
	client.ServerName = "bob"
	server := bob.TLSConfig(testALPN, nil, AcceptAny)
	for range 2 {
		atClient, atServer := shakeHands(t, client, server)
		if err := errors.Join(atClient.err, atServer.err); err != nil {
			t.Fatal(err)
		}
		if atServer.state.DidResume {
			t.Error("a session was resumed")
		}
	}
	state := tls.ConnectionState{DidResume: true, PeerCertificates: []*x509.Certificate{bob.cert.Leaf}}
	if peer, err := VerifyPeer(state, nil, time.Now()); !errors.Is(err, ErrResumed) {
		t.Errorf("a resumed session: %+v, %v", peer, err)
	}
}

func TestTLSConfigWithoutPolicyPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("accepts whoever comes")
		}
	}()
	testIdentity(t, 1).TLSConfig(testALPN, nil, nil)
}

// forgeSelfSigned makes a certificate that claims to be signed by a key, but is
// signed by another.
func forgeSelfSigned(t testing.TB, public crypto.PublicKey) []byte {
	t.Helper()
	template := leafTemplate("prattle", -day, day)
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, newECDSAKey(t))
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// Hostile certificates: no panic, and no peer ID without a certificate that
// stands up. The CA is the same in every process that fuzzes.
func FuzzVerifyChain(f *testing.F) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	template := func(name string) *x509.Certificate {
		c := leafTemplate(name, 0, 0)
		c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(1), now.Add(-day), now.Add(day)
		return c
	}
	root := &certified{key: testIdentity(f, 100).cert.PrivateKey.(ed25519.PrivateKey), cert: template("Root")}
	root.cert.IsCA, root.cert.KeyUsage, root.cert.ExtKeyUsage = true, x509.KeyUsageCertSign, nil
	root = root.issue(f, root.key, root.cert)
	cas := root.authorities(f)
	leaf := root.issue(f, testIdentity(f, 1).cert.PrivateKey.(ed25519.PrivateKey), template("alice"))
	if peer, err := verifyChain([]*x509.Certificate{leaf.cert}, cas, now); err != nil || peer.Name != "alice" {
		f.Fatalf("the CA does not work: %+v, %v", peer, err)
	}
	f.Add(testIdentity(f, 1).cert.Certificate[0])
	f.Add(leaf.cert.Raw)
	f.Add(append(append([]byte(nil), leaf.cert.Raw...), root.cert.Raw...))
	f.Add(selfSignedECDSA(f).cert.Raw)
	f.Add(forgeSelfSigned(f, make(ed25519.PublicKey, 32)))
	f.Fuzz(func(t *testing.T, der []byte) {
		chain, err := x509.ParseCertificates(der)
		if err != nil {
			return
		}
		peer, err := verifyChain(chain, cas, now)
		switch {
		case err != nil && peer != (Peer{}):
			t.Errorf("an error and a peer: %+v, %v", peer, err)
		case err == nil && (len(chain) == 0 || peer.ID.weak()):
			t.Errorf("accepted %+v", peer)
		}
		wantPlain(t, peer.Name)
	})
}
