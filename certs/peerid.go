package certs

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// PeerID names a peer. It is the peer's Ed25519 public key (RFC 8032) or, for
// the other kinds of key, which only a CA can introduce, a digest of the key
// (see ca.go). It is comparable; its zero value names nobody, and no peer can
// prove to be it.
//
// Its text is made to be read aloud: 8 groups of 7 characters of lower-case
// base32 (RFC 4648, section 6) that hold the 32 bytes and a checksum of 3.
//
//	25njqam-cweflpv-kl73j4s-zahhiho-c4xt3kt-cgjnpai-ngr5yhk-engd74r
type PeerID [ed25519.PublicKeySize]byte

const (
	peerIDLabel     = "prattle peer ID v1" // sets the checksum apart from other uses of SHA-256
	peerIDChecksum  = 3                    // bytes: one typo in 2^24 passes, and 35 bytes fill 56 characters exactly
	peerIDChars     = 56                   // characters without dashes
	peerIDGroup     = 7                    // characters between dashes: about what one keeps in mind
	maxPeerIDSource = 4 * peerIDChars      // bytes of text looked at: room for any sane spacing
)

// Errors of ParsePeerID.
var (
	ErrPeerIDLength    = errors.New("not a peer ID: wrong length")
	ErrPeerIDCharacter = errors.New("not a peer ID: wrong character")
	ErrPeerIDTypo      = errors.New("peer ID has a typo: its checksum does not match")
	ErrWeakKey         = errors.New("key is worthless: anybody could sign for it")
)

// base32Text is base32 (RFC 4648, section 6) in lower case, without padding.
var base32Text = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// String returns the text of id, 63 characters.
func (id PeerID) String() string {
	sum := id.checksum()
	chars := base32Text.EncodeToString(append(id[:], sum[:]...))
	var b strings.Builder
	for group := range slices.Chunk([]byte(chars), peerIDGroup) {
		if b.Len() > 0 {
			b.WriteByte('-')
		}
		b.Write(group)
	}
	return b.String()
}

// Short returns the first group of the text, 35 bits: enough to tell one's
// friends apart in a log or on the screen. It proves nothing, since a key that
// begins like another's can be searched for.
func (id PeerID) Short() string { return base32Text.EncodeToString(id[:5])[:peerIDGroup] }

// IsZero says whether id names nobody.
func (id PeerID) IsZero() bool { return id == PeerID{} }

// MarshalText is String; JSON and flags use it.
func (id PeerID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText is ParsePeerID.
func (id *PeerID) UnmarshalText(text []byte) error {
	parsed, err := ParsePeerID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// ParsePeerID reads the text of a peer ID as people type it: in either case,
// with or without dashes and spaces, and with 0, 1 and 8, which base32 does not
// use, for o, l and b. Its errors wrap ErrPeerIDLength, ErrPeerIDCharacter,
// ErrPeerIDTypo or ErrWeakKey.
func ParsePeerID(s string) (PeerID, error) {
	chars, err := peerIDCharacters(s)
	if err != nil {
		return PeerID{}, err
	}
	var raw [ed25519.PublicKeySize + peerIDChecksum]byte
	if _, err := base32Text.Decode(raw[:], chars); err != nil {
		return PeerID{}, fmt.Errorf("%w: %w", ErrPeerIDCharacter, err)
	}
	id := PeerID(raw[:ed25519.PublicKeySize])
	if sum := id.checksum(); !bytes.Equal(sum[:], raw[ed25519.PublicKeySize:]) {
		return PeerID{}, ErrPeerIDTypo
	}
	if id.weak() {
		return PeerID{}, ErrWeakKey
	}
	return id, nil
}

// peerIDCharacters reduces s to the 56 characters of base32 that it stands for.
func peerIDCharacters(s string) ([]byte, error) {
	if len(s) > maxPeerIDSource {
		return nil, fmt.Errorf("%w: %d bytes of text", ErrPeerIDLength, len(s))
	}
	chars := make([]byte, 0, peerIDChars)
	for _, r := range s {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Dash, r):
			continue
		case r == '0':
			r = 'o'
		case r == '1':
			r = 'l'
		case r == '8':
			r = 'b'
		case 'A' <= r && r <= 'Z':
			r += 'a' - 'A'
		}
		if (r < 'a' || r > 'z') && (r < '2' || r > '7') {
			return nil, fmt.Errorf("%w: %s at place %d", ErrPeerIDCharacter, quoteRune(r), len(chars)+1)
		}
		chars = append(chars, byte(r))
	}
	if len(chars) != peerIDChars {
		return nil, fmt.Errorf("%w: %d characters instead of %d", ErrPeerIDLength, len(chars), peerIDChars)
	}
	return chars, nil
}

func (id PeerID) checksum() [peerIDChecksum]byte {
	sum := sha256.Sum256(append([]byte(peerIDLabel), id[:]...))
	return [peerIDChecksum]byte(sum[:])
}

// smallOrder holds, in hex and without the sign bit, the encodings (RFC 8032,
// section 5.1.2) of the points whose order divides 8: y = 0, 1 and p-1, the two
// of order 8, and the unreduced forms p and p+1 of 0 and 1.
var smallOrder = [...]string{
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
}

// weak says whether id is a key of small order. Anybody can sign for such a key,
// and the zero PeerID is one: a peer that could prove to be it would match
// wherever a PeerID was left unset.
func (id PeerID) weak() bool {
	id[len(id)-1] &= 0x7f
	return slices.Contains(smallOrder[:], hex.EncodeToString(id[:]))
}
