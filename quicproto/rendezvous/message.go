package rendezvous

import (
	"errors"
	"fmt"
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// message is one message between client and server. The CDDL is in the package
// comment.
type message interface {
	kind() kind
	check() error // the limits that CBOR does not express
}

type kind uint64

const (
	kindRegister kind = iota + 1
	kindLookup
	kindSend
	kindAnswer
	kindMail
	kindServices
	kindGoAway
	kindAlive
	kindFarewell
)

// request is a message that the server answers, by its number.
type request interface {
	message
	setNumber(uint64)
}

func (m *register) setNumber(n uint64) { m.Request = n }
func (m *lookup) setNumber(n uint64)   { m.Request = n }
func (m *send) setNumber(n uint64)     { m.Request = n }

// register makes the client's device known.
type register struct {
	Request uint64 `cbor:"1,keyasint"`
	Card    Card   `cbor:"2,keyasint"`
}

// lookup asks for the devices of a peer.
type lookup struct {
	Request uint64 `cbor:"1,keyasint"`
	Peer    peerID `cbor:"2,keyasint"`
}

// send asks the server to pass mail on to a device.
type send struct {
	Request uint64 `cbor:"1,keyasint"`
	To      peerID `cbor:"2,keyasint"`
	Device  Device `cbor:"3,keyasint"`
	Sealed  []byte `cbor:"4,keyasint"`
}

// answer is the server's, to each of the three.
type answer struct {
	Request uint64 `cbor:"1,keyasint"`
	Code    code   `cbor:"2,keyasint,omitempty"`
	Cards   []Card `cbor:"3,keyasint,omitempty"` // to a lookup
	Time    uint64 `cbor:"4,keyasint,omitempty"` // of the server, to a register; Unix, in seconds
}

// code says how a request went.
type code uint64

const (
	codeDone code = iota
	codeGone
	codeBusy
	codeTooManyDevices
	codeUnavailable
	codeClock
)

// mail is sealed mail for the client's device.
type mail struct {
	From   peerID `cbor:"1,keyasint"`
	Card   Card   `cbor:"2,keyasint"` // of the sending device
	Sealed []byte `cbor:"3,keyasint"`
}

// services is Services on the wire.
type services struct {
	STUN    []string `cbor:"1,keyasint,omitempty"`
	TURN    []turn   `cbor:"2,keyasint,omitempty"`
	Seconds uint64   `cbor:"3,keyasint,omitempty"`
}

type turn struct {
	URL      string `cbor:"1,keyasint"`
	Username string `cbor:"2,keyasint,omitempty"`
	Password string `cbor:"3,keyasint,omitempty"`
}

// goAway tells a client to register elsewhere.
type goAway struct{}

// alive says that who sends it is still there.
type alive struct{}

// farewell is the last message of a connection over TLS.
type farewell struct {
	Code uint64 `cbor:"1,keyasint"` // a closeCode
}

func (*register) kind() kind { return kindRegister }
func (*lookup) kind() kind   { return kindLookup }
func (*send) kind() kind     { return kindSend }
func (*answer) kind() kind   { return kindAnswer }
func (*mail) kind() kind     { return kindMail }
func (*services) kind() kind { return kindServices }
func (*goAway) kind() kind   { return kindGoAway }
func (*alive) kind() kind    { return kindAlive }
func (*farewell) kind() kind { return kindFarewell }

// newMessage returns an empty message of a kind, nil for one we do not know.
func newMessage(k kind) message {
	switch k {
	case kindRegister:
		return new(register)
	case kindLookup:
		return new(lookup)
	case kindSend:
		return new(send)
	case kindAnswer:
		return new(answer)
	case kindMail:
		return new(mail)
	case kindServices:
		return new(services)
	case kindGoAway:
		return new(goAway)
	case kindAlive:
		return new(alive)
	case kindFarewell:
		return new(farewell)
	}
	return nil
}

const (
	// maxMessage bounds a message in bytes: the cards of MaxDevices devices, at 1.3
	// KiB each, and a margin.
	maxMessage = 16 << 10
	// maxServers bounds the STUN servers and the relays that a server names.
	maxServers = 8
	// maxText bounds a host name and its port, a URL, a username, a password, in bytes.
	maxText = 512
)

var (
	errMessageTooLong = fmt.Errorf("message is longer than %d bytes", maxMessage)
	errBadMessage     = errors.New("malformed message")
)

func (m *register) check() error { return m.Card.check() }
func (m *lookup) check() error   { return nil }
func (m *send) check() error     { return checkSealed(m.Sealed) }
func (m *goAway) check() error   { return nil }
func (m *alive) check() error    { return nil }
func (m *farewell) check() error { return nil }

func (m *answer) check() error {
	if len(m.Cards) > MaxDevices {
		return fmt.Errorf("%d cards", len(m.Cards))
	}
	for _, c := range m.Cards {
		if err := c.check(); err != nil {
			return err
		}
	}
	return nil
}

func (m *mail) check() error {
	if err := m.Card.check(); err != nil {
		return err
	}
	return checkSealed(m.Sealed)
}

func (m *services) check() error {
	if len(m.STUN) > maxServers || len(m.TURN) > maxServers {
		return fmt.Errorf("%d STUN servers and %d relays", len(m.STUN), len(m.TURN))
	}
	texts := slices.Clone(m.STUN)
	for _, t := range m.TURN {
		texts = append(texts, t.URL, t.Username, t.Password)
	}
	for _, s := range texts {
		if len(s) > maxText {
			return fmt.Errorf("text of %d bytes", len(s))
		}
	}
	return nil
}

// envelope is a message on the wire: [kind, body].
type envelope struct {
	_    struct{} `cbor:",toarray"`
	Kind kind
	Body cbor.RawMessage
}

// Foreign CBOR: no duplicate keys, no indefinite lengths, no tags, shallow.
var decMode = mustDecMode(cbor.DecOptions{
	DupMapKey:        cbor.DupMapKeyEnforcedAPF,
	IndefLength:      cbor.IndefLengthForbidden,
	TagsMd:           cbor.TagsForbidden,
	MaxNestedLevels:  5,
	MaxArrayElements: 16,
	MaxMapPairs:      16,
	UTF8:             cbor.UTF8RejectInvalid,
})

// encMode writes nothing in two ways.
var encMode = mustEncMode(cbor.CoreDetEncOptions())

func mustDecMode(o cbor.DecOptions) cbor.DecMode {
	m, err := o.DecMode()
	if err != nil {
		panic(err)
	}
	return m
}

func mustEncMode(o cbor.EncOptions) cbor.EncMode {
	m, err := o.EncMode()
	if err != nil {
		panic(err)
	}
	return m
}

// marshal encodes a message without its length.
func marshal(m message) ([]byte, error) {
	body, err := encMode.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode message: %w", err)
	}
	b, err := encMode.Marshal(envelope{Kind: m.kind(), Body: body})
	if err != nil {
		return nil, fmt.Errorf("encode message: %w", err)
	}
	if len(b) > maxMessage {
		return nil, errMessageTooLong
	}
	return b, nil
}

// parseMessage decodes one message without its length; nil and no error for a
// kind that we do not know.
func parseMessage(b []byte) (message, error) {
	var env envelope
	if err := decMode.Unmarshal(b, &env); err != nil {
		return nil, fmt.Errorf("%w: %v", errBadMessage, err)
	}
	m := newMessage(env.Kind)
	if m == nil {
		return nil, nil
	}
	if err := decMode.Unmarshal(env.Body, m); err != nil {
		return nil, fmt.Errorf("%w: kind %d: %v", errBadMessage, env.Kind, err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%w: kind %d: %w", errBadMessage, env.Kind, err)
	}
	return m, nil
}
