package quicproto_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// authority is a CA of the tests.
type authority struct {
	key  ed25519.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, pub, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{key, cert}
}

// trust is what those have who trust the CA.
func (a *authority) trust(t *testing.T) *certs.Authorities {
	t.Helper()
	cas, err := certs.ParseAuthorities(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
	if err != nil {
		t.Fatal(err)
	}
	return cas
}

// issue certifies a fresh key that is valid until so long from now.
func (a *authority) issue(t *testing.T, until time.Duration) tls.Certificate {
	t.Helper()
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "carol"}, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(until),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, pub, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// showing is an identity's TLS configuration with another certificate.
func showing(id *certs.Identity, shown ...tls.Certificate) *tls.Config {
	conf := id.TLSConfig(quicproto.ALPN, nil, certs.AcceptAny)
	conf.Certificates = shown
	return conf
}

// swapped shows the certificate of one with the key of another.
func swapped(whose, key *certs.Identity) tls.Certificate {
	c := whose.Certificate()
	c.PrivateKey = key.Certificate().PrivateKey
	return c
}

func isA[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

func is(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }

// encounter is what two ends found out about each other.
type encounter struct {
	dialler  error   // of Dial, or with which the connection ended
	listener []error // of its look at the dialler
	accepted int     // connections that got through to the listener's application
	heard    int     // messages that the dialler's application got
}

func meetAs(t *testing.T, dialler, listener *tls.Config) (e encounter) {
	t.Helper()
	n := quictest.NewNetwork(1, quictest.Link{Delay: 20 * time.Millisecond})
	socket := n.Socket(2)
	x, y := quicproto.Open(n.Socket(1)), quicproto.Open(socket)
	var mu sync.Mutex
	listener = listener.Clone()
	verify := listener.VerifyConnection
	listener.VerifyConnection = func(cs tls.ConnectionState) error {
		err := verify(cs)
		mu.Lock()
		defer mu.Unlock()
		e.listener = append(e.listener, err)
		return err
	}
	if err := y.Listen(listener); err != nil {
		t.Fatal(err)
	}
	accepted := make(chan *quicproto.Conn, 4)
	go accept(y, accepted)
	conn, err := x.Dial(context.Background(), socket.LocalAddr(), dialler)
	if e.dialler = err; err == nil {
		e.heard, e.dialler = converse(conn)
	}
	time.Sleep(time.Second)
	x.Close()
	y.Close()
	mu.Lock()
	defer mu.Unlock()
	e.accepted = len(accepted)
	return e
}

// converse says what a caller says, and listens until the connection ends, or for
// a while.
func converse(conn *quicproto.Conn) (heard int, err error) {
	conn.Send(&quicproto.Hello{Name: "mallory"})
	conn.Send(new(quicproto.Ring))
	for patience := time.After(3 * time.Second); ; {
		select {
		case <-conn.Messages():
			heard++
		case <-conn.Done():
			return heard, conn.Err()
		case <-patience:
			conn.Abort(quicproto.CloseNormal)
			return heard, nil
		}
	}
}

// Each way to be somebody else is refused, with an error of its own, before the
// application has got a byte.
func TestImpostorsAreRefused(t *testing.T) {
	refused := is(quicproto.ErrRefused)
	for name, tc := range map[string]struct {
		dialler, listener func(t *testing.T, me, other *certs.Identity, ca *authority) *tls.Config
		here              func(error) bool // what the dialler finds
		there             func(error) bool // what the listener finds; nil: nothing
	}{
		"listener has another key": {
			dialler: func(_ *testing.T, me, other *certs.Identity, _ *authority) *tls.Config {
				return me.TLSConfig(quicproto.ALPN, nil, certs.AcceptOnly(other.ID()))
			},
			here: isA[*certs.KeyMismatchError],
		},
		"listener shows another's certificate": {
			listener: func(_ *testing.T, me, other *certs.Identity, _ *authority) *tls.Config {
				return showing(me, swapped(other, me))
			},
			here: is(quicproto.ErrUnproven),
		},
		"listener's certificate has expired": {
			dialler: func(t *testing.T, me, _ *certs.Identity, ca *authority) *tls.Config {
				return me.TLSConfig(quicproto.ALPN, ca.trust(t), certs.AcceptAny)
			},
			listener: func(t *testing.T, me, _ *certs.Identity, ca *authority) *tls.Config {
				return showing(me, ca.issue(t, -time.Minute))
			},
			here: isA[*certs.ExpiredError],
		},
		"listener is blocked": {
			dialler: func(_ *testing.T, me, _ *certs.Identity, _ *authority) *tls.Config {
				return me.TLSConfig(quicproto.ALPN, nil, func(certs.Peer) error { return certs.ErrBlockedPeer })
			},
			here: is(certs.ErrBlockedPeer),
		},
		"dialler has no certificate": {
			dialler: func(_ *testing.T, me, _ *certs.Identity, _ *authority) *tls.Config { return showing(me) },
			here:    is(quicproto.ErrNoCertificate),
		},
		"dialler shows another's certificate": {
			dialler: func(_ *testing.T, me, other *certs.Identity, _ *authority) *tls.Config {
				return showing(me, swapped(other, me))
			},
			here: refused,
		},
		"dialler's certificate has expired": {
			dialler: func(t *testing.T, me, _ *certs.Identity, ca *authority) *tls.Config {
				return showing(me, ca.issue(t, -time.Minute))
			},
			listener: func(t *testing.T, me, _ *certs.Identity, ca *authority) *tls.Config {
				return me.TLSConfig(quicproto.ALPN, ca.trust(t), certs.AcceptAny)
			},
			here: refused, there: isA[*certs.ExpiredError],
		},
		"dialler is unknown": {
			listener: func(_ *testing.T, me, other *certs.Identity, _ *authority) *tls.Config {
				return me.TLSConfig(quicproto.ALPN, nil, certs.AcceptOnly(other.ID()))
			},
			here: refused, there: isA[*certs.KeyMismatchError],
		},
		"dialler is blocked": {
			listener: func(_ *testing.T, me, _ *certs.Identity, _ *authority) *tls.Config {
				return me.TLSConfig(quicproto.ALPN, nil, func(certs.Peer) error { return certs.ErrBlockedPeer })
			},
			here: refused, there: is(certs.ErrBlockedPeer),
		},
		"dialler shows two certificates": {
			dialler: func(_ *testing.T, me, other *certs.Identity, _ *authority) *tls.Config {
				c := me.Certificate()
				c.Certificate = append(c.Certificate[:1:1], other.Certificate().Certificate[0])
				return showing(me, c)
			},
			here: refused, there: is(certs.ErrChain),
		},
		"dialler speaks an old protocol": {
			dialler: func(_ *testing.T, me, _ *certs.Identity, _ *authority) *tls.Config {
				return me.TLSConfig("prattle/0", nil, certs.AcceptAny)
			},
			here: refused,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				plain := func(_ *testing.T, me, _ *certs.Identity, _ *authority) *tls.Config {
					return me.TLSConfig(quicproto.ALPN, nil, certs.AcceptAny)
				}
				if tc.dialler == nil {
					tc.dialler = plain
				}
				if tc.listener == nil {
					tc.listener = plain
				}
				ca, other := newAuthority(t), newIdentity(t)
				e := meetAs(t, tc.dialler(t, newIdentity(t), other, ca), tc.listener(t, newIdentity(t), other, ca))
				if !tc.here(e.dialler) {
					t.Errorf("the dialler finds %v", e.dialler)
				}
				if tc.there != nil && (len(e.listener) != 1 || !tc.there(e.listener[0])) {
					t.Errorf("the listener finds %v", e.listener)
				}
				if e.accepted != 0 || e.heard != 0 {
					t.Errorf("%d connections and %d messages got through", e.accepted, e.heard)
				}
			})
		})
	}
}

// An honest pair, so that the test above cannot pass for want of a network.
func TestHonestPeersMeet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := newAuthority(t)
		for name, dialler := range map[string]*tls.Config{
			"self-signed": showing(newIdentity(t), newIdentity(t).Certificate()),
			"vouched for": showing(newIdentity(t), ca.issue(t, time.Hour)),
		} {
			e := meetAs(t, dialler, newIdentity(t).TLSConfig(quicproto.ALPN, ca.trust(t), certs.AcceptAny))
			if e.dialler != nil || e.accepted != 1 || len(e.listener) != 1 || e.listener[0] != nil {
				t.Errorf("%s: %+v", name, e)
			}
		}
	})
}

// A resumed session would let a peer in whose certificate nobody looks at again.
// We neither offer nor take one; a listener that offers them all the same finds
// its own check in the way.
func TestSessionsAreNotResumed(t *testing.T) {
	for name, offered := range map[string]bool{"not offered": false, "offered": true} {
		synctest.Test(t, func(t *testing.T) {
			n := quictest.NewNetwork(1, quictest.Link{Delay: 20 * time.Millisecond})
			socket := n.Socket(2)
			x, y := quicproto.Open(n.Socket(1)), quicproto.Open(socket)
			defer x.Close()
			defer y.Close()
			listener := newIdentity(t).TLSConfig(quicproto.ALPN, nil, certs.AcceptAny)
			listener.SessionTicketsDisabled = !offered
			if err := y.Listen(listener); err != nil {
				t.Fatal(err)
			}
			accepted := make(chan *quicproto.Conn, 4)
			go accept(y, accepted)
			dialler := newIdentity(t).TLSConfig(quicproto.ALPN, nil, certs.AcceptAny)
			dialler.SessionTicketsDisabled = false
			dialler.ServerName = "peer" // under which a session is remembered
			dialler.ClientSessionCache = tls.NewLRUClientSessionCache(4)
			dialler.VerifyConnection = nil // it does what it likes
			var errs []error
			for range 2 {
				conn, err := x.Dial(context.Background(), socket.LocalAddr(), dialler)
				if err == nil {
					if conn.TLS().DidResume && !offered {
						t.Errorf("%s: a session was resumed", name)
					}
					_, err = converse(conn)
				}
				errs = append(errs, err)
			}
			if got := len(accepted); offered && (got != 1 || !errors.Is(errs[1], quicproto.ErrRefused)) || !offered && got != 2 {
				t.Errorf("%s: %d got through, with %v", name, got, errs)
			}
			for len(accepted) > 0 {
				(<-accepted).Abort(quicproto.CloseNormal)
			}
		})
	}
}
