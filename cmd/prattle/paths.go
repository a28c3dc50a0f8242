package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/skulltech/prattle/certs"
)

// configDir returns where this user's identity and contacts are:
// $XDG_CONFIG_HOME/prattle if that is set, on every system; else the system's
// own place, which is ~/.config/prattle but on macOS and Windows.
func configDir() (string, error) {
	if dir := os.Getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) { // the XDG specification: ignore a relative one
		return filepath.Join(dir, "prattle"), nil
	}
	dir, err := systemConfigDir()
	if err != nil {
		return "", fmt.Errorf("find the directory for settings: %w", err)
	}
	return filepath.Join(dir, "prattle"), nil
}

func systemConfigDir() (string, error) {
	switch runtime.GOOS {
	case "darwin", "ios", "windows", "plan9":
		return os.UserConfigDir()
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".config"), err
}

// identityPath returns $PRATTLE_IDENTITY, or where the user's own identity is.
func identityPath() (string, error) { return ownFile("PRATTLE_IDENTITY", "identity.pem") }

// knownPeersPath returns $PRATTLE_KNOWN_PEERS, or where the user's contacts are.
func knownPeersPath() (string, error) { return ownFile("PRATTLE_KNOWN_PEERS", "known_peers") }

// statePath returns where the state of that name is: what the programs of a user
// remember and nobody edits. It is $XDG_STATE_HOME/prattle, ~/.local/state/prattle,
// or where settings are on systems that make no difference.
func statePath(name string) (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "prattle", name), nil
	}
	switch runtime.GOOS {
	case "darwin", "ios", "windows", "plan9":
		dir, err := configDir()
		return filepath.Join(dir, name), err
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the directory for state: %w", err)
	}
	return filepath.Join(home, ".local", "state", "prattle", name), nil
}

// ticketFile returns where issued tickets are remembered.
func ticketFile() (certs.TicketFile, error) {
	path, err := statePath("tickets")
	return certs.TicketFile{Path: path}, err
}

func ownFile(env, name string) (string, error) {
	if path := os.Getenv(env); path != "" {
		return path, nil
	}
	dir, err := configDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, name), nil
}

// loadContacts reads the user's contacts; there may be none.
func loadContacts() (*certs.Known, error) {
	path, err := knownPeersPath()
	if err != nil {
		return nil, err
	}
	return certs.KnownFile{Path: path}.Load()
}
