package rendezvous

import (
	"crypto/ed25519"
	"crypto/hpke"
	"errors"
	"fmt"
	"time"

	"github.com/skulltech/prattle/certs"
)

// Card is what a device hands out for others to write to it: its public key,
// signed by its peer's identity. On the wire it is an array of the two.
type Card struct {
	_         struct{} `cbor:",toarray"`
	Key       []byte   // CBOR of a deviceKey
	Signature []byte
}

// deviceKey is what a card says.
type deviceKey struct {
	Device  Device `cbor:"1,keyasint"`
	Public  []byte `cbor:"2,keyasint"`
	Expires uint64 `cbor:"3,keyasint"` // Unix, in seconds
}

// MaxDevices bounds the devices of one peer that are registered at a time.
const MaxDevices = 8

const (
	cardLabel  = "prattle rendezvous card v1" // sets the signature apart from others of an identity
	publicSize = 1216                         // bytes in a public key of MLKEM768-X25519
	// maxDeviceKey bounds the CBOR of a deviceKey in bytes.
	maxDeviceKey = publicSize + 64

	// cardLife is how long a card is good. Its owner makes a new one each keyPeriod
	// and forgets the key of the old; the rest is for clocks that are set to a wrong
	// time zone.
	cardLife = 14 * time.Hour
	// cardLead is how far ahead of ours the clock of a card's owner may be.
	cardLead = 14 * time.Hour
)

var (
	errBadCard     = errors.New("malformed card")
	errCardForged  = errors.New("card is not signed by its peer")
	errCardExpired = errors.New("card is not valid now")
)

// newCard signs the public key of a device.
func newCard(id *certs.Identity, device Device, public hpke.PublicKey, now time.Time) (Card, error) {
	signer, ok := id.Certificate().PrivateKey.(ed25519.PrivateKey)
	if !ok {
		return Card{}, ErrKeyKind
	}
	key, err := encMode.Marshal(deviceKey{device, public.Bytes(), uint64(now.Add(cardLife).Unix())})
	if err != nil {
		return Card{}, fmt.Errorf("encode card: %w", err)
	}
	return Card{Key: key, Signature: ed25519.Sign(signer, cardText(key))}, nil
}

func cardText(key []byte) []byte { return append([]byte(cardLabel), key...) }

// check holds the lengths in a card against those of the CDDL.
func (c *Card) check() error {
	if len(c.Key) > maxDeviceKey || len(c.Signature) != ed25519.SignatureSize {
		return errBadCard
	}
	return nil
}

// contact is a card that has been verified.
type contact struct {
	peer    certs.PeerID
	device  Device
	public  hpke.PublicKey
	expires time.Time
}

// open verifies that the card is of peer.
func (c *Card) open(peer certs.PeerID) (contact, error) {
	if err := c.check(); err != nil {
		return contact{}, err
	}
	if weak(peer) || !ed25519.Verify(peer[:], cardText(c.Key), c.Signature) {
		return contact{}, errCardForged
	}
	var k deviceKey
	if err := decMode.Unmarshal(c.Key, &k); err != nil {
		return contact{}, fmt.Errorf("%w: %v", errBadCard, err)
	}
	public, err := hpke.MLKEM768X25519().NewPublicKey(k.Public)
	if err != nil {
		return contact{}, fmt.Errorf("%w: %v", errBadCard, err)
	}
	const latest = 1 << 40 // seconds: beyond it, times and durations overflow
	return contact{peer, k.Device, public, time.Unix(int64(min(k.Expires, latest)), 0)}, nil
}

// valid says whether the card is good at a time.
func (c *contact) valid(now time.Time) bool {
	return now.Before(c.expires) && c.expires.Before(now.Add(cardLife+cardLead))
}

// weak says whether anybody could sign for a peer ID, or nobody.
func weak(id certs.PeerID) bool {
	_, err := certs.ParsePeerID(id.String())
	return err != nil
}
