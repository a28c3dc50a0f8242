package rendezvous

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"encoding/hex"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
)

// fixedIdentity has the key whose seed is n, 32 times.
func fixedIdentity(t testing.TB, n byte) *certs.Identity {
	t.Helper()
	id, err := certs.FromKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// fixedKey is the HPKE key derived from n, 32 times.
func fixedKey(t testing.TB, n byte) hpke.PrivateKey {
	t.Helper()
	k, err := hpke.MLKEM768X25519().DeriveKeyPair(bytes.Repeat([]byte{n}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var noon = time.Unix(1_800_000_000, 0)

func fixedCard(t testing.TB, id *certs.Identity, d Device, k hpke.PrivateKey, now time.Time) Card {
	t.Helper()
	c, err := newCard(id, d, k.PublicKey(), now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// short stands for bytes that are too many to print: their number, the first and the
// last of them.
func short(b []byte) string {
	if len(b) <= 80 {
		return hex.EncodeToString(b)
	}
	return hex.EncodeToString(b[:24]) + ".." + hex.EncodeToString(b[len(b)-8:])
}

// The bytes on the wire, which other versions and other programs rely on.
func TestWireFormat(t *testing.T) {
	id, device := fixedIdentity(t, 1), Device{1, 2, 3, 4, 5, 6, 7, 8}
	card := fixedCard(t, id, device, fixedKey(t, 2), noon)
	peer := peerID(id.ID())
	sealed := bytes.Repeat([]byte{7}, encSize+tagSize)
	for _, tc := range []struct {
		m    message
		want string
		size int
	}{
		{&register{1, card}, "8201a2010102825904d5a301480102030405060708025904..baf9941d58e33106", 1313},
		{&lookup{2, peer}, "8202a201020258208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c", 40},
		{&answer{Request: 3}, "8204a10103", 5},
		{&answer{Request: 3, Code: codeClock, Time: 1_800_000_000}, "8204a301030205041a6b49d200", 13},
		{&services{STUN: []string{"a:1"}, TURN: []turn{{"turn:b", "u", "p"}}, Seconds: 60}, "8206a3018163613a310281a301667475726e3a6202617503617003183c", 29},
		{&goAway{}, "8207a0", 3},
		{&alive{}, "8208a0", 3},
		{&farewell{2}, "8209a10102", 5},
		{&send{4, peer, device, sealed}, "8203a401040258208a88e3dd7409f195fd52db2d3cba5d72..0707070707070707", 1190},
		{&mail{peer, card, sealed}, "8205a30158208a88e3dd7409f195fd52db2d3cba5d72ca67..0707070707070707", 2486},
	} {
		b, err := marshal(tc.m)
		if err != nil {
			t.Fatal(err)
		}
		if short(b) != tc.want || len(b) != tc.size {
			t.Errorf("%T has %d bytes, want %d:\n%s, want\n%s", tc.m, len(b), tc.size, short(b), tc.want)
		}
		got, err := parseMessage(b)
		if err != nil || !reflect.DeepEqual(got, tc.m) {
			t.Errorf("%T comes back as %+v: %v", tc.m, got, err)
		}
	}
}

// A card and a letter that an earlier version has made.
func TestSealedFormat(t *testing.T) {
	alice, bob := fixedIdentity(t, 1), fixedIdentity(t, 3)
	card := fixedCard(t, bob, Device{9}, fixedKey(t, 4), noon)
	const signature = "ea3d7984d74702154a850b35d854fa462cddc4f878a377582e427715f885a46b" +
		"b8e2999cae9f032e29ceae9dd7cff3801ee6a6c5bfc6389f491d5d16a1c05703"
	if got := hex.EncodeToString(card.Signature); got != signature {
		t.Errorf("the signature of a card is %s, want %s", got, signature)
	}
	to, err := card.open(bob.ID())
	if err != nil || to.device != (Device{9}) || !to.expires.Equal(noon.Add(cardLife)) {
		t.Fatalf("the card says %+v: %v", to, err)
	}
	file, err := os.ReadFile("testdata/letter.hex")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := hex.DecodeString(strings.Join(strings.Fields(string(file)), ""))
	if err != nil {
		t.Fatal(err)
	}
	text, err := unseal(fixedKey(t, 4), alice.ID(), bob.ID(), Device{9}, sealed)
	want := letterText{Device{5}, nonce{6}, []byte("hello")}
	if err != nil || !reflect.DeepEqual(text, want) {
		t.Errorf("the letter says %+v: %v", text, err)
	}
}

func TestMalformedMessages(t *testing.T) {
	card := fixedCard(t, fixedIdentity(t, 1), Device{}, fixedKey(t, 2), noon)
	long := card
	long.Key = make([]byte, maxDeviceKey+1)
	unsigned := card
	unsigned.Signature = nil
	for name, m := range map[string]message{
		"long card":       &register{Card: long},
		"unsigned card":   &register{Card: unsigned},
		"short mail":      &send{Sealed: make([]byte, 8)},
		"long mail":       &send{Sealed: make([]byte, maxSealed+1)},
		"too many cards":  &answer{Cards: slices.Repeat([]Card{card}, MaxDevices+1)},
		"bad card":        &answer{Cards: []Card{unsigned}},
		"too many relays": &services{TURN: make([]turn, maxServers+1)},
		"long URL":        &services{TURN: []turn{{URL: strings.Repeat("x", maxText+1)}}},
		"mail, bad card":  &mail{Card: unsigned, Sealed: make([]byte, 2000)},
	} {
		b, err := marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parseMessage(b); !errors.Is(err, errBadMessage) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for name, text := range map[string]string{
		"nothing":          "",
		"no array":         "01",
		"one element":      "8101",
		"three elements":   "8301a000",
		"trailing":         "8207a000",
		"tag":              "c18207a0",
		"indefinite array": "9f07a0ff",
		"duplicate key":    "8202a30101010202582000",
		"short peer":       "8202a2010202581f" + strings.Repeat("00", 31),
		"long peer":        "8202a20102025821" + strings.Repeat("00", 33),
		"peer of numbers":  "8202a201020283010203",
		"peer of text":     "8202a2010202" + "7820" + strings.Repeat("61", 32),
		"negative request": "8202a20120",
		"deep":             "8202a101818181818181818100",
	} {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(name, err)
		}
		if m, err := parseMessage(b); !errors.Is(err, errBadMessage) {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
	if m, err := parseMessage([]byte{0x82, 0x18, 0x63, 0xa0}); m != nil || err != nil {
		t.Errorf("an unknown kind: %v, %v", m, err)
	}
}

func FuzzParseMessage(f *testing.F) {
	id := fixedIdentity(f, 1)
	card := fixedCard(f, id, Device{1}, fixedKey(f, 2), noon)
	for _, m := range []message{
		&register{1, card}, &lookup{2, peerID(id.ID())}, &send{3, peerID(id.ID()), Device{1}, make([]byte, 1200)},
		&answer{4, codeBusy, []Card{card}, 5}, &mail{peerID(id.ID()), card, make([]byte, 1200)},
		&services{[]string{"a"}, []turn{{"b", "c", "d"}}, 6}, &goAway{}, &alive{}, &farewell{2},
	} {
		b, err := marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseMessage(b)
		if m == nil || err != nil {
			return
		}
		again, err := marshal(m)
		if err != nil && !errors.Is(err, errMessageTooLong) {
			t.Fatalf("%+v cannot be encoded: %v", m, err)
		}
		if back, err := parseMessage(again); len(again) > 0 && (err != nil || !reflect.DeepEqual(back, m)) {
			t.Fatalf("%+v comes back as %+v: %v", m, back, err)
		}
		if m, ok := m.(*register); ok {
			m.Card.open(id.ID())
		}
	})
}

func FuzzLetterBetweenServers(f *testing.F) {
	id := fixedIdentity(f, 1)
	b, err := Letter{id.ID(), fixedCard(f, id, Device{1}, fixedKey(f, 2), noon), id.ID(), Device{2}, make([]byte, 1200)}.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var l Letter
		if l.UnmarshalBinary(b) == nil {
			again, err := l.MarshalBinary()
			var back Letter
			if err != nil || back.UnmarshalBinary(again) != nil || !reflect.DeepEqual(back, l) {
				t.Fatalf("%+v comes back as %+v", l, back)
			}
		}
		if cards, err := UnmarshalCards(b); err == nil && len(cards) > MaxDevices {
			t.Fatalf("%d cards", len(cards))
		}
	})
}
