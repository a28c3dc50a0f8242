package certs

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The first key of RFC 8032, section 7.1; its text was computed by another program.
const (
	goldenKey = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
	goldenID  = "25njqam-cweflpv-kl73j4s-zahhiho-c4xt3kt-cgjnpai-ngr5yhk-engd74r"
)

func fromHex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// testID returns the peer ID of a key that depends on n alone.
func testID(n int) PeerID {
	seed := make([]byte, ed25519.SeedSize)
	seed[0], seed[1] = byte(n), byte(n>>8)
	return PeerID(ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey))
}

func TestPeerIDText(t *testing.T) {
	id := PeerID(fromHex(t, goldenKey))
	if got := id.String(); got != goldenID {
		t.Errorf("String() = %s, want %s", got, goldenID)
	}
	if got, want := id.Short(), goldenID[:7]; got != want {
		t.Errorf("Short() = %s, want %s", got, want)
	}
}

func TestParsePeerID(t *testing.T) {
	bare := strings.ReplaceAll(goldenID, "-", "")
	for name, text := range map[string]string{
		"as printed":         goldenID,
		"no dashes":          bare,
		"upper case":         strings.ToUpper(goldenID),
		"spaces":             "  " + strings.ReplaceAll(goldenID, "-", "  ") + "\t\n",
		"broken over lines":  strings.ReplaceAll(goldenID, "-", "\n"),
		"typographic dashes": strings.ReplaceAll(goldenID, "-", "\u2013"),
		"0 for o":            strings.ReplaceAll(goldenID, "o", "0"),
		"1 for l":            strings.ReplaceAll(goldenID, "l", "1"),
		"odd groups":         bare[:20] + "-" + bare[20:],
	} {
		t.Run(name, func(t *testing.T) {
			id, err := ParsePeerID(text)
			if err != nil || id.String() != goldenID {
				t.Errorf("ParsePeerID(%q) = %v, %v", text, id, err)
			}
		})
	}
	with8 := testIDWith(t, 'b')
	if id, err := ParsePeerID(strings.ReplaceAll(with8.String(), "b", "8")); err != nil || id != with8 {
		t.Errorf("8 for b: got %v, %v", id, err)
	}
}

// testIDWith finds a peer ID with a character in its text.
func testIDWith(t *testing.T, char rune) PeerID {
	for n := range 100 {
		if id := testID(n); strings.ContainsRune(id.String(), char) {
			return id
		}
	}
	t.Fatalf("no peer ID with %q", char)
	return PeerID{}
}

func TestParsePeerIDRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want error
	}{
		"empty":         {"", ErrPeerIDLength},
		"only dashes":   {"-------", ErrPeerIDLength},
		"one short":     {goldenID[:len(goldenID)-1], ErrPeerIDLength},
		"one too many":  {goldenID + "a", ErrPeerIDLength},
		"endless":       {strings.Repeat("a", 1<<20), ErrPeerIDLength},
		"digit 9":       {"9" + goldenID[1:], ErrPeerIDCharacter},
		"escape":        {"\x1b[31m" + goldenID, ErrPeerIDCharacter},
		"other letters": {strings.Replace(goldenID, "c", "\u0441", 1), ErrPeerIDCharacter},
		"not UTF-8":     {"\xff" + goldenID[1:], ErrPeerIDCharacter},
		"typo":          {"a" + goldenID[1:], ErrPeerIDTypo},
		"zero":          {PeerID{}.String(), ErrWeakKey},
	} {
		t.Run(name, func(t *testing.T) {
			id, err := ParsePeerID(test.text)
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, %v, want %v", id, err, test.want)
			}
			wantPlain(t, err.Error())
			if strings.ContainsRune(err.Error(), '\u0441') {
				t.Errorf("the error repeats a letter that looks like another: %v", err)
			}
		})
	}
}

// Every substitution of one character and every swap of two neighbours is caught.
// By chance one in 2^24 is not; these 36,000 of fixed keys all are.
func TestPeerIDCatchesTypos(t *testing.T) {
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	for n := range 20 {
		good := strings.ReplaceAll(testID(n).String(), "-", "")
		for i := range good {
			for _, c := range []byte(alphabet) {
				if c != good[i] {
					wantTypo(t, good[:i]+string(c)+good[i+1:])
				}
			}
			if i > 0 && good[i-1] != good[i] {
				wantTypo(t, good[:i-1]+good[i:i+1]+good[i-1:i]+good[i+1:])
			}
		}
	}
}

func wantTypo(t *testing.T, text string) {
	t.Helper()
	if _, err := ParsePeerID(text); !errors.Is(err, ErrPeerIDTypo) {
		t.Errorf("ParsePeerID(%s): %v, want %v", text, err, ErrPeerIDTypo)
	}
}

