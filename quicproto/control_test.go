package quicproto

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"net/netip"
	"reflect"
	"slices"
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
	{&Chat{ID: 7, Text: "hi", Private: true}, "0b8207a301070262686903f5"},
	{&Streams{Audio: true, Video: true, Hand: true}, "098206a301f502f504f5"},
	{&Bye{Code: DeclineRemoved}, "058209a10306"},
	{&Join{Room: repeated(1, RoomMACSize), Instance: repeated(2, InstanceSize), Share: repeated(3, ShareSize), Addrs: memberAddrs}, "405e8212a4015001010101010101010101010101010101024802020202020202020358200303030303030303030303030303030303030303030303030303030303030303048246c00002011e305220010db80000000000000000000000011e31"},
	{&Challenge{Share: repeated(1, ShareSize), Tag: repeated(2, TagSize)}, "40498213a201582001010101010101010101010101010101010101010101010101010101010101010258200202020202020202020202020202020202020202020202020202020202020202"},
	{&Response{Tag: repeated(1, TagSize)}, "268214a10158200101010101010101010101010101010101010101010101010101010101010101"},
	{&Admitted{Instance: repeated(1, InstanceSize), Name: "ada"}, "148215a30148010101010101010102800363616461"},
	{&Members{
		List:    []Member{{Peer: repeated(1, PeerSize), Instance: repeated(2, InstanceSize), Addrs: memberAddrs}},
		Rulings: []Ruling{{Peer: repeated(3, PeerSize), Removed: true, Counter: 4}},
		Lock:    &Lock{Locked: true, Counter: 5, By: repeated(6, PeerSize)},
	}, "40998216a3018183582001010101010101010101010101010101010101010101010101010101010101014802020202020202028246c00002011e305220010db80000000000000000000000011e3102818358200303030303030303030303030303030303030303030303030303030303030303f5040383f50558200606060606060606060606060606060606060606060606060606060606060606"},
	{&Wish{Width: 320, Height: 180}, "0a8217a2011901400218b4"},
	{&AskRoom{}, "04821818a0"},
	{&RoomInfo{Name: "standup", Members: []string{"ada"}}, "13821819a201677374616e647570028163616461"},
}

var memberAddrs = MemberAddrs{netip.MustParseAddrPort("192.0.2.1:7728"), netip.MustParseAddrPort("[2001:db8::1]:7729")}

func repeated(b byte, n int) []byte { return bytes.Repeat([]byte{b}, n) }

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
		"short room":         mustMarshal(t, []any{kindJoin, map[int]any{1: repeated(1, 15), 2: repeated(1, InstanceSize)}}),
		"empty share":        mustMarshal(t, []any{kindJoin, map[int]any{1: repeated(1, RoomMACSize), 2: repeated(1, InstanceSize), 3: []byte{}}}),
		"no instance":        mustMarshal(t, []any{kindAdmitted, map[int]any{}}),
		"many members":       mustMarshal(t, []any{kindMembers, map[int]any{1: slices.Repeat([]any{[]any{repeated(1, PeerSize), repeated(1, InstanceSize), []any{}}}, MaxMembers+1)}}),
		"short ruling":       mustMarshal(t, []any{kindMembers, map[int]any{2: []any{[]any{repeated(1, PeerSize), true}}}}),
		"address of no host": mustMarshal(t, []any{kindMembers, map[int]any{1: []any{[]any{repeated(1, PeerSize), repeated(1, InstanceSize), [][]byte{{0, 0, 0, 0, 1, 1}}}}}}),
		"many addresses":     mustMarshal(t, []any{kindMembers, map[int]any{1: []any{[]any{repeated(1, PeerSize), repeated(1, InstanceSize), slices.Repeat([][]byte{{192, 0, 2, 1, 1, 1}}, MaxMemberAddrs+1)}}}}),
		"long room name":     mustMarshal(t, []any{kindRoomInfo, map[int]any{1: strings.Repeat("x", MaxRoomName+1)}}),
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
