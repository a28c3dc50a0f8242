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
}

func TestControlGolden(t *testing.T) {
	for _, g := range controlGolden {
		b, err := appendMessage(nil, g.message)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(b); got != g.hex {
			t.Errorf("%T is %s on the wire, want %s", g.message, got, g.hex)
		}
		got, err := readMessage(bufio.NewReader(bytes.NewReader(b)))
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
	got, err := readMessage(bufio.NewReader(bytes.NewReader(stream)))
	if ack, ok := got.(*ChatAck); !ok || ack.ID != 3 {
		t.Fatalf("after an unknown message came %+v, %v", got, err)
	}
}

func TestBadMessagesAreRefused(t *testing.T) {
	long, err := cbor.Marshal([]any{kindChat, map[int]any{1: 1, 2: strings.Repeat("x", MaxChat+1)}})
	if err != nil {
		t.Fatal(err)
	}
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
	} {
		if m, err := parseMessage(b); !errors.Is(err, errBadMessage) {
			t.Errorf("%s: got %+v, %v", name, m, err)
		}
	}
}

func TestMessageLengthIsBounded(t *testing.T) {
	huge := quicvarint.Append(nil, maxMessage+1)
	if _, err := readMessage(bufio.NewReader(bytes.NewReader(huge))); !errors.Is(err, errMessageTooLong) {
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
			m, err := readMessage(r)
			if err != nil {
				return
			}
			again, err := appendMessage(nil, m)
			if err != nil {
				t.Fatalf("%+v was read and cannot be written: %v", m, err)
			}
			back, err := readMessage(bufio.NewReader(bytes.NewReader(again)))
			if err != nil || !reflect.DeepEqual(back, m) {
				t.Fatalf("%+v came back as %+v, %v", m, back, err)
			}
		}
	})
}
