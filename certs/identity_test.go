package certs

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// testIdentity returns the identity whose peer ID is testID(n).
func testIdentity(t testing.TB, n int) *Identity {
	t.Helper()
	seed := make([]byte, ed25519.SeedSize)
	seed[0], seed[1] = byte(n), byte(n>>8)
	id, err := FromKey(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestIdentityIsItsKey(t *testing.T) {
	id := testIdentity(t, 7)
	if id.ID() != testID(7) {
		t.Errorf("ID() = %v, want the public key %v", id.ID(), testID(7))
	}
	again := testIdentity(t, 7)
	if !bytes.Equal(id.Certificate().Certificate[0], again.Certificate().Certificate[0]) {
		t.Error("the certificate tells more than the key: it differs between two runs")
	}
}

func TestNewIdentitiesDiffer(t *testing.T) {
	a, err := New()
	if err != nil {
		t.Fatal(err)
	}
	b, err := New()
	if err != nil {
		t.Fatal(err)
	}
	if a.ID() == b.ID() {
		t.Error("two new identities have one key")
	}
}

func TestFromKeyRefusesHalfAKey(t *testing.T) {
	if id, err := FromKey(make(ed25519.PrivateKey, 32)); err == nil {
		t.Errorf("got %v", id)
	}
}

func TestIdentityNeverPrintsItsKey(t *testing.T) {
	id := testIdentity(t, 7)
	key := id.Certificate().PrivateKey.(ed25519.PrivateKey)
	seed := key.Seed()
	forms := []string{
		hex.EncodeToString(seed), strings.ToUpper(hex.EncodeToString(seed)),
		base64.StdEncoding.EncodeToString(seed), strings.Trim(fmt.Sprint(seed), "[]"), fmt.Sprintf("%q", seed),
	}
	var out bytes.Buffer
	for _, verb := range strings.Fields("%v %+v %#v %d %x %X %s %q %p %t %08b") {
		fmt.Fprintf(&out, verb+"\n", id)
		fmt.Fprintf(&out, verb+"\n", struct{ Me *Identity }{id})
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("hello", "identity", id)
	slog.New(slog.NewTextHandler(&out, nil)).Info("hello", "identity", id)
	for _, form := range forms {
		if strings.Contains(out.String(), form) {
			t.Errorf("the private key is in the output as %s", form)
		}
	}
	if !strings.Contains(out.String(), testID(7).String()) {
		t.Error("the peer ID is not in the output")
	}
}
