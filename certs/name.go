package certs

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName bounds a name, in characters. It is shorter than a peer ID, so that
// one can never pass for the other.
const maxName = 48

// maxMarks bounds the accents on one letter: more would draw over other lines.
const maxMarks = 3

// maxNameSource bounds the text that is looked at for a name, in bytes.
const maxNameSource = 4 * maxName * utf8.UTFMax

// ErrBadName is wrapped by CleanName.
var ErrBadName = errors.New("not usable as a name")

// CleanName makes a name fit for the known-peers file, the command line and the
// screen: it drops the spaces around it and joins words with a hyphen. What is
// left must be letters, digits, accents and . _ ' + @ - of any script, begin with
// a letter or digit, and not look like a ticket. So no name holds a control,
// escape, invisible or direction-changing character.
func CleanName(s string) (string, error) {
	if len(s) > maxNameSource {
		return "", fmt.Errorf("%w: %d bytes long", ErrBadName, len(s))
	}
	name := strings.Join(strings.Fields(s), "-")
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return "", fmt.Errorf("%w: it is empty", ErrBadName)
	case n > maxName:
		return "", fmt.Errorf("%w: %d characters, at most %d", ErrBadName, n, maxName)
	case strings.HasPrefix(foldName(name), ticketPrefix):
		return "", fmt.Errorf("%w: it looks like a ticket", ErrBadName)
	}
	marks := 0
	for i, r := range name {
		if marks++; !unicode.IsMark(r) {
			marks = 0
		}
		if !nameRune(r) {
			return "", fmt.Errorf("%w: it has %s in it", ErrBadName, quoteRune(r))
		}
		if marks > maxMarks {
			return "", fmt.Errorf("%w: more than %d accents on one letter", ErrBadName, maxMarks)
		}
		if i == 0 && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return "", fmt.Errorf("%w: it begins with %s", ErrBadName, quoteRune(r))
		}
	}
	return name, nil
}

// nameRune says whether r may be in a name. Some letters and marks are drawn as
// nothing (the Hangul fillers, variation selectors); two names could differ by
// them alone, so they may not.
func nameRune(r rune) bool {
	switch {
	case r == utf8.RuneError:
		return false
	case strings.ContainsRune("._'+@-", r):
		return true
	case unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return false
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd)
}

// quote writes foreign text so that no terminal acts on it, and not at length.
func quote(s string) string {
	const most = 40 // bytes
	if len(s) > most {
		return fmt.Sprintf("%+q...", s[:most])
	}
	return fmt.Sprintf("%+q", s)
}

// quoteRune is quote for one character.
func quoteRune(r rune) string {
	if r == utf8.RuneError {
		return "a byte that is no UTF-8"
	}
	return fmt.Sprintf("%+q", r)
}

// foldName maps names that differ only in case to one text: each character to
// the least of those that Unicode's simple folding takes for equal.
func foldName(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return unicode.ToLower(least)
	}, name)
}
