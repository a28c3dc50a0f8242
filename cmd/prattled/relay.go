package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto/relay"
)

// relayConfig is what the settings say of the relay; ok is false if there is none.
func relayConfig(s *settings, secrets []string, m relay.Metrics, log *slog.Logger) (c relay.Config, ok bool, err error) {
	c = relay.Config{Secrets: secrets, CertFile: s.tlsCert, KeyFile: s.tlsKey, Metrics: m, Log: log}
	if s.relay != "" {
		if c.UDP, err = parseListen("relay", s.relay); err != nil {
			return c, false, err
		}
		c.TCP = c.UDP
	}
	if s.relayTLS != "" {
		if c.TLS, err = parseListen("relay-tls", s.relayTLS); err != nil {
			return c, false, err
		}
	}
	if c.Relay, err = parseRelayIPs(s.relayIPs); err != nil {
		return c, false, err
	}
	if c.Ports, err = parsePorts(s.relayPorts); err != nil {
		return c, false, err
	}
	if c.Allow, err = parseNetworks("relay-allow", s.relayAllow); err != nil {
		return c, false, err
	}
	if c.Deny, err = parseNetworks("relay-deny", s.relayDeny); err != nil {
		return c, false, err
	}
	return c, s.relay != "" || s.relayTLS != "", nil
}

// maxSecretFile bounds a file of secrets, in bytes.
const maxSecretFile = 4 << 10

// loadSecrets returns what passwords for relays are made from, the one in use first:
// from a file, or made from the identity, so that they outlive a restart and all
// servers with one identity have the same.
func loadSecrets(path string, id *certs.Identity) ([]string, error) {
	if path == "" {
		return derivedSecret(id)
	}
	if err := checkPrivate(path); err != nil {
		return nil, err
	}
	data, err := readFile(path, maxSecretFile)
	if err != nil {
		return nil, &configError{fmt.Errorf("read the secret: %w", err), ""}
	}
	var secrets []string
	for line := range bytes.Lines(data) {
		if text := strings.TrimSpace(string(line)); text != "" {
			secrets = append(secrets, text)
		}
	}
	if len(secrets) == 0 {
		return nil, &configError{fmt.Errorf("%s: no secret in it", path), "`openssl rand -hex 32` makes one"}
	}
	return secrets, nil
}

// checkPrivate refuses a file that others can read, where files have such rights.
// What systemd hands over as a credential shows those of an access list instead.
func checkPrivate(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return &configError{fmt.Errorf("read the secret: %w", err), ""}
	}
	handed := os.Getenv("CREDENTIALS_DIRECTORY")
	if runtime.GOOS == "windows" || handed != "" && filepath.Dir(path) == filepath.Clean(handed) {
		return nil
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return &certs.ExposedError{Path: path, Mode: mode, What: "read"}
	}
	return nil
}

func derivedSecret(id *certs.Identity) ([]string, error) {
	key, ok := id.Certificate().PrivateKey.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("make a secret: the identity's key is not Ed25519")
	}
	b, err := hkdf.Key(sha256.New, key.Seed(), nil, "prattle relay secret v1", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("make a secret: %w", err)
	}
	return []string{hex.EncodeToString(b)}, nil
}
