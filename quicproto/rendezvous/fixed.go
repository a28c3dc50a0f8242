package rendezvous

import (
	"encoding/hex"
	"fmt"

	"github.com/skulltech/prattle/certs"
)

// Device names one running program of a peer, at random.
type Device [8]byte

// String is the device in hex.
func (d Device) String() string { return hex.EncodeToString(d[:]) }

// UnmarshalCBOR takes a byte string of just the right length.
func (d *Device) UnmarshalCBOR(b []byte) error { return unmarshalFixed(d[:], b) }

// peerID is a certs.PeerID on the wire.
type peerID certs.PeerID

// UnmarshalCBOR takes a byte string of just the right length.
func (p *peerID) UnmarshalCBOR(b []byte) error { return unmarshalFixed(p[:], b) }

// nonce tells one letter from another.
type nonce [16]byte

// UnmarshalCBOR takes a byte string of just the right length.
func (n *nonce) UnmarshalCBOR(b []byte) error { return unmarshalFixed(n[:], b) }

// unmarshalFixed fills array from a byte string. Left to itself, CBOR would cut it
// or pad it.
func unmarshalFixed(array, b []byte) error {
	const byteString = 2 // major type (RFC 8949, section 3.1)
	var s []byte
	if len(b) == 0 || b[0]>>5 != byteString {
		return fmt.Errorf("want a string of %d bytes", len(array))
	}
	if err := decMode.Unmarshal(b, &s); err != nil {
		return err
	}
	if len(s) != len(array) {
		return fmt.Errorf("string of %d bytes, want %d", len(s), len(array))
	}
	copy(array, s)
	return nil
}
