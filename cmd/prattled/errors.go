package main

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto/rendezvous"
)

// Exit codes, the same as those of prattle.
const (
	exitOK       = 0
	exitOther    = 1
	exitUsage    = 2
	exitNotFound = 3
	exitIdentity = 4
	exitConfig   = 10
	exitRunning  = 11
)

// usageError says that the command line does not make sense.
type usageError struct {
	err  error
	hint string
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// configError says that the configuration file, or a file that is set, cannot be
// used.
type configError struct {
	err  error
	hint string
}

func (e *configError) Error() string { return e.err.Error() }
func (e *configError) Unwrap() error { return e.err }

const exposedHint = "chmod 600 the file: it decides who is served, or lets others pass for this server"

// classify finds the exit code for an error, and what the operator can do.
func classify(err error) (code int, hint string) {
	var bad *usageError
	var config *configError
	var exposed *certs.ExposedError
	switch {
	case errors.As(err, &bad):
		return exitUsage, bad.hint
	case errors.As(err, &config) && errors.As(err, &exposed):
		return exitConfig, exposedHint
	case errors.As(err, &config):
		return exitConfig, config.hint
	case errors.As(err, &exposed):
		return exitIdentity, exposedHint
	case errors.Is(err, certs.ErrPassphraseNeeded):
		return exitIdentity, "a server cannot ask for a passphrase: give it an identity of its own with --identity"
	case errors.Is(err, certs.ErrMalformed), errors.Is(err, certs.ErrKeyMismatch), errors.Is(err, rendezvous.ErrKeyKind):
		return exitIdentity, "name another file with --identity: it is made if it is not there"
	case errors.Is(err, syscall.EADDRINUSE):
		return exitRunning, "is another prattled running? choose other ports with --listen, --relay and --metrics"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EACCES):
		return exitOther, "ports below 1024 and other users' files need rights: see the systemd unit prattled.service"
	case errors.Is(err, fs.ErrNotExist):
		return exitNotFound, ""
	}
	return exitOther, ""
}
