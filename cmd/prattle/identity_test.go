package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/skulltech/prattle/certs"
)

// runCommand runs a command as the command line would, with its own streams.
func runCommand(c *cobra.Command, stdin string, args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	c.SetIn(strings.NewReader(stdin))
	c.SetOut(&out)
	c.SetErr(&errs)
	c.SetArgs(args)
	c.SilenceErrors, c.SilenceUsage = true, true
	err = c.Execute()
	return out.String(), errs.String(), err
}

func runIdentity(stdin string, args ...string) (stdout, stderr string, err error) {
	return runCommand(newIdentityCommand(), stdin, args...)
}

// ownConfig gives the test a configuration directory of its own.
func ownConfig(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	t.Setenv("PRATTLE_IDENTITY", "")
	t.Setenv("PRATTLE_KNOWN_PEERS", "")
	return filepath.Join(dir, "prattle")
}

func TestIdentityNewAndShow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "me.pem")
	made, told, err := runIdentity("", "new", path)
	if err != nil {
		t.Fatal(err)
	}
	id, err := certs.ParsePeerID(made)
	if err != nil || made != id.String()+"\n" || !strings.Contains(told, path) {
		t.Errorf("new prints %q and %q (%v)", made, told, err)
	}
	shown, _, err := runIdentity("", "show", "--identity", path)
	if err != nil || shown != made {
		t.Errorf("show prints %q, %v, want %q", shown, err, made)
	}
	asJSON, _, err := runIdentity("", "show", "--identity", path, "--json")
	var got map[string]any
	if err := errors.Join(err, json.Unmarshal([]byte(asJSON), &got)); err != nil {
		t.Fatal(err)
	}
	if got["peer_id"] != id.String() || got["file"] != path || got["passphrase"] != false {
		t.Errorf("show --json prints %s", asJSON)
	}
}

func TestIdentityOfTheUser(t *testing.T) {
	dir := ownConfig(t)
	_, _, err := runIdentity("", "show")
	if code, hint := classify(err); code != exitNotFound || hint != "`prattle identity new` makes one" {
		t.Errorf("show without an identity: %v, exit %d, hint %q", err, code, hint)
	}
	made, _, err := runIdentity("", "new")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "identity.pem")); err != nil {
		t.Error(err)
	}
	if shown, _, err := runIdentity("", "show"); err != nil || shown != made {
		t.Errorf("show prints %q, %v, want %q", shown, err, made)
	}
	other := filepath.Join(t.TempDir(), "other.pem")
	t.Setenv("PRATTLE_IDENTITY", other)
	if made, _, err = runIdentity("", "new"); err != nil {
		t.Fatal(err)
	}
	if shown, _, err := runIdentity("", "show", "--identity", other); err != nil || shown != made {
		t.Errorf("$PRATTLE_IDENTITY is not followed: %q, %v", shown, err)
	}
}

func TestIdentityNewReplacesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "me.pem")
	first, _, err := runIdentity("", "new", path)
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := runIdentity("", "new", path)
	if !errors.Is(err, fs.ErrExist) || out != "" {
		t.Errorf("got %q, %v", out, err)
	}
	if _, hint := classify(err); !strings.Contains(hint, "kept as it is") {
		t.Errorf("hint %q", hint)
	}
	if shown, _, _ := runIdentity("", "show", "--identity", path); shown != first {
		t.Errorf("the identity is now %q, was %q", shown, first)
	}
}

func TestIdentityExport(t *testing.T) {
	path := filepath.Join(t.TempDir(), "me.pem")
	id, err := certs.Create(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := runIdentity("", "export", "--identity", path)
	if err != nil {
		t.Fatal(err)
	}
	block, rest := pem.Decode([]byte(out))
	if block == nil || len(rest) != 0 || strings.Contains(out, "PRIVATE") {
		t.Fatalf("export prints %q", out)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil || certs.PeerID(cert.PublicKey.(ed25519.PublicKey)) != id.ID() {
		t.Errorf("the certificate is another's: %v", err)
	}
}

func TestIdentityWithPassphrase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "me.pem")
	made, _, err := runIdentity("correct horse\nand more", "new", path, "--passphrase")
	if err != nil {
		t.Fatal(err)
	}
	id, err := certs.Load(path, func() ([]byte, error) { return []byte("correct horse"), nil })
	if err != nil || id.ID().String()+"\n" != made {
		t.Errorf("loaded %v, %v, want %q", id, err, made)
	}
	shown, _, err := runIdentity("", "show", "--identity", path, "--json")
	if err != nil || !strings.Contains(shown, `"passphrase":true`) {
		t.Errorf("show prints %q, %v", shown, err)
	}
	if _, _, err := runIdentity("\n", "new", path+"2", "--passphrase"); !isUsage(err) {
		t.Errorf("an empty passphrase: %v", err)
	}
	if _, _, err := runIdentity("", "new", path+"2", "--passphrase"); err == nil {
		t.Error("no passphrase at all")
	}
	if _, _, err := runIdentity(strings.Repeat("x", 5000), "new", path+"2", "--passphrase"); err == nil {
		t.Error("an endless passphrase")
	}
	if _, err := os.Stat(path + "2"); err == nil {
		t.Error("a file was made nevertheless")
	}
}

func isUsage(err error) bool {
	var bad *usageError
	return errors.As(err, &bad)
}

// What follows the passphrase on standard input is left for others.
func TestReadLineReadsOneLine(t *testing.T) {
	in := strings.NewReader("secret\r\nhello\n")
	line, err := readLine(in, 100)
	if err != nil || string(line) != "secret" || in.Len() != len("hello\n") {
		t.Errorf("got %q, %v, and left %d bytes", line, err, in.Len())
	}
}
