package media

import (
	"math/rand/v2"
	"testing"
	"unicode"
	"unicode/utf8"
)

// nasty are what a hostile text is made of, besides any code point and any byte.
var nasty = []string{
	"\x1b[31m", "\x1b]0;t\a", "\x1b]8;;http://x\x1b\\", "\u009b2J", "\u0090q\u009c", "\a", "\b", "\x7f", "\r", "\n", "\x00",
	"\u061c", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069",
	"\u200b", "\u200d", "\u2028", "\u2029", "\u2800", "\u3164", "\ufeff", "\ufe0f", "\U000e0041", "\ue000", "\U0010ffff",
	"\xff", "\xc0\xaf", "\xed\xa0\x80", "\u0301", "\u0489", "a", "ب", "א", "漢", " ", "\u00a0",
}

func randomText(rng *rand.Rand) string {
	var b []byte
	for range rng.IntN(24) {
		switch rng.IntN(4) {
		case 0:
			b = utf8.AppendRune(b, rune(rng.IntN(unicode.MaxRune+1)))
		case 1:
			b = append(b, byte(rng.IntN(256)))
		default:
			b = append(b, nasty[rng.IntN(len(nasty))]...)
		}
	}
	return string(b)
}

// escapes says whether r could move a cursor, begin an escape sequence or turn the
// direction of text around.
func escapes(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x61c || r >= 0x200b && r <= 0x200f ||
		r >= 0x2028 && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff || r == utf8.RuneError
}

func TestCleanTextOnRandomTexts(t *testing.T) {
	texts := 1_000_000
	if testing.Short() {
		texts = 50_000
	}
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	dirty, kept := 0, 0
	for range texts {
		s := randomText(rng)
		got := CleanText(s, 40)
		kept += len(got)
		for _, r := range s {
			if escapes(r) {
				dirty++
				break
			}
		}
		for _, r := range got {
			if escapes(r) || unicode.Is(unicode.C, r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Fatalf("seed %d: %U survived in %q, from %q", seed, r, got, s)
			}
		}
		if n := utf8.RuneCountInString(got); n > 40 || !utf8.ValidString(got) {
			t.Fatalf("seed %d: %q, from %q", seed, got, s)
		}
	}
	if dirty < texts/2 || kept < texts {
		t.Errorf("seed %d: of %d texts %d were dirty, %d bytes were kept", seed, texts, dirty, kept)
	}
}
