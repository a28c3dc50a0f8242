package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/skulltech/prattle/certs"
)

func TestClassifyTrust(t *testing.T) {
	for _, test := range []struct {
		err  error
		code int
	}{
		{&certs.ExposedError{Path: "f", Mode: 0o644, What: "read"}, exitIdentity},
		{&certs.OwnerError{Path: "f", UID: 1}, exitIdentity},
		{&certs.KeyMismatchError{}, exitIdentity},
		{&certs.ExpiredError{}, exitIdentity},
		{&certs.SyntaxError{Line: 1, Err: certs.ErrBadName}, exitConfig},
		{&certs.SyntaxError{Line: 1, Err: certs.ErrWeakKey}, exitConfig},
		{certs.ErrPassphraseNeeded, exitIdentity},
		{certs.ErrPassphraseWrong, exitIdentity},
		{certs.ErrMalformed, exitIdentity},
		{certs.ErrNotRegular, exitIdentity},
		{certs.ErrBlockedPeer, exitIdentity},
		{certs.ErrUnknownPeer, exitNotFound},
		{certs.ErrTicketExpired, exitIdentity},
		{certs.ErrTicketTruncated, exitUsage},
		{fmt.Errorf("ticket: %w", certs.ErrWeakKey), exitIdentity},
	} {
		code, _, ok := classifyTrust(fmt.Errorf("doing something: %w", test.err))
		if !ok || code != test.code {
			t.Errorf("%v: exit %d, %v, want %d", test.err, code, ok, test.code)
		}
	}
	if _, _, ok := classifyTrust(errors.New("something else")); ok {
		t.Error("takes any error for one of trust")
	}
}

func TestHintForExposedIdentity(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such permissions")
	}
	path := filepath.Join(t.TempDir(), "my identity.pem")
	if _, err := certs.Create(path, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, err := runIdentity("", "show", "--identity", path)
	if code, hint, ok := classifyTrust(err); !ok || code != exitIdentity || hint != "chmod 600 '"+path+"'" {
		t.Errorf("%v: exit %d, hint %q", err, code, hint)
	}
}

func TestShellQuote(t *testing.T) {
	for in, want := range map[string]string{
		"/home/me/.config/prattle/identity.pem": "/home/me/.config/prattle/identity.pem",
		"":                                      "''",
		"a b":                                   "'a b'",
		"it's":                                  `'it'\''s'`,
		"$(reboot)":                             "'$(reboot)'",
	} {
		if got := shellQuote(in); got != want {
			t.Errorf("shellQuote(%q) = %s, want %s", in, got, want)
		}
	}
}
