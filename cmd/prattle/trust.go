package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/skulltech/prattle/certs"
)

// exitConfig is the code for a file of settings that cannot be understood.
const exitConfig = 10

// classifyTrust finds the exit code for an error of package certs, and what the
// user can do.
func classifyTrust(err error) (code int, hint string, ok bool) {
	var exposed *certs.ExposedError
	var owner *certs.OwnerError
	var mismatch *certs.KeyMismatchError
	var expired *certs.ExpiredError
	var syntax *certs.SyntaxError
	switch {
	case errors.As(err, &exposed):
		return exitIdentity, "chmod 600 " + shellQuote(exposed.Path), true
	case errors.As(err, &owner):
		return exitIdentity, "run prattle as that user, or `prattle identity new FILE` makes one of your own", true
	case errors.As(err, &mismatch):
		return exitIdentity, "somebody else answers there, or they have a new identity: ask them for their peer ID by another way", true
	case errors.As(err, &expired):
		return exitIdentity, "the CA has to issue a new certificate", true
	case errors.As(err, &syntax):
		return exitConfig, "correct that line with an editor", true
	case errors.Is(err, certs.ErrPassphraseNeeded):
		return exitIdentity, "run it in a terminal, where it can ask for the passphrase", true
	case isAny(err, unusableIdentity):
		return exitIdentity, "is it the right file? `prattle identity new FILE` makes another", true
	case isAny(err, refusedPeer):
		return exitIdentity, "", true
	case errors.Is(err, certs.ErrUnknownPeer):
		return exitNotFound, "`prattle contacts list` shows whom you know", true
	case isAny(err, badTicket):
		return exitUsage, "ask for the ticket again, and copy the whole of it", true
	case errors.Is(err, certs.ErrTicketExpired):
		return exitIdentity, "ask for a new one", true
	}
	return 0, "", false
}

// Errors that have one exit code and one cure.
var (
	unusableIdentity = []error{
		certs.ErrNotRegular, certs.ErrTooLarge, certs.ErrMalformed, certs.ErrKeyMismatch, certs.ErrPassphraseWrong,
	}
	refusedPeer = []error{
		certs.ErrBlockedPeer, certs.ErrNoCertificate, certs.ErrChain, certs.ErrSelfSignature, certs.ErrKeyType,
		certs.ErrNotVouched, certs.ErrWeakKey, certs.ErrResumed, certs.ErrProtocol, certs.ErrSASCommitment, certs.ErrSASOrder,
	}
	badTicket = []error{
		certs.ErrNotTicket, certs.ErrTicketVersion, certs.ErrTicketTruncated, certs.ErrTicketDamaged,
	}
)

func isAny(err error, targets []error) bool {
	return slices.ContainsFunc(targets, func(target error) bool { return errors.Is(err, target) })
}

// shellQuote writes a path so that a shell takes it for one word.
func shellQuote(path string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,.@%/"
	if path != "" && strings.Trim(path, plain) == "" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
