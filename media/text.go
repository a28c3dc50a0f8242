package media

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks bounds the combining marks on one base character: no living
// orthography needs more, and a hundred of them climb over the lines above.
const maxMarks = 4

// CleanText makes text that came from somebody else fit to be shown: every
// name, chat line and reason passes through it before it reaches a terminal, a
// window or a log.
//
// What is left is visible: letters, numbers, marks, punctuation, symbols and
// single spaces. Removed are control and escape characters, format characters
// (among them all that change the direction of the text around them or take no
// space), private and unassigned code points, and bytes that are not UTF-8.
// Line breaks and other white space become one space, none at either end. Marks
// stay on a base only, and not in towers. The result has at most max runes; a
// longer text ends in an ellipsis.
func CleanText(s string, max int) string {
	if max <= 0 {
		return ""
	}
	var c cleaner
	for _, r := range s {
		if c.add(r); c.runes > max {
			return c.cut(max)
		}
	}
	return c.text.String()
}

// A cleaner collects what may be shown.
type cleaner struct {
	text  strings.Builder
	runes int
	space bool // white space is owed before the next rune
	marks int  // further marks that the last base may carry
}

func (c *cleaner) add(r rune) {
	switch {
	case isBlank(r):
		c.space, c.marks = c.runes > 0, 0
	case !isVisible(r):
	case unicode.IsMark(r):
		if c.marks > 0 {
			c.marks--
			c.write(r)
		}
	default:
		if c.space {
			c.space = false
			c.write(' ')
		}
		c.marks = maxMarks
		c.write(r)
	}
}

func (c *cleaner) write(r rune) {
	c.text.WriteRune(r)
	c.runes++
}

// cut shortens what was collected to max runes, of which the last is an ellipsis.
func (c *cleaner) cut(max int) string {
	s := c.text.String()
	for ; c.runes >= max; c.runes-- {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return strings.TrimSuffix(s, " ") + "…"
}

// isBlank says whether r parts words. U+2800 is the Braille pattern without dots.
func isBlank(r rune) bool { return unicode.IsSpace(r) || r == '\u2800' }

// isVisible says whether r leaves a trace of its own. IsGraphic rules out
// the categories C (control, format, surrogate, private, unassigned), Zl and Zp; the two
// properties rule out the fillers and variation selectors among letters and marks.
func isVisible(r rune) bool {
	return r != utf8.RuneError && unicode.IsGraphic(r) &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
