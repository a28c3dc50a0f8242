package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/peer"
	"github.com/skulltech/prattle/quicproto"
)

// Exit codes. They are part of the command line's contract.
const (
	exitOK          = 0
	exitOther       = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitIdentity    = 4
	exitDeclined    = 5
	exitNoAnswer    = 6
	exitUnreachable = 7
	exitDevice      = 8
	exitBusy        = 9
	exitRunning     = 11
	exitDiskFull    = 12
	exitSIGINT      = 130
	exitSIGTERM     = 143
)

// usageError says that the command line does not make sense.
type usageError struct {
	err  error
	hint string
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(hint, format string, args ...any) error {
	return &usageError{err: fmt.Errorf(format, args...), hint: hint}
}

// hinted gives an error a hint of its own.
type hinted struct {
	err  error
	hint string
}

func (e *hinted) Error() string { return e.err.Error() }
func (e *hinted) Unwrap() error { return e.err }

// stopped ends the program with a code and without a word: a signal, or an
// outcome that has been told already.
type stopped struct{ code int }

func (e *stopped) Error() string { return fmt.Sprintf("exit %d", e.code) }

// classify finds the exit code for an error, and what the user can do.
func classify(err error) (code int, hint string) {
	code, hint = classifyKind(err)
	var h *hinted
	if errors.As(err, &h) {
		hint = h.hint
	}
	return code, hint
}

func classifyKind(err error) (code int, hint string) {
	var config *configError
	var bad *usageError
	switch {
	case errors.As(err, &config):
		return exitConfig, config.hint
	case errors.As(err, &bad):
		return exitUsage, bad.hint
	case strings.HasPrefix(err.Error(), "unknown command"):
		return exitUsage, "see `prattle --help`"
	case errors.Is(err, peer.ErrDeclined):
		return exitDeclined, ""
	case errors.Is(err, peer.ErrBusy), errors.Is(err, quicproto.ErrCrowded):
		return exitBusy, "try again later"
	case errors.Is(err, peer.ErrSelf):
		return exitUsage, "`prattle demo` is a call with yourself; for two people on one machine give one of them an --identity FILE of its own"
	case errors.Is(err, peer.ErrNoAnswer):
		return exitNoAnswer, "who does not know you yet does not hear you ring: ask for a ticket (`prattle invite`), or tell them your peer ID"
	case errors.Is(err, peer.ErrRemoved):
		return exitDeclined, "somebody inside can take it back with /admit"
	case errors.Is(err, peer.ErrLocked):
		return exitDeclined, "somebody inside can open it with /unlock, or let you alone in with /admit"
	case errors.Is(err, peer.ErrPassphrase):
		return exitIdentity, "ask those inside for the passphrase of the room (--passphrase-file)"
	case errors.Is(err, quicproto.ErrUnreachable), errors.Is(err, context.DeadlineExceeded):
		return exitUnreachable, "is `prattle listen` running there, and does the firewall let UDP through?"
	case errors.Is(err, peer.ErrLost):
		return exitUnreachable, "check the network, then call again"
	case errors.Is(err, quicproto.ErrUnproven):
		return exitIdentity, "somebody sits between you and them, or answers in their place"
	case errors.Is(err, quicproto.ErrRefused):
		return exitIdentity, "they may have blocked you, or accept only whom a CA of theirs has signed"
	case errors.Is(err, peer.ErrNoLAN):
		return exitUnreachable, "--peer HOST leads to somebody without it"
	case errors.Is(err, errNoHost):
		return exitUnreachable, ""
	case errors.Is(err, errNoAddress), errors.Is(err, errNoRooms):
		return exitNotFound, ""
	case errors.Is(err, peer.ErrRevoked):
		return exitIdentity, "one of you no longer trusts the other"
	case errors.Is(err, syscall.ENOSPC):
		return exitDiskFull, "free some space"
	}
	if code, hint, ok := classifyTrust(err); ok {
		return code, hint
	}
	return classifyDevice(err)
}

func classifyDevice(err error) (code int, hint string) {
	switch {
	case errors.Is(err, media.ErrBadSpec):
		return exitUsage, "`prattle devices` lists what there is"
	case errors.Is(err, media.ErrNoCodec):
		return exitUsage, "codecs here: " + strings.Join(append(media.VideoCodecs(), media.AudioCodecs()...), ", ")
	case errors.Is(err, fs.ErrNotExist):
		return exitNotFound, ""
	case errors.Is(err, media.ErrNoDevice), errors.Is(err, media.ErrDeviceBusy), errors.Is(err, peer.ErrDevice):
		return exitDevice, deviceHint()
	case errors.Is(err, syscall.EADDRINUSE):
		return exitRunning, "is another prattle listening? choose another port with --listen"
	}
	return exitOther, ""
}

// deviceHint names the devices that exist, or says what does without any.
func deviceHint() string {
	var specs []string
	for _, d := range allDevices() {
		specs = append(specs, fmt.Sprintf("--%s %s", d.Kind, d.Spec))
	}
	if len(specs) == 0 {
		return "this machine has no camera, sound card or display: try --video test --audio tone --view terminal --speaker none"
	}
	return "there are: " + strings.Join(specs, ", ")
}
