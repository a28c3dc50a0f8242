package quicproto

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"

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
	kindWantLane
	kindRinging
	kindSASCommit
	kindSASReveal
	kindPuzzle
	kindProof
	kindCandidates
	kindJoin
	kindChallenge
	kindResponse
	kindAdmitted
	kindMembers
	kindWish
	kindAskRoom
	kindRoomInfo
)

// Hello is the first message of each side.
type Hello struct {
	Name  string   `cbor:"1,keyasint,omitempty"` // what its owner calls themselves; to be filtered and never trusted
	Agent string   `cbor:"2,keyasint,omitempty"` // program and version
	Video []string `cbor:"3,keyasint,omitempty"` // video codecs it can decode, preferred first
	Audio []string `cbor:"4,keyasint,omitempty"` // audio codecs it can decode, preferred first
	Path  uint64   `cbor:"5,keyasint,omitempty"` // bit/s at which the other side's handshake came, if the path is thin

	// Pixels is how large a picture it decodes at most, in luma pixels; 0: 1920x1080.
	Pixels uint64 `cbor:"6,keyasint,omitempty"`
}

// Ring asks the other side for a call.
type Ring struct {
	Ticket Secret `cbor:"1,keyasint,omitempty"` // the one-use secret of a ticket, or nil
	Resume Secret `cbor:"2,keyasint,omitempty"` // of a call that was lost and is to go on, or nil
}

// SecretSize is the length of a Secret in bytes.
const SecretSize = 16

// Secret is something that no log may show: it prints as "[secret]".
type Secret []byte

// Format hides the secret whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, "[secret]") }

// Ringing tells the caller that its Ring has come and that it waits for a person.
type Ringing struct{}

// Accept takes the call: media may flow from here on, both ways.
type Accept struct{}

// Decline refuses the call.
type Decline struct {
	Reason string      `cbor:"1,keyasint,omitempty"`
	Code   DeclineCode `cbor:"2,keyasint,omitempty"`
}

// DeclineCode says why a call is declined, where a program can do something about
// it.
type DeclineCode uint64

// The codes of Decline. Others are taken for DeclinePerson.
const (
	DeclinePerson        DeclineCode = 0 // a person did
	DeclineTicketUsed    DeclineCode = 1
	DeclineTicketExpired DeclineCode = 2
	DeclineTicketUnknown DeclineCode = 3
	DeclineNoRoom        DeclineCode = 4 // that room is not here
	DeclineLocked        DeclineCode = 5 // it lets nobody in
	DeclineRemoved       DeclineCode = 6 // its members have removed the sender
	DeclinePassphrase    DeclineCode = 7 // it has another passphrase
	DeclineLinked        DeclineCode = 8 // another connection leads to the same member
	DeclineFull          DeclineCode = 9 // it holds no more
)

// Busy refuses the call because another one is going on.
type Busy struct{}

// Streams says what its sender sends at present.
type Streams struct {
	Audio bool `cbor:"1,keyasint"`           // false: muted
	Video bool `cbor:"2,keyasint"`           // false: the camera is off
	Held  bool `cbor:"3,keyasint,omitempty"` // the call is on hold: nothing is sent or played
	Hand  bool `cbor:"4,keyasint,omitempty"` // a hand is raised
}

// Chat is a line of text; the other side answers with a ChatAck of the same ID.
type Chat struct {
	ID      uint64 `cbor:"1,keyasint"`
	Text    string `cbor:"2,keyasint"`
	Private bool   `cbor:"3,keyasint,omitempty"` // in a room: nobody else gets it
}

// ChatAck says that the line has been shown.
type ChatAck struct {
	ID uint64 `cbor:"1,keyasint"`
}

// Bye ends the call.
type Bye struct {
	Reason    string `cbor:"1,keyasint,omitempty"`
	Elsewhere bool   `cbor:"2,keyasint,omitempty"` // it goes on over another connection, or on another device
	// Code says why the receiver is not in the room any more, or never was.
	Code DeclineCode `cbor:"3,keyasint,omitempty"`
}

// SASCommit and SASReveal are the two messages, each way, from which a short
// authentication string comes (certs.SAS).
type SASCommit struct {
	Commitment []byte `cbor:"1,keyasint"`
}

