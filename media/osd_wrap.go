package media

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/image/math/fixed"
)

// fitting is the length in bytes of the longest beginning of s that is at most
// width pixels wide.
func (t *typeface) fitting(s string, width int) int {
	var x fixed.Int26_6
	before := rune(-1)
	for i, r := range s {
		if before >= 0 {
			x += t.Kern(before, r)
		}
		advance, _ := t.GlyphAdvance(r)
		if x += advance; x > fixed.I(width) {
			return i
		}
		before = r
	}
	return len(s)
}

// shorten cuts s so that it is at most width pixels wide, ending in an ellipsis
// if something is missing.
func (t *typeface) shorten(s string, width int) string {
	if t.fitting(s, width) == len(s) {
		return s
	}
	n := t.fitting(s, width-t.width("…"))
	return strings.TrimRight(s[:n], " ") + "…"
}

// wrap breaks s into at most maxLines lines of at most width pixels, between
// words where it can. The last one is shortened if there is more.
func (t *typeface) wrap(s string, width, maxLines int) []string {
	var lines []string
	for len(lines) < maxLines-1 && t.fitting(s, width) < len(s) {
		n := t.breakAt(s, width)
		lines = append(lines, strings.TrimRight(s[:n], " "))
		s = strings.TrimLeft(s[n:], " ")
	}
	return append(lines, t.shorten(s, width))
}

// breakAt is how much of s, which is wider than width, goes on one line: whole
// words, or as much as fits of the first, and one rune at least.
func (t *typeface) breakAt(s string, width int) int {
	n := t.fitting(s, width)
	// A space just behind what fits ends the last word that does.
	if space := strings.LastIndexByte(s[:n+1], ' '); space > 0 {
		return space
	}
	_, first := utf8.DecodeRuneInString(s)
	return max(n, first)
}

// wrapAfter is wrap for text whose first line begins indent pixels to the right.
func (t *typeface) wrapAfter(s string, indent, width, maxLines int) []string {
	if indent == 0 || t.fitting(s, width-indent) == len(s) {
		return t.wrap(s, width, maxLines)
	}
	n := t.breakAt(s, width-indent)
	rest := strings.TrimLeft(s[n:], " ")
	return append([]string{strings.TrimRight(s[:n], " ")}, t.wrap(rest, width, maxLines-1)...)
}
