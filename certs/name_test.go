package certs

import (
	"errors"
	"strings"
	"testing"
	"unicode"
)

func TestCleanName(t *testing.T) {
	for in, want := range map[string]string{
		"alice":                  "alice",
		"  Aunt  Mary ":          "Aunt-Mary",
		"o'neil":                 "o'neil",
		"alice+work@example.org": "alice+work@example.org",
		"Зоя":                    "Зоя",
		"नमिता":                  "नमिता",
		"3rd-floor":              "3rd-floor",
		"a\tb\nc":                "a-b-c",
		strings.Repeat("é", 48):  strings.Repeat("é", 48),
	} {
		if got, err := CleanName(in); err != nil || got != want {
			t.Errorf("CleanName(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestCleanNameRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"empty":            "",
		"spaces":           " \t\n",
		"too long":         strings.Repeat("a", 49),
		"endless":          strings.Repeat("a", 1<<20),
		"a flag":           "--help",
		"a comment":        "#alice",
		"an address":       "alice:7728",
		"a path":           "../alice",
		"escape":           "ali\x1b[2Jce",
		"newline in UTF-8": "ali\u0085\u2028ce\u2029\u0000",
		"bidi override":    "ali\u202ece",
		"zero width":       "ali\u200bce",
		"joiner":           "ali\u200dce",
		"invisible letter": "ali\u3164ce",
		"invisible mark":   "ali\u034fce",
		"variation":        "ali\ufe0fce",
		"tower of accents": "a" + strings.Repeat("\u0301", 4),
		"not UTF-8":        "ali\xffce",
		"peer ID":          goldenID,
		"ticket":           "Prattle1abc",
		"quotes":           `ali"ce`,
		"shell":            "ali$(id)ce",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := CleanName(in)
			if !errors.Is(err, ErrBadName) {
				t.Errorf("CleanName(%q) = %q, %v", in, got, err)
			}
			wantPlain(t, err.Error())
		})
	}
}

// wantPlain fails if s holds a character that a terminal could act on.
func wantPlain(t testing.TB, s string) {
	t.Helper()
	if i := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }); i >= 0 {
		t.Errorf("%q has %q in it", s, s[i:])
	}
}

func TestFoldName(t *testing.T) {
	for _, same := range [][]string{
		{"alice", "ALICE", "aLiCe"},
		{"kate", "KATE", "\u212aate"},
		{"s", "S", "\u017f"},
		{"ΣΟΦΟΣ", "σοφος", "σοφος"[:8] + "ς"},
		{"зоя", "ЗОЯ"},
	} {
		for _, name := range same[1:] {
			if foldName(name) != foldName(same[0]) {
				t.Errorf("%q and %q are taken for two names", name, same[0])
			}
		}
	}
	if foldName("alice") == foldName("alicia") {
		t.Error("two names are taken for one")
	}
}

func FuzzCleanName(f *testing.F) {
	f.Add("alice")
	f.Add("Aunt Mary")
	f.Add("\u202e\x1b[0m")
	f.Add("\xff\u3164")
	f.Fuzz(func(t *testing.T, s string) {
		name, err := CleanName(s)
		if err != nil {
			wantPlain(t, err.Error())
			return
		}
		wantPlain(t, name)
		if again, err := CleanName(name); err != nil || again != name {
			t.Errorf("%q is cleaned to %q, and that to %q, %v", s, name, again, err)
		}
		if strings.ContainsFunc(name, unicode.IsSpace) || strings.ContainsAny(name, "#=:/") {
			t.Errorf("%q does not fit a line of the known peers", name)
		}
		if foldName(foldName(name)) != foldName(name) {
			t.Errorf("folding %q twice is not folding once", name)
		}
	})
}