// SASReveal follows the other side's SASCommit.
type SASReveal struct {
	Nonce []byte `cbor:"1,keyasint"`
}

// SASSize is the length of a commitment and of a nonce in bytes.
const SASSize = 32

// Puzzle asks a caller for work before its call is taken any further; see Solve.
type Puzzle struct {
	Bits uint64 `cbor:"1,keyasint"`
}

// Proof shows that the work has been done.
type Proof struct {
	Nonce uint64 `cbor:"1,keyasint"`
}

func (*Hello) kind() kind     { return kindHello }
func (*Ring) kind() kind      { return kindRing }
func (*Ringing) kind() kind   { return kindRinging }
func (*Accept) kind() kind    { return kindAccept }
func (*Decline) kind() kind   { return kindDecline }
func (*Busy) kind() kind      { return kindBusy }
func (*Streams) kind() kind   { return kindStreams }
func (*Chat) kind() kind      { return kindChat }
func (*ChatAck) kind() kind   { return kindChatAck }
func (*Bye) kind() kind       { return kindBye }
func (*SASCommit) kind() kind { return kindSASCommit }
func (*SASReveal) kind() kind { return kindSASReveal }
func (*Puzzle) kind() kind    { return kindPuzzle }
func (*Proof) kind() kind     { return kindProof }

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
	case kindWantLane:
		return new(WantLane)
	case kindRinging:
		return new(Ringing)
	case kindSASCommit:
		return new(SASCommit)
	case kindSASReveal:
		return new(SASReveal)
	case kindPuzzle:
		return new(Puzzle)
	case kindProof:
		return new(Proof)
	case kindCandidates:
		return new(Candidates)
	}
	return newRoomMessage(k)
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

// Bounds of what is in a message, in bytes.
const (
	MaxChat      = 4 << 10 // the text of a Chat
	maxText      = 256     // a name, an agent, a reason
	maxCodecName = 32
)

var (
	errMessageTooLong = fmt.Errorf("control message is longer than %d bytes", maxMessage)
	errBadMessage     = errors.New("malformed control message")
)

// Strict decoding: no duplicate keys, no indefinite lengths, no tags, shallow.
var decMode = mustDecMode(cbor.DecOptions{
	DupMapKey:        cbor.DupMapKeyEnforcedAPF,
	IndefLength:      cbor.IndefLengthForbidden,
	TagsMd:           cbor.TagsForbidden,
	MaxNestedLevels:  6,
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
// skipped. Before each it calls pace, which may wait. An error means that the
// stream cannot be used any further.
func readMessage(r *bufio.Reader, pace func() error) (Message, error) {
	for {
		if err := pace(); err != nil {
			return nil, err
		}
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
	if err := checkMessage(m); err != nil {
		return nil, fmt.Errorf("%w: %w", errBadMessage, err)
	}
	return m, nil
}

// checkMessage holds the lengths in m against those of the CDDL.
func checkMessage(m Message) error {
	switch m := m.(type) {
	case *Hello:
		for _, codec := range slices.Concat(m.Video, m.Audio) {
			if len(codec) > maxCodecName {
				return fmt.Errorf("codec's name of %d bytes", len(codec))
			}
		}
		return checkLength("text", max(len(m.Name), len(m.Agent)), 0, maxText)
	case *Ring:
		for _, s := range []Secret{m.Ticket, m.Resume} {
			if s != nil && len(s) != SecretSize {
				return fmt.Errorf("secret of %d bytes", len(s))
			}
		}
	case *Decline:
		return checkLength("reason", len(m.Reason), 0, maxText)
	case *Bye:
		return checkLength("reason", len(m.Reason), 0, maxText)
	case *Chat:
		return checkLength("chat text", len(m.Text), 0, MaxChat)
	case *SASCommit:
		return checkLength("commitment", len(m.Commitment), SASSize, SASSize)
	case *SASReveal:
		return checkLength("nonce", len(m.Nonce), SASSize, SASSize)
	case *Candidates:
		return checkCandidates(m.List)
	}
	return checkRoomMessage(m)
}

func checkLength(what string, n, least, most int) error {
	if n < least || n > most {
		return fmt.Errorf("%s of %d bytes", what, n)
	}
	return nil
}
