package rendezvous

import (
	"context"
	"fmt"

	"github.com/skulltech/prattle/certs"
)

// Directory knows which devices are registered and how mail gets to them. Servers
// that share one serve the same peers. It is safe for concurrent use.
type Directory interface {
	// Register makes a device known, in the place of an earlier registration of it.
	// The error wraps ErrTooManyDevices or ErrUnavailable.
	Register(r Registration) (Entry, error)

	// Lookup returns the cards of the devices of a peer, at most MaxDevices; none if
	// the peer is not registered. The error wraps ErrUnavailable.
	Lookup(ctx context.Context, peer certs.PeerID) ([]Card, error)

	// Forward passes a letter to the device it is for. The error wraps ErrOffline,
	// ErrBusy or ErrUnavailable.
	Forward(ctx context.Context, l Letter) error
}

// ErrUnavailable says that the other servers of a Directory cannot be asked.
var ErrUnavailable = fmt.Errorf("%w: its directory is not available", ErrBusy)

// Entry is a registration that a Directory has taken.
type Entry interface {
	Renew(Card) // puts a new card in the place of the one before
	Remove()    // ends the registration, unless another has taken its place
}

// Registration is one device that is connected to a server.
type Registration struct {
	Peer   certs.PeerID
	Device Device
	Card   Card

	Deliver  func(Letter) error // gets letters; must not block; its error wraps ErrBusy
	Replaced func()             // is called if another registration takes the place; must not block
}

// Letter is sealed mail on its way. The server that it comes from answers for From
// and Card alone; recipients verify them.
type Letter struct {
	From   certs.PeerID
	Card   Card // of the device that sends it
	To     certs.PeerID
	Device Device // of the recipient
	Sealed []byte
}

// letterForm is a Letter between servers.
type letterForm struct {
	From   peerID `cbor:"1,keyasint"`
	Card   Card   `cbor:"2,keyasint"`
	To     peerID `cbor:"3,keyasint"`
	Device Device `cbor:"4,keyasint"`
	Sealed []byte `cbor:"5,keyasint"`
}

// MarshalBinary encodes a letter for another server.
func (l Letter) MarshalBinary() ([]byte, error) {
	return encMode.Marshal(letterForm{peerID(l.From), l.Card, peerID(l.To), l.Device, l.Sealed})
}

// UnmarshalBinary reads what MarshalBinary has made, or somebody else.
func (l *Letter) UnmarshalBinary(b []byte) error {
	if len(b) > maxMessage {
		return errMessageTooLong
	}
	var f letterForm
	if err := decMode.Unmarshal(b, &f); err != nil {
		return fmt.Errorf("%w: %v", errBadMessage, err)
	}
	m := mail{f.From, f.Card, f.Sealed}
	if err := m.check(); err != nil {
		return fmt.Errorf("%w: %w", errBadMessage, err)
	}
	*l = Letter{certs.PeerID(f.From), f.Card, certs.PeerID(f.To), f.Device, f.Sealed}
	return nil
}

// MarshalCards encodes cards for another server.
func MarshalCards(cards []Card) ([]byte, error) { return encMode.Marshal(cards) }

// UnmarshalCards reads what MarshalCards has made, or somebody else.
func UnmarshalCards(b []byte) ([]Card, error) {
	if len(b) > maxMessage {
		return nil, errMessageTooLong
	}
	var a answer
	if err := decMode.Unmarshal(b, &a.Cards); err != nil {
		return nil, fmt.Errorf("%w: %v", errBadCard, err)
	}
	return a.Cards, a.check()
}