func TestPeerIDJSON(t *testing.T) {
	type message struct {
		ID    PeerID         `json:"peer_id"`
		Names map[PeerID]int `json:"names"`
	}
	want := message{testID(1), map[PeerID]int{testID(2): 3}}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"peer_id":"`+testID(1).String()+`"`) {
		t.Errorf("JSON is %s", text)
	}
	var got message
	if err := json.Unmarshal(text, &got); err != nil || got.ID != want.ID || got.Names[testID(2)] != 3 {
		t.Errorf("read back %v, %v", got, err)
	}
	if err := json.Unmarshal([]byte(`{"peer_id":"x"}`), &got); !errors.Is(err, ErrPeerIDLength) {
		t.Errorf("bad peer ID in JSON: %v", err)
	}
}

func TestPeerIDSurvivesTyping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := testID(rapid.IntRange(0, 1<<16-1).Draw(t, "key"))
		seed := rapid.Uint64().Draw(t, "seed")
		if got, err := ParsePeerID(retype(id.String(), rand.New(rand.NewPCG(seed, 0)))); err != nil || got != id {
			t.Fatalf("got %v, %v", got, err)
		}
	})
}

// retype writes a peer ID as a careless person would.
func retype(text string, rng *rand.Rand) string {
	var b strings.Builder
	for _, c := range strings.ReplaceAll(text, "-", "") {
		s := string(c)
		switch look := strings.IndexRune("olb", c); {
		case look >= 0 && rng.IntN(2) == 0:
			s = "018"[look : look+1]
		case rng.IntN(2) == 0:
			s = strings.ToUpper(s)
		}
		b.WriteString(s + []string{"", "", "", "-", " "}[rng.IntN(5)])
	}
	return b.String()
}

// The list of weak keys is checked by the arithmetic of the curve: eight times
// each point is the neutral element, and the points of the list, with either sign,
// are all eight of that kind.
func TestSmallOrder(t *testing.T) {
	points := map[string]bool{}
	for _, text := range smallOrder {
		b := fromHex(t, text)
		if !PeerID(b).weak() {
			t.Errorf("%s is not taken for weak", text)
		}
		y := new(big.Int).Mod(littleEndian(b), curveP)
		x := curveX(y)
		if x == nil {
			t.Errorf("%s is not on the curve", text)
			continue
		}
		for _, x := range []*big.Int{x, new(big.Int).Mod(new(big.Int).Neg(x), curveP)} {
			points[x.String()+","+y.String()] = true
			px, py := x, y
			for range 3 {
				px, py = curveAdd(px, py, px, py)
			}
			if px.Sign() != 0 || py.Cmp(big.NewInt(1)) != 0 {
				t.Errorf("8 times %s is not neutral", text)
			}
		}
	}
	if len(points) != 8 {
		t.Errorf("the list has %d points of small order, want 8", len(points))
	}
	signed := PeerID(fromHex(t, smallOrder[3]))
	signed[31] |= 0x80
	if !signed.weak() || testID(1).weak() {
		t.Error("weak is wrong about a negative point or a good key")
	}
}

// Edwards25519 (RFC 8032, section 5.1) in the slow and plain way.
var (
	curveP = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	curveD = new(big.Int).Mod(new(big.Int).Mul(big.NewInt(-121665), new(big.Int).ModInverse(big.NewInt(121666), curveP)), curveP)
)

func littleEndian(b []byte) *big.Int {
	n := new(big.Int)
	for i := len(b) - 1; i >= 0; i-- {
		n.Or(n.Lsh(n, 8), big.NewInt(int64(b[i])))
	}
	return n
}

// curveX returns an x for y: x² = (y²-1)/(dy²+1).
func curveX(y *big.Int) *big.Int {
	yy := new(big.Int).Mul(y, y)
	den := new(big.Int).Add(new(big.Int).Mul(curveD, yy), big.NewInt(1))
	xx := new(big.Int).Sub(yy, big.NewInt(1))
	xx.Mul(xx, den.ModInverse(den.Mod(den, curveP), curveP))
	return new(big.Int).ModSqrt(xx.Mod(xx, curveP), curveP)
}

func curveAdd(x1, y1, x2, y2 *big.Int) (x, y *big.Int) {
	mul := func(a, b *big.Int) *big.Int { c := new(big.Int).Mul(a, b); return c.Mod(c, curveP) }
	div := func(a, b *big.Int) *big.Int { return mul(a, new(big.Int).ModInverse(b, curveP)) }
	k := mul(curveD, mul(mul(x1, x2), mul(y1, y2)))
	one := big.NewInt(1)
	x = div(new(big.Int).Add(mul(x1, y2), mul(y1, x2)), new(big.Int).Add(one, k))
	den := new(big.Int).Sub(one, k)
	y = div(new(big.Int).Add(mul(y1, y2), mul(x1, x2)), den.Mod(den, curveP))
	return x, y
}

func FuzzParsePeerID(f *testing.F) {
	f.Add(goldenID)
	f.Add(strings.ToUpper(goldenID))
	f.Add("a" + goldenID[1:])
	f.Add(PeerID{}.String())
	f.Add("\x00\xff\u202e")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := ParsePeerID(text)
		if err != nil {
			if !id.IsZero() {
				t.Errorf("an error and a peer ID: %v", id)
			}
			return
		}
		if again, err := ParsePeerID(id.String()); err != nil || again != id {
			t.Errorf("%q is read as %s, and that as %v, %v", text, id, again, err)
		}
	})
}
