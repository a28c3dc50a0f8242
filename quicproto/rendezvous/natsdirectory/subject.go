package natsdirectory

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/skulltech/prattle/certs"
	"github.com/skulltech/prattle/quicproto/rendezvous"
)

const (
	prefix     = "prattle.rendezvous.v1."
	kindCards  = "cards"
	kindLetter = "letter"
	kindTaken  = "taken"
)

// subject is one of ours, taken apart.
type subject struct {
	kind   string
	peer   certs.PeerID
	device rendezvous.Device // but for kindCards
}

func cardsSubject(p certs.PeerID) string { return prefix + kindCards + "." + hex.EncodeToString(p[:]) }

func letterSubject(p certs.PeerID, d rendezvous.Device) string { return ofDevice(kindLetter, p, d) }

func takenSubject(p certs.PeerID, d rendezvous.Device) string { return ofDevice(kindTaken, p, d) }

// subjectsOf are those to which the server of a device listens.
func subjectsOf(p certs.PeerID, d rendezvous.Device) []string {
	return []string{cardsSubject(p), letterSubject(p, d), takenSubject(p, d)}
}

func ofDevice(kind string, p certs.PeerID, d rendezvous.Device) string {
	return prefix + kind + "." + hex.EncodeToString(p[:]) + "." + hex.EncodeToString(d[:])
}

func parseSubject(text string) (s subject, err error) {
	rest, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return s, errBadSubject
	}
	kind, names, _ := strings.Cut(rest, ".")
	peer, device, hasDevice := strings.Cut(names, ".")
	if hasDevice == (kind == kindCards) || kind != kindCards && kind != kindLetter && kind != kindTaken {
		return s, errBadSubject
	}
	s.kind = kind
	if err := decodeHex(s.peer[:], peer); err != nil {
		return s, err
	}
	if hasDevice {
		err = decodeHex(s.device[:], device)
	}
	return s, err
}

func decodeHex(array []byte, text string) error {
	if len(text) != hex.EncodedLen(len(array)) {
		return errBadSubject
	}
	if _, err := hex.Decode(array, []byte(text)); err != nil {
		return fmt.Errorf("%w: %w", errBadSubject, err)
	}
	return nil
}

// The replies to a letter.
const (
	resultDone byte = iota
	resultBusy
)

func parseResult(b []byte) error {
	switch {
	case len(b) == 1 && b[0] == resultDone:
		return nil
	case len(b) == 1 && b[0] == resultBusy:
		return rendezvous.ErrBusy
	}
	return fmt.Errorf("%w: an unknown reply", rendezvous.ErrUnavailable)
}
