package quicproto

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/quic-go/quic-go/quicvarint"
)

// The wire form of every message, so that a change of it is seen in review.
var controlGolden = []struct {
	message Message
	hex     string
}{
	{&Hello{Name: "ada", Agent: "x", Video: []string{"vp9"}, Audio: []string{"opus"}}, "188201a401636164610261780381637670390481646f707573"},
	{&Ring{}, "038202a0"},
	{&Accept{}, "038203a0"},
	{&Decline{Reason: "no"}, "078204a101626e6f"},
	{&Busy{}, "038205a0"},
	{&Streams{Audio: true, Video: false}, "078206a201f502f4"},
	{&Chat{ID: 7, Text: "hi"}, "098207a2010702626869"},
	{&ChatAck{ID: 7}, "058208a10107"},
	{&Bye{Reason: "bye"}, "088209a10163627965"},
	{&Hello{Pixels: 640 * 360}, "098201a1061a00038400"},
	{&Ring{Ticket: Secret("0123456789abcdef")}, "158202a1015030313233343536373839616263646566"},
	{&Ringing{}, "03820ca0"},
	{&Decline{Code: DeclineTicketUsed}, "058204a10201"},
	{&Streams{Audio: true, Video: true, Held: true}, "098206a301f502f503f5"},
	{&SASCommit{Commitment: bytes.Repeat([]byte{1}, SASSize)}, "26820da1015820" + strings.Repeat("01", SASSize)},
	{&SASReveal{Nonce: bytes.Repeat([]byte{2}, SASSize)}, "26820ea1015820" + strings.Repeat("02", SASSize)},
	{&Puzzle{Bits: 17}, "05820fa10111"},
	{&Proof{Nonce: 300}, "078210a10119012c"},
}

func atOnce() error { return nil }

func TestControlGolden(t *testing.T) {
	for _, g := range controlGolden {
		b, err := appendMessage(nil, g.message)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(b); got != g.hex {
			t.Errorf("%T is %s on the wire, want %s", g.message, got, g.hex)
		}
		got, err := readMessage(bufio.NewReader(bytes.NewReader(b)), atOnce)
		if err != nil || !reflect.DeepEqual(got, g.message) {
			t.Errorf("%T came back as %+v, %v", g.message, got, err)
		}
	}
}

func TestUnknownMessagesAreSkipped(t *testing.T) {
	b, err := cbor.Marshal([]any{999, map[int]any{1: "from the future"}})
	if err != nil {
		t.Fatal(err)
	}
	stream := append(quicvarint.Append(nil, uint64(len(b))), b...)
	stream, err = appendMessage(stream, &ChatAck{ID: 3})
	if err != nil {
		t.Fatal(err)
	}
	got, err := readMessage(bufio.NewReader(bytes.NewReader(stream)), atOnce)
	if ack, ok := got.(*ChatAck); !ok || ack.ID != 3 {
		t.Fatalf("after an unknown message came %+v, %v", got, err)
	}
}

func mustMarshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := cbor.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBadMessagesAreRefused(t *testing.T) {
	long := mustMarshal(t, []any{kindChat, map[int]any{1: 1, 2: strings.Repeat("x", MaxChat+1)}})
	for name, b := range map[string][]byte{
		"empty":              {},
		"not an array":       {0x01},
		"one element":        {0x81, 0x01},
		"wrong body":         {0x82, 0x07, 0x01},
		"text for a number":  {0x82, 0x08, 0xa1, 0x01, 0x61, 0x78},
		"duplicate key":      {0x82, 0x08, 0xa2, 0x01, 0x01, 0x01, 0x02},
		"indefinite length":  {0x9f, 0x02, 0xa0, 0xff},
		"trailing bytes":     {0x82, 0x02, 0xa0, 0x00},
		"chat beyond bounds": long,
		"short secret":       {0x82, 0x02, 0xa1, 0x01, 0x41, 0x00},
		"empty secret":       {0x82, 0x02, 0xa1, 0x01, 0x40},
		"short commitment":   {0x82, 0x0d, 0xa1, 0x01, 0x41, 0x00},
		"no nonce":           {0x82, 0x0e, 0xa0},
		"long reason":        mustMarshal(t, []any{kindBye, map[int]any{1: strings.Repeat("x", maxText+1)}}),
		"long name":          mustMarshal(t, []any{kindHello, map[int]any{1: strings.Repeat("x", maxText+1)}}),
		"long codec":         mustMarshal(t, []any{kindHello, map[int]any{3: []string{strings.Repeat("x", maxCodecName+1)}}}),
		"many codecs":        mustMarshal(t, []any{kindHello, map[int]any{3: make([]string, 100)}}),
	} {
		if m, err := parseMessage(b); !errors.Is(err, errBadMessage) {
			t.Errorf("%s: got %+v, %v", name, m, err)
		}
	}
}

func TestMessageLengthIsBounded(t *testing.T) {
	huge := quicvarint.Append(nil, maxMessage+1)
	if _, err := readMessage(bufio.NewReader(bytes.NewReader(huge)), atOnce); !errors.Is(err, errMessageTooLong) {
		t.Errorf("a length of %d gave %v", maxMessage+1, err)
	}
	if _, err := appendMessage(nil, &Bye{Reason: strings.Repeat("x", maxMessage)}); !errors.Is(err, errMessageTooLong) {
		t.Errorf("sending too much gave %v", err)
	}
}

func FuzzControl(f *testing.F) {
	for _, g := range controlGolden {
		b, err := hex.DecodeString(g.hex)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bufio.NewReader(bytes.NewReader(b))
		for {
			m, err := readMessage(r, atOnce)
			if err != nil {
				return
			}
			again, err := appendMessage(nil, m)
			if err != nil {
				t.Fatalf("%+v was read and cannot be written: %v", m, err)
			}
			back, err := readMessage(bufio.NewReader(bytes.NewReader(again)), atOnce)
			if err != nil || !reflect.DeepEqual(back, m) {
				t.Fatalf("%+v came back as %+v, %v", m, back, err)
			}
		}
	})
}
