package rendezvous

import (
	"bytes"
	"crypto/hpke"
	"errors"
	"testing"
	"time"

	"github.com/skulltech/prattle/certs"
)

func TestCards(t *testing.T) {
	alice, bob, key := fixedIdentity(t, 1), fixedIdentity(t, 2), fixedKey(t, 3)
	good := fixedCard(t, alice, Device{1}, key, noon)
	flip := func(b []byte, i int) []byte {
		b = bytes.Clone(b)
		b[i] ^= 1
		return b
	}
	for name, tc := range map[string]struct {
		card Card
		peer certs.PeerID
		want error
	}{
		"good":                  {good, alice.ID(), nil},
		"another's":             {good, bob.ID(), errCardForged},
		"nobody's":              {good, certs.PeerID{}, errCardForged},
		"key that all can sign": {good, certs.PeerID{1}, errCardForged},
		"changed key":           {Card{Key: flip(good.Key, 100), Signature: good.Signature}, alice.ID(), errCardForged},
		"changed signature":     {Card{Key: good.Key, Signature: flip(good.Signature, 5)}, alice.ID(), errCardForged},
		"no signature":          {Card{Key: good.Key}, alice.ID(), errBadCard},
		"too long":              {Card{Key: make([]byte, maxDeviceKey+1), Signature: good.Signature}, alice.ID(), errBadCard},
	} {
		if _, err := tc.card.open(tc.peer); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
	k, err := good.open(alice.ID())
	if err != nil {
		t.Fatal(err)
	}
	for after, want := range map[time.Duration]bool{
		0: true, cardLife - time.Second: true, cardLife: false, 365 * 24 * time.Hour: false,
		-cardLead + time.Second: true, -cardLead: false, -365 * 24 * time.Hour: false,
	} {
		if got := k.valid(noon.Add(after)); got != want {
			t.Errorf("%v after it was made it is valid: %v", after, got)
		}
	}
}

// A letter is for one device of one peer and from another, and for one key: whatever
// else the server claims, it does not open.
func TestLettersAreBound(t *testing.T) {
	alice, bob, carol := fixedIdentity(t, 1), fixedIdentity(t, 2), fixedIdentity(t, 3)
	key, other, device := fixedKey(t, 4), fixedKey(t, 5), Device{6}
	to := &contact{peer: bob.ID(), device: device, public: key.PublicKey()}
	sealed, err := seal(alice, Device{7}, to, nonce{8}, []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("text")) {
		t.Error("it can be read")
	}
	for name, tc := range map[string]struct {
		key      hpke.PrivateKey
		from, to certs.PeerID
		device   Device
		want     error
	}{
		"as it was sent":   {key, alice.ID(), bob.ID(), device, nil},
		"another sender":   {key, carol.ID(), bob.ID(), device, errUndecipherd},
		"another receiver": {key, alice.ID(), carol.ID(), device, errUndecipherd},
		"another device":   {key, alice.ID(), bob.ID(), Device{9}, errUndecipherd},
		"another key":      {other, alice.ID(), bob.ID(), device, errUndecipherd},
	} {
		text, err := unseal(tc.key, tc.from, tc.to, tc.device, sealed)
		if !errors.Is(err, tc.want) || err == nil && string(text.Body) != "text" {
			t.Errorf("%s: %q, %v", name, text.Body, err)
		}
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 0x80
		if _, err := unseal(key, alice.ID(), bob.ID(), device, changed); err == nil {
			t.Fatalf("byte %d may be changed", i)
		}
	}
	for _, n := range []int{0, 1, encSize, encSize + tagSize, len(sealed) - 1} {
		if _, err := unseal(key, alice.ID(), bob.ID(), device, sealed[:n]); err == nil {
			t.Errorf("%d bytes open", n)
		}
	}
}

// Who gets a letter cannot pass it on as if it were meant for somebody else, and who
// seals one cannot do so in another's name: everybody can seal.
func TestLettersAreSigned(t *testing.T) {
	alice, bob, mallory := fixedIdentity(t, 1), fixedIdentity(t, 2), fixedIdentity(t, 3)
	device := Device{6}
	bobKey, malloryKey := fixedKey(t, 4), fixedKey(t, 5)
	toMallory := &contact{peer: mallory.ID(), device: device, public: malloryKey.PublicKey()}
	sealed, err := seal(alice, Device{7}, toMallory, nonce{8}, []byte("I owe you"))
	if err != nil {
		t.Fatal(err)
	}
	recipient, err := hpke.NewRecipient(sealed[:encSize], malloryKey, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), []byte(mailLabel))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := recipient.Open(parties(alice.ID(), mallory.ID(), device), sealed[encSize:])
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []certs.PeerID{alice.ID(), mallory.ID()} {
		enc, sender, err := hpke.NewSender(bobKey.PublicKey(), hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), []byte(mailLabel))
		if err != nil {
			t.Fatal(err)
		}
		again, err := sender.Seal(parties(from, bob.ID(), device), plain)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := unseal(bobKey, from, bob.ID(), device, append(enc, again...)); !errors.Is(err, errLetterForged) {
			t.Errorf("as from %v: %v", from.Short(), err)
		}
	}
}

// The largest body goes through; the wire has room for it.
func TestLargestLetter(t *testing.T) {
	alice, bob, key := fixedIdentity(t, 1), fixedIdentity(t, 2), fixedKey(t, 4)
	to := &contact{peer: bob.ID(), public: key.PublicKey()}
	sealed, err := seal(alice, Device{}, to, nonce{}, make([]byte, MaxBody))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes of body are sealed in %d", MaxBody, len(sealed))
	card := fixedCard(t, alice, Device{}, key, noon)
	if _, err := marshal(&mail{peerID(alice.ID()), card, sealed}); err != nil {
		t.Error(err)
	}
	if text, err := unseal(key, alice.ID(), bob.ID(), Device{}, sealed); err != nil || len(text.Body) != MaxBody {
		t.Errorf("%d bytes come back: %v", len(text.Body), err)
	}
	sealed, err = seal(alice, Device{}, to, nonce{}, make([]byte, MaxBody+1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unseal(key, alice.ID(), bob.ID(), Device{}, sealed); !errors.Is(err, errBadLetter) {
		t.Errorf("a larger one: %v", err)
	}
}

func FuzzParseLetter(f *testing.F) {
	alice, key := fixedIdentity(f, 1), fixedKey(f, 2)
	text, _ := encMode.Marshal(letterText{Device{1}, nonce{2}, []byte("x")})
	plain, _ := encMode.Marshal(letter{Text: text, Signature: make([]byte, 64)})
	f.Add(plain)
	f.Add([]byte{0x82, 0x40, 0x40})
	aad, public := parties(alice.ID(), alice.ID(), Device{}), key.PublicKey()
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := parseLetter(b, alice.ID(), aad, public); err == nil {
			t.Error("the signature was forged")
		}
		var l letterText
		decMode.Unmarshal(b, &l) // what a sender may sign
	})
}
