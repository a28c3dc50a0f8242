package media

import (
	"strings"
	"unicode/utf8"
)

// A lineEditor is the line that is being typed.
type lineEditor struct {
	text   string
	cursor int // in bytes: before what lies there
}

// maxLine bounds a typed line, in bytes.
const maxLine = 2000

// A key is a visible character, or one of the constants below.
type key rune

// Keys that are no characters.
const (
	keyNone key = -1 - iota
	keyEnter
	keyBackspace
	keyDelete
	keyLeft
	keyRight
	keyHome
	keyEnd
	keyKillLine   // back to the beginning
	keyKillRest   // on to the end
	keyKillWord   // back to the beginning of the word
	keyInterrupt  // Ctrl-C
	keyEndOfInput // Ctrl-D
	keyRedraw     // Ctrl-L
	keyEsc
)

// press edits the line. It returns false for a key that means nothing to a line.
func (l *lineEditor) press(k key) bool {
	_, back := utf8.DecodeLastRuneInString(l.text[:l.cursor])
	_, ahead := utf8.DecodeRuneInString(l.text[l.cursor:])
	switch k {
	case keyBackspace:
		l.remove(l.cursor-back, l.cursor)
	case keyDelete:
		l.remove(l.cursor, l.cursor+ahead)
	case keyLeft:
		l.cursor -= back
	case keyRight:
		l.cursor += ahead
	case keyHome:
		l.cursor = 0
	case keyEnd:
		l.cursor = len(l.text)
	case keyKillLine:
		l.remove(0, l.cursor)
	case keyKillRest:
		l.remove(l.cursor, len(l.text))
	case keyKillWord:
		word := strings.TrimRight(l.text[:l.cursor], " ")
		l.remove(strings.LastIndexByte(word, ' ')+1, l.cursor)
	default:
		return k >= 0 && l.insert(string(rune(k)))
	}
	return true
}

func (l *lineEditor) insert(s string) bool {
	if len(l.text)+len(s) > maxLine {
		return false
	}
	l.text = l.text[:l.cursor] + s + l.text[l.cursor:]
	l.cursor += len(s)
	return true
}

// remove cuts the bytes from one place to another and leaves the cursor there.
func (l *lineEditor) remove(from, to int) {
	l.text = l.text[:from] + l.text[to:]
	l.cursor = from
}

// take returns the line and begins another.
func (l *lineEditor) take() string {
	s := l.text
	*l = lineEditor{}
	return s
}

// hidden is how many bytes at the beginning must be left out for the cursor to be
// seen within width cells.
func (l *lineEditor) hidden(width int) int {
	rest := l.text[:l.cursor]
	for used := textWidth(rest); used > width && rest != ""; {
		var w int
		_, w, rest = nextCluster(rest)
		used -= w
	}
	return l.cursor - len(rest)
}
