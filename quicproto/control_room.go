package quicproto

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/fxamacker/cbor/v2"
)

// The messages of a room of several people. Each pair of members has a connection,
// on which Join takes the place of Ring.

// Sizes of what members say, in bytes, and bounds of how much.
const (
	RoomMACSize  = 16
	InstanceSize = 8
	PeerSize     = 32 // of a member's public key
	// ShareSize and TagSize are those of the two parts of a passphrase's proof.
	ShareSize = 32
	TagSize   = 32

	MaxMembers     = 32  // in one Members
	MaxRulings     = 64  // likewise
	MaxMemberAddrs = 8   // of one member
	MaxRoomName    = 256 // bytes
)

// Join asks to be let into a room.
type Join struct {
	Room     []byte      `cbor:"1,keyasint"`           // MAC of its name, see the package comment
	Instance []byte      `cbor:"2,keyasint"`           // of the sender's run of its program
	Share    []byte      `cbor:"3,keyasint,omitempty"` // begins a passphrase's proof
	Addrs    MemberAddrs `cbor:"4,keyasint,omitempty"` // at which the sender can be reached besides the one it comes from
}

// Challenge answers a Join that has a Share: it proves the passphrase, and asks for
// the same.
type Challenge struct {
	Share []byte `cbor:"1,keyasint"`
	Tag   []byte `cbor:"2,keyasint"`
}

// Response proves the passphrase to the sender of a Challenge.
type Response struct {
	Tag []byte `cbor:"1,keyasint"`
}

// Admitted tells a member that its Join is granted. Media flow once both have said
// so.
type Admitted struct {
	Instance []byte      `cbor:"1,keyasint"`           // of the sender
	Addrs    MemberAddrs `cbor:"2,keyasint,omitempty"` // as in Join
	Name     string      `cbor:"3,keyasint,omitempty"` // as in a call's Hello; those in rooms have none
}

// Members is what its sender knows of the room.
type Members struct {
	List    []Member `cbor:"1,keyasint,omitempty"` // to whom it has a live link
	Rulings []Ruling `cbor:"2,keyasint,omitempty"`
	Lock    *Lock    `cbor:"3,keyasint,omitempty"` // nil: never locked
}

// Member is somebody in the room.
type Member struct {
	_        struct{} `cbor:",toarray"`
	Peer     []byte
	Instance []byte
	Addrs    MemberAddrs
}

// Ruling is what members have decided about somebody: the one with the higher
// counter counts, and removal at equal ones.
type Ruling struct {
	_       struct{} `cbor:",toarray"`
	Peer    []byte
	Removed bool // else admitted
	Counter uint64
}

// Lock says whether newcomers are let in: the one with the higher counter counts,
// then that of the greater peer.
type Lock struct {
	_       struct{} `cbor:",toarray"`
	Locked  bool
	Counter uint64
	By      []byte
}

// Wish is the largest picture that its sender shows of the other side, in pixels;
// zero: none at all.
type Wish struct {
	Width  uint64 `cbor:"1,keyasint"`
	Height uint64 `cbor:"2,keyasint"`
}

// AskRoom asks, instead of Join, which room this is and who is in it.
type AskRoom struct{}

// RoomInfo answers AskRoom, to those who may know.
type RoomInfo struct {
	Name    string   `cbor:"1,keyasint"`
	Members []string `cbor:"2,keyasint,omitempty"` // what they call themselves
}

func (*Join) kind() kind      { return kindJoin }
func (*Challenge) kind() kind { return kindChallenge }
func (*Response) kind() kind  { return kindResponse }
func (*Admitted) kind() kind  { return kindAdmitted }
func (*Members) kind() kind   { return kindMembers }
func (*Wish) kind() kind      { return kindWish }
func (*AskRoom) kind() kind   { return kindAskRoom }
func (*RoomInfo) kind() kind  { return kindRoomInfo }

