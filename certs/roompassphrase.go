package certs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/secure/precis"
)

// MaxRoomPassphrase bounds the passphrase of a room, in bytes.
const MaxRoomPassphrase = 256

// ErrBadPassphrase is wrapped by NewRoomPassphrase.
var ErrBadPassphrase = errors.New("not usable as a passphrase")

// The second choice of RFC 9106, section 4: 64 MiB and some tenths of a second.
// Who breaks CPace, with a quantum computer say, pays that for each guess, and once
// more for each room.
const (
	argonTime    = 3
	argonMemory  = 64 << 10 // KiB
	argonThreads = 4        // a parameter of the result: the same on every machine
	argonLength  = 32       // bytes

	roomSaltLabel = "prattle room passphrase v1 "
)

// RoomPassphrase is the passphrase of one room, made ready to be proved to others
// who have the same. It does not change, and prints as "[secret]".
type RoomPassphrase struct{ prs []byte }

// NewRoomPassphrase prepares a passphrase that its owner has typed, for the room of
// that name. It takes some tenths of a second and 64 MiB: do it once for each room.
//
// Spaces around a passphrase do not count, nor does it matter how a keyboard
// composes accents (RFC 8265, OpaqueString). The name counts as it is. The error
// wraps ErrBadPassphrase if nothing is left, if it is longer than MaxRoomPassphrase,
// or if it has characters in it that cannot be typed alike everywhere: controls,
// invisible and unassigned ones.
func NewRoomPassphrase(passphrase []byte, room string) (*RoomPassphrase, error) {
	text, err := cleanPassphrase(passphrase)
	if err != nil {
		return nil, err
	}
	salt := []byte(roomSaltLabel + room)
	return &RoomPassphrase{argon2.IDKey(text, salt, argonTime, argonMemory, argonThreads, argonLength)}, nil
}

func cleanPassphrase(passphrase []byte) ([]byte, error) {
	text := bytes.TrimSpace(passphrase)
	switch {
	case len(text) == 0:
		return nil, fmt.Errorf("%w: it is empty", ErrBadPassphrase)
	case len(text) > MaxRoomPassphrase:
		return nil, fmt.Errorf("%w: %d bytes long, at most %d", ErrBadPassphrase, len(text), MaxRoomPassphrase)
	case !utf8.Valid(text):
		return nil, fmt.Errorf("%w: it is no UTF-8", ErrBadPassphrase)
	}
	clean, err := precis.OpaqueString.Bytes(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadPassphrase, err)
	}
	return clean, nil
}

// Format hides the secret whatever the verb.
func (p RoomPassphrase) Format(f fmt.State, _ rune) { io.WriteString(f, "[secret]") }

// MarshalText hides the secret from JSON.
func (p RoomPassphrase) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }
