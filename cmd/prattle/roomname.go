package main

import (
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/media"
)

const (
	// maxRoomName bounds the name of a room, in characters.
	maxRoomName = 64
	// maxRoomNameSource bounds what it is made of, in bytes.
	maxRoomNameSource = 4 << 10
)

// roomName is a room's name as all members write it, however they have typed it:
// upper and lower case, composed accents and spaces make no difference.
func roomName(typed string) (string, error) {
	const hint = "any 1 to 64 characters will do, such as `prattle join standup`"
	if len(typed) > maxRoomNameSource {
		return "", usage(hint, "the name of the room has %d bytes", len(typed))
	}
	name := media.CleanText(norm.NFC.String(cases.Fold().String(norm.NFC.String(typed))), maxRoomNameSource)
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return "", usage(hint, "%q names no room", media.CleanText(typed, maxRoomName))
	case n > maxRoomName:
		return "", usage(hint, "the name of the room has %d characters, at most %d", n, maxRoomName)
	}
	return name, nil
}

// readRoomPassphrase prepares the passphrase in a file, or one that is asked for; nil
// if there is to be none.
func readRoomPassphrase(file, room string) (*certs.RoomPassphrase, error) {
	if file == "" {
		return nil, nil
	}
	var text []byte
	var err error
	if file == "-" {
		text, err = readPassphrase(os.Stdin, os.Stderr, fmt.Sprintf("passphrase of the room %s: ", room))
	} else {
		text, err = certs.ReadSecret(file, maxPassphrase)
	}
	if err != nil {
		return nil, fmt.Errorf("--passphrase-file: %w", err)
	}
	passphrase, err := certs.NewRoomPassphrase(text, room)
	if err != nil {
		return nil, fmt.Errorf("--passphrase-file: %w", err)
	}
	return passphrase, nil
}

// shownRoom is a room's name for people, apart from what stands around it.
func shownRoom(name string) string {
	if strings.Contains(name, " ") {
		return "“" + name + "”"
	}
	return name
}
