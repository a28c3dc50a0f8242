package peer_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/quicproto"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// traces are the forms in which a secret might be left somewhere: as it is, in the
// usual encodings, and as Go prints bytes and words, in a stack trace as well.
func traces(secret []byte) map[string][]byte {
	var list, words []string
	for _, b := range secret[:4] {
		list = append(list, fmt.Sprintf("%#x", b))
	}
	for i := 0; i+8 <= len(secret); i += 8 {
		words = append(words, fmt.Sprintf("%#x", binary.LittleEndian.Uint64(secret[i:])))
	}
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	forms := map[string][]byte{
		"raw":     secret,
		"hex":     []byte(hex.EncodeToString(secret)),
		"base64":  []byte(base64.RawStdEncoding.EncodeToString(secret)),
		"base32":  []byte(text),
		"ticket":  []byte(strings.ToLower(text)[1 : len(text)-1]), // as part of a longer text
		"decimal": []byte(strings.Trim(fmt.Sprint(secret), "[]")),
		"bytes":   []byte(strings.Join(list, ", ")),
	}
	for i, w := range words {
		forms[fmt.Sprintf("word %d", i)] = []byte(w)
	}
	return forms
}

// search looks for secrets in what somebody might read.
func search(t *testing.T, where string, in []byte, secrets map[string][]byte) {
	t.Helper()
	for name, secret := range secrets {
		for form, want := range traces(secret) {
			if bytes.Contains(bytes.ToLower(in), bytes.ToLower(want)) {
				t.Errorf("the %s is in the %s (%s)", name, where, form)
			}
		}
	}
}

func TestSearchFindsWhatIsThere(t *testing.T) {
	secret := certs.NewSecret()
	for _, leak := range []string{
		fmt.Sprintf("%x", [16]byte(secret)), fmt.Sprintf("%v", [16]byte(secret)), fmt.Sprintf("%#v", secret[:]),
		base64.StdEncoding.EncodeToString(secret[:]), string(secret[:]),
	} {
		found := 0
		for _, form := range traces(secret[:]) {
			if strings.Contains(leak, string(form)) {
				found++
			}
		}
		if found == 0 {
			t.Errorf("%q is not recognised", leak)
		}
	}
}

func privateKey(t *testing.T, id *certs.Identity) []byte {
	t.Helper()
	key, ok := id.Certificate().PrivateKey.(ed25519.PrivateKey)
	if !ok {
		t.Fatalf("a key of type %T", id.Certificate().PrivateKey)
	}
	return key.Seed()
}

// Logs, even for debugging, and traces hold no secrets; logs at the usual level and
// traces no addresses either.
func TestLogsAndTracesTellNoSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
		idA, idB := newIdentity(t), newIdentity(t)
		var info, debug bytes.Buffer
		name := filepath.Join(t.TempDir(), "trace")
		trace, err := peer.OpenTrace(name)
		if err != nil {
			t.Fatal(err)
		}
		record := func(id *certs.Identity, to *bytes.Buffer, level slog.Level, change ...func(*peer.Config)) func(*peer.Config) {
			return func(c *peer.Config) {
				c.Identity, c.Trace = id, trace
				c.Log = slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: level}))
				for _, f := range change {
					f(c)
				}
			}
		}
		d := &desk{good: certs.NewSecret()}
		policy := &admit{others: peer.AdmitKnock}
		a := caller(t, n.Socket(1), record(idA, &debug, slog.LevelDebug))
		b, addr := listener(t, n, 2, record(idB, &info, slog.LevelInfo, policy.config, func(c *peer.Config) { c.Redeem = d.redeem }))
		for range 2 { // the second time it is used up
			l, err := a.Call(context.Background(), addr, idB.ID(), peer.CallOptions{Ticket: &d.good})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
			l.HangUp()
			<-l.Done()
			time.Sleep(time.Second)
		}
		provoke(t, n, addr[0])
		a.Call(context.Background(), []net.Addr{&net.UDPAddr{IP: net.IPv4(10, 9, 0, 99), Port: 7728}}, certs.PeerID{}, peer.CallOptions{Ticket: &d.good})
		a.leave()
		b.leave()
		trace.Close()
		traced, err := os.ReadFile(name)
		if err != nil || len(traced) == 0 {
			t.Fatalf("a trace of %d bytes: %v", len(traced), err)
		}
		secrets := map[string][]byte{"ticket's secret": d.good[:], "caller's key": privateKey(t, idA), "callee's key": privateKey(t, idB)}
		search(t, "log", info.Bytes(), secrets)
		search(t, "debug log", debug.Bytes(), secrets)
		search(t, "trace", traced, secrets)
		for where, text := range map[string][]byte{"log": info.Bytes(), "trace": traced} {
			if bytes.Contains(text, []byte("10.9.0.")) {
				t.Errorf("there are addresses in the %s:\n%s", where, text)
			}
		}
	})
}

// provoke does to a listener what might make it write something.
func provoke(t *testing.T, n *quictest.Network, addr net.Addr) {
	t.Helper()
	m := newMallory(t, n.Socket(100))
	m.dial(addr) // says nothing
	m.dial(addr, new(quicproto.Bye))
	m.dial(addr, hi(), &quicproto.Ring{Ticket: quicproto.Secret("0123456789abcdef")})
	m.dial(addr, hi(), hi())
	bare := m.identity.TLSConfig(quicproto.ALPN, nil, certs.AcceptAny)
	bare.Certificates = nil
	m.endpoint.Dial(context.Background(), addr, bare)
	time.Sleep(10 * time.Second)
	m.endpoint.Close()
}

// A panic with a ticket in hand prints stacks, and not the ticket.
func TestPanicsTellNoSecrets(t *testing.T) {
	const where = "PRATTLE_TEST_PANIC"
	if path := os.Getenv(where); path != "" {
		panicWithSecrets(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "secrets")
	cmd := exec.Command(os.Args[0], "-test.run=^TestPanicsTellNoSecrets$")
	cmd.Env = append(os.Environ(), where+"="+path, "GOTRACEBACK=all")
	out, err := cmd.CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("panic: a panic of the test")) {
		t.Fatalf("it did not panic: %v\n%s", err, out)
	}
	secrets, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	search(t, "panic's stacks", out, map[string][]byte{
		"ticket's secret": secrets[:certs.SecretSize], "key": secrets[certs.SecretSize:],
	})
}

// panicWithSecrets makes a call with a ticket whose redemption panics, and writes
// down what must not be in the stacks.
func panicWithSecrets(t *testing.T, path string) {
	synctest.Test(t, func(t *testing.T) {
		n := quictest.NewNetwork(1, quictest.Link{Delay: 5 * time.Millisecond})
		id, secret := newIdentity(t), certs.NewSecret()
		if err := os.WriteFile(path, append(secret[:], privateKey(t, id)...), 0o600); err != nil {
			t.Fatal(err)
		}
		_, addr := listener(t, n, 2, func(c *peer.Config) {
			c.Identity = id
			c.Redeem = func(*certs.Secret, certs.Peer) error { panic("a panic of the test") }
		})
		a := caller(t, n.Socket(1), func(c *peer.Config) { c.Identity = newIdentity(t) })
		a.Call(context.Background(), addr, id.ID(), peer.CallOptions{Ticket: &secret})
		time.Sleep(time.Minute) // until it has happened
	})
}
