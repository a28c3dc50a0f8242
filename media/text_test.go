package media

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestCleanText(t *testing.T) {
	tests := []struct {
		name, in string
		max      int
		want     string
	}{
		{"plain", "Ada Lovelace", 20, "Ada Lovelace"},
		{"other scripts", "Ольга 李小龍 نور", 20, "Ольга 李小龍 نور"},
		{"colour escape", "\x1b[31mred\x1b[0m", 20, "[31mred[0m"},
		{"title escape", "\x1b]0;owned\a", 20, "]0;owned"},
		{"C1 escape", "a\u009b2Jb", 20, "a2Jb"},
		{"newlines", "one\r\n\r\ntwo\tthree\u2028four", 40, "one two three four"},
		{"blanks at the ends", " \u00a0\u3000x\u2800 ", 20, "x"},
		{"bidi override", "user\u202egnp.exe", 20, "usergnp.exe"},
		{"bidi isolate", "\u2066a\u2069\u200e\u200f\u061c", 20, "a"},
		{"zero width", "pay\u200bpal\u200d\ufeff\u00ad\u2060", 20, "paypal"},
		{"blank letters", "\u3164\u115f\uffa0x", 20, "x"},
		{"variation selectors", "❤\ufe0f\U000e0100", 20, "❤"},
		{"tags", "x\U000e0041\U000e007f", 20, "x"},
		{"private and unassigned", "\ue000\U000f0000\u0378\U0010ffffz", 20, "z"},
		{"not UTF-8", "a\xff\xc0\xafb\xed\xa0\x80", 20, "ab"},
		{"replacement character", "a\ufffdb", 20, "ab"},
		{"accents stay", "e\u0301o\u0323\u0302", 20, "e\u0301o\u0323\u0302"},
		{"tower of marks", "a" + strings.Repeat("\u0300", 50) + "b", 20, "a\u0300\u0300\u0300\u0300b"},
		{"mark without base", "\u0300a \u0301b", 20, "a b"},
		{"exact length", "abcde", 5, "abcde"},
		{"too long", "abcdef", 5, "abcd…"},
		{"cut at a space", "abc def", 5, "abc…"},
		{"blank tail is not length", "abcde   ", 5, "abcde"},
		{"one", "abc", 1, "…"},
		{"none", "abc", 0, ""},
		{"negative", "abc", -1, ""},
		{"empty", "", 5, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := CleanText(tt.in, tt.max); got != tt.want {
				t.Errorf("CleanText(%q, %d) = %q, want %q", tt.in, tt.max, got, tt.want)
			}
		})
	}
}

func FuzzCleanText(f *testing.F) {
	f.Add("Ada", 10)
	f.Add("\x1b[2J\u202e\u200b\ue000\xff\u0301\u2029x", 6)
	f.Add(strings.Repeat("a\u0300", 40), 17)
	f.Add("0", -39)
	f.Fuzz(func(t *testing.T, s string, max int) {
		got := CleanText(s, max)
		if !utf8.ValidString(got) {
			t.Fatalf("%q is not UTF-8", got)
		}
		if n := utf8.RuneCountInString(got); n > 0 && n > max {
			t.Fatalf("%q has %d runes, want at most %d", got, n, max)
		}
		checkRunes(t, got)
		if again := CleanText(got, max); again != got {
			t.Fatalf("cleaning %q again gives %q", got, again)
		}
	})
}

// checkRunes spells out what must not survive, independently of how it is removed.
func checkRunes(t *testing.T, s string) {
	t.Helper()
	marks, blank := maxMarks, true // as if a blank stood before the text
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.C, unicode.Zl, unicode.Zp, unicode.Bidi_Control, unicode.Join_Control,
			unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point):
			t.Fatalf("%q: %U survived", s, r)
		case !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Zs):
			t.Fatalf("%q: %U is not assigned", s, r)
		case unicode.IsSpace(r) && (r != ' ' || blank):
			t.Fatalf("%q: %U after a blank, or not a plain space", s, r)
		case unicode.IsMark(r):
			if marks++; blank || marks > maxMarks {
				t.Fatalf("%q: %U is one mark too many", s, r)
			}
		default:
			marks = 0
		}
		blank = r == ' '
	}
	if blank && s != "" {
		t.Fatalf("%q ends in a blank", s)
	}
}

func BenchmarkCleanText(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		CleanText("Grace Hopper: the most dangerous phrase is “we have always done it this way”", 200)
	}
}
