package quicproto

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/fxamacker/cbor/v2"
	"github.com/quic-go/quic-go/quicvarint"
)

// Message is one message on the control stream. The CDDL is in the package
// comment.
type Message interface{ kind() kind }

type kind uint64

const (
	kindHello kind = iota + 1
	kindRing
	kindAccept
	kindDecline
	kindBusy
	kindStreams
	kindChat
	kindChatAck
	kindBye
	kindAddLane
)

// Hello is the first message of each side.
type Hello struct {
	Name  string   `cbor:"1,keyasint,omitempty"` // what its owner calls themselves; to be filtered and never trusted
	Agent string   `cbor:"2,keyasint,omitempty"` // program and version
	Video []string `cbor:"3,keyasint,omitempty"` // video codecs it can decode, preferred first
	Audio []string `cbor:"4,keyasint,omitempty"` // audio codecs it can decode, preferred first
}

// Ring asks the other side for a call.
type Ring struct{}

// Accept takes the call: media may flow from here on, both ways.
type Accept struct{}

// Decline refuses the call.
type Decline struct {
	Reason string `cbor:"1,keyasint,omitempty"`
}

// Busy refuses the call because another one is going on.
type Busy struct{}

// Streams says what its sender sends at present.
type Streams struct {
	Audio bool `cbor:"1,keyasint"` // false: muted
	Video bool `cbor:"2,keyasint"` // false: the camera is off
}

// Chat is a line of text; the other side answers with a ChatAck of the same ID.
type Chat struct {
	ID   uint64 `cbor:"1,keyasint"`
	Text string `cbor:"2,keyasint"`
}

// ChatAck says that the line has been shown.
type ChatAck struct {
	ID uint64 `cbor:"1,keyasint"`
}

// Bye ends the call.
type Bye struct {
	Reason string `cbor:"1,keyasint,omitempty"`
}

func (*Hello) kind() kind   { return kindHello }
func (*Ring) kind() kind    { return kindRing }
func (*Accept) kind() kind  { return kindAccept }
func (*Decline) kind() kind { return kindDecline }
func (*Busy) kind() kind    { return kindBusy }
func (*Streams) kind() kind { return kindStreams }
func (*Chat) kind() kind    { return kindChat }
func (*ChatAck) kind() kind { return kindChatAck }
func (*Bye) kind() kind     { return kindBye }

// newMessage returns an empty message of a kind, nil for one we do not know.
func newMessage(k kind) Message {
	switch k {
	case kindHello:
		return new(Hello)
	case kindRing:
		return new(Ring)
	case kindAccept:
		return new(Accept)
	case kindDecline:
		return new(Decline)
	case kindBusy:
		return new(Busy)
	case kindStreams:
		return new(Streams)
	case kindChat:
		return new(Chat)
	case kindChatAck:
		return new(ChatAck)
	case kindBye:
		return new(Bye)
	case kindAddLane:
		return new(addLane)
	}
	return nil
}

// envelope is a message on the wire: [kind, body].
type envelope struct {
	_    struct{} `cbor:",toarray"`
	Kind kind
	Body cbor.RawMessage
}

// maxMessage bounds a control message in bytes: the longest chat line and a
// generous margin.
const maxMessage = 16 << 10

// MaxChat bounds the text of a Chat in bytes.
const MaxChat = 4 << 10

var (
	errMessageTooLong = fmt.Errorf("control message is longer than %d bytes", maxMessage)
	errBadMessage     = errors.New("malformed control message")
)

// Strict decoding: no duplicate keys, no indefinite lengths, no tags, shallow.
var decMode = mustDecMode(cbor.DecOptions{
	DupMapKey:        cbor.DupMapKeyEnforcedAPF,
	IndefLength:      cbor.IndefLengthForbidden,
	TagsMd:           cbor.TagsForbidden,
	MaxNestedLevels:  4,
	MaxArrayElements: 64,
	MaxMapPairs:      64,
	UTF8:             cbor.UTF8RejectInvalid,
})

func mustDecMode(o cbor.DecOptions) cbor.DecMode {
	m, err := o.DecMode()
	if err != nil {
		panic(err)
	}
	return m
}

// appendMessage appends the length-prefixed form of m to b.
func appendMessage(b []byte, m Message) ([]byte, error) {
	body, err := cbor.Marshal(m)
	if err != nil {
		return b, fmt.Errorf("encode control message: %w", err)
	}
	env, err := cbor.Marshal(envelope{Kind: m.kind(), Body: body})
	if err != nil {
		return b, fmt.Errorf("encode control message: %w", err)
	}
	if len(env) > maxMessage {
		return b, errMessageTooLong
	}
	b = quicvarint.Append(b, uint64(len(env)))
	return append(b, env...), nil
}

// readMessage reads the next message that we know; those of unknown kinds are
// skipped. An error means that the stream cannot be used any further.
func readMessage(r *bufio.Reader) (Message, error) {
	for {
		n, err := quicvarint.Read(r)
		if err != nil {
			return nil, err
		}
		if n > maxMessage {
			return nil, errMessageTooLong
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, err
		}
		m, err := parseMessage(b)
		if m != nil || err != nil {
			return m, err
		}
	}
}

// parseMessage decodes one message without its length; nil and no error for a
// kind that we do not know.
func parseMessage(b []byte) (Message, error) {
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
	if c, ok := m.(*Chat); ok && len(c.Text) > MaxChat {
		return nil, fmt.Errorf("%w: chat text of %d bytes", errBadMessage, len(c.Text))
	}
	return m, nil
}