// newRoomMessage is newMessage for the messages of a room.
func newRoomMessage(k kind) Message {
	switch k {
	case kindJoin:
		return new(Join)
	case kindChallenge:
		return new(Challenge)
	case kindResponse:
		return new(Response)
	case kindAdmitted:
		return new(Admitted)
	case kindMembers:
		return new(Members)
	case kindWish:
		return new(Wish)
	case kindAskRoom:
		return new(AskRoom)
	case kindRoomInfo:
		return new(RoomInfo)
	}
	return nil
}

// checkRoomMessage is checkMessage for the messages of a room.
func checkRoomMessage(m Message) error {
	switch m := m.(type) {
	case *Join:
		return errors.Join(exactly("room", m.Room, RoomMACSize), exactly("instance", m.Instance, InstanceSize),
			exactlyOrNone("share", m.Share, ShareSize), m.Addrs.check())
	case *Challenge:
		return errors.Join(exactly("share", m.Share, ShareSize), exactly("tag", m.Tag, TagSize))
	case *Response:
		return exactly("tag", m.Tag, TagSize)
	case *Admitted:
		return errors.Join(exactly("instance", m.Instance, InstanceSize), m.Addrs.check(), checkLength("name", len(m.Name), 0, maxText))
	case *Members:
		return m.check()
	case *RoomInfo:
		return m.check()
	}
	return nil
}

func (m *Members) check() error {
	if len(m.List) > MaxMembers || len(m.Rulings) > MaxRulings {
		return fmt.Errorf("%d members and %d rulings", len(m.List), len(m.Rulings))
	}
	var faults []error
	for _, x := range m.List {
		faults = append(faults, exactly("peer", x.Peer, PeerSize), exactly("instance", x.Instance, InstanceSize), x.Addrs.check())
	}
	for _, r := range m.Rulings {
		faults = append(faults, exactly("peer", r.Peer, PeerSize))
	}
	if m.Lock != nil {
		faults = append(faults, exactly("peer", m.Lock.By, PeerSize))
	}
	return errors.Join(faults...)
}

func (m *RoomInfo) check() error {
	if len(m.Members) > MaxMembers {
		return fmt.Errorf("%d members", len(m.Members))
	}
	for _, name := range m.Members {
		if err := checkLength("name", len(name), 0, maxText); err != nil {
			return err
		}
	}
	return checkLength("room's name", len(m.Name), 0, MaxRoomName)
}

func exactly(what string, b []byte, n int) error { return checkLength(what, len(b), n, n) }

func exactlyOrNone(what string, b []byte, n int) error {
	if b == nil {
		return nil
	}
	return exactly(what, b, n)
}

// MemberAddrs are addresses at which a member can be reached.
type MemberAddrs []netip.AddrPort

func (a MemberAddrs) check() error {
	if len(a) > MaxMemberAddrs {
		return fmt.Errorf("%d addresses", len(a))
	}
	return nil
}

// MarshalCBOR writes each address as 4 or 16 bytes and the port in two, big-endian.
// A zone is left out: it means nothing elsewhere.
func (a MemberAddrs) MarshalCBOR() ([]byte, error) {
	list := make([][]byte, 0, len(a))
	for _, addr := range a {
		list = append(list, binary.BigEndian.AppendUint16(addr.Addr().Unmap().AsSlice(), addr.Port()))
	}
	return cbor.Marshal(list)
}

// UnmarshalCBOR reads them, and refuses what nobody can be reached at.
func (a *MemberAddrs) UnmarshalCBOR(b []byte) error {
	var list [][]byte
	if err := decMode.Unmarshal(b, &list); err != nil {
		return err
	}
	if len(list) > MaxMemberAddrs {
		return fmt.Errorf("%d addresses", len(list))
	}
	*a = nil
	for _, b := range list {
		addr, ok := parseAddrPort(b)
		if !ok {
			return errBadCandidate
		}
		*a = append(*a, addr)
	}
	return nil
}
