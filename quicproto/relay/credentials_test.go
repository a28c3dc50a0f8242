package relay

import (
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// The password was computed by: printf %s USERNAME | openssl dgst -sha1 -hmac SECRET -binary | base64
func TestCredentialsAreThoseOfCoturn(t *testing.T) {
	username, password := Credentials("north", "alice", time.Hour, time.Unix(1_700_000_000, 0))
	if want := "1700003600:alice"; username != want {
		t.Errorf("username %q, want %q", username, want)
	}
	if want := "wjwSXO2ch1B6VaLTLMy2Avn5O9o="; password != want {
		t.Errorf("password %q, want %q", password, want)
	}
}

func TestFindKey(t *testing.T) {
	secrets := []string{"the first of the secrets", "the second of the secrets", "the third of the secrets"}
	username := "1700003600:alice"
	for _, secret := range append(secrets, "one that is not among them") {
		key := keyOf(username, defaultRealm, passwordOf(secret, username))
		m, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(username), key)
		if err != nil {
			t.Fatal(err)
		}
		found := findKey(secrets, username, defaultRealm, m.Raw).Check(m) == nil
		if want := secret != "one that is not among them"; found != want {
			t.Errorf("secret %q: found %v, want %v", secret, found, want)
		}
	}
}

func FuzzParseUsername(f *testing.F) {
	for _, s := range []string{"1700003600:alice", "1700003600", ":", "1:a:b", "-1:a", "99999999999999999999:a", "+1:a", strings.Repeat("1", 600) + ":a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		expiry, user, err := parseUsername(s)
		if err != nil {
			return
		}
		if user == "" || expiry.Unix() < 0 || !strings.HasSuffix(s, ":"+user) || len(s) > maxUsername {
			t.Fatalf("%q: %v, %q", s, expiry, user)
		}
	})
}
