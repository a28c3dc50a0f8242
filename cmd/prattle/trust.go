package main

import (
	"errors"
	"fmt"
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
		return exitIdentity, mismatchHint(mismatch), true
	case errors.As(err, &expired):
		return exitIdentity, "the CA has to issue a new certificate", true
	case errors.As(err, &syntax):
		return exitConfig, "correct that line with an editor", true
	case errors.Is(err, certs.ErrBadPassphrase):
		return exitIdentity, "one line of up to 256 bytes that all members can type", true
	case errors.Is(err, certs.ErrPassphraseNeeded):
		return exitIdentity, "run it in a terminal, where it can ask for the passphrase", true
	case isAny(err, unusableIdentity):
		return exitIdentity, "is it the right file? `prattle identity new FILE` makes another", true
	case errors.Is(err, certs.ErrBlockedPeer):
		return exitIdentity, "`prattle contacts unblock` changes that", true
	case isAny(err, refusedPeer):
		return exitIdentity, "", true
	case errors.Is(err, certs.ErrUnknownPeer):
		return exitNotFound, "`prattle contacts list` shows whom you know", true
	}
	return classifyTicket(err)
}

// classifyTicket is classifyTrust for what can be wrong with a ticket.
func classifyTicket(err error) (code int, hint string, ok bool) {
	switch {
	case errors.Is(err, certs.ErrNotTicket):
		return exitUsage, "`prattle invite` on the other side prints one", true
	case errors.Is(err, certs.ErrTicketVersion):
		return exitUsage, "one of the two programs is older than the other: update it", true
	case errors.Is(err, certs.ErrTicketTruncated):
		return exitUsage, "a ticket is one line without spaces; did all of it get here?", true
	case errors.Is(err, certs.ErrTicketDamaged):
		return exitUsage, "copy it again rather than typing it, or scan its QR code", true
	case errors.Is(err, certs.ErrTicketExpired):
		return exitIdentity, "ask for a new one; if it should be good still, compare the clocks of both machines", true
	case errors.Is(err, certs.ErrTicketUsed):
		return exitIdentity, "it is good for one call: ask for a new one, and if it was not you, tell them that somebody else has it", true
	case errors.Is(err, certs.ErrTicketUnknown):
		return exitIdentity, "their tickets may have been removed: ask for a new one", true
	}
	return 0, "", false
}

// Errors that have one exit code and one cure.
var (
	unusableIdentity = []error{
		certs.ErrNotRegular, certs.ErrTooLarge, certs.ErrMalformed, certs.ErrKeyMismatch, certs.ErrPassphraseWrong,
	}
	refusedPeer = []error{
		certs.ErrNoCertificate, certs.ErrChain, certs.ErrSelfSignature, certs.ErrSuccession, certs.ErrKeyType,
		certs.ErrNotVouched, certs.ErrWeakKey, certs.ErrResumed, certs.ErrProtocol, certs.ErrSASCommitment, certs.ErrSASOrder,
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

// mismatchHint says what to do about a key that is not the one we know.
func mismatchHint(e *certs.KeyMismatchError) string {
	name := firstNonEmpty(e.Name, func() string { return "NAME" })
	take := fmt.Sprintf("`prattle contacts add %s %s --replace` takes the new key", shellQuote(name), e.Got)
	if e.Vouched {
		return "they seem to have run `prattle identity rotate`: if they say so too, " + take
	}
	if e.Name == "" {
		return "somebody else answers there, or they have a new identity: ask them for their peer ID by another way"
	}
	return "somebody else answers there, or they have a new identity: ask them by another way, and only if they say so, " + take
}

// trustHint is what the user can do about an error of package certs.
func trustHint(err error) string {
	_, hint, _ := classifyTrust(err)
	return hint
}
