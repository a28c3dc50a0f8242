package media

import (
	"slices"
	"strings"
	"testing"
)

func keysOf(p *keyParser, input string) (keys []key) {
	for _, b := range []byte(input) {
		if k := p.feed(b); k != keyNone {
			keys = append(keys, k)
		}
	}
	return keys
}

func runes(s string) (keys []key) {
	for _, r := range s {
		keys = append(keys, key(r))
	}
	return keys
}

func TestKeyParser(t *testing.T) {
	tests := []struct {
		name, input string
		want        []key
	}{
		{"text", "a é漢👍", runes("a é漢👍")},
		{"Enter", "x\r", []key{'x', keyEnter}},
		{"line feed", "\n", []key{keyEnter}},
		{"backspace", "\x7f\x08", []key{keyBackspace, keyBackspace}},
		{"control keys", "\x01\x03\x04\x05\x0b\x0c\x15\x17", []key{keyHome, keyInterrupt, keyEndOfInput, keyEnd, keyKillRest, keyRedraw, keyKillLine, keyKillWord}},
		{"others mean nothing", "\x00\x02\x07\t\x0e\x1c\x1d\x1e\x1f", nil},
		{"arrows", "\x1b[A\x1b[B\x1b[C\x1b[D", []key{keyRight, keyLeft}},
		{"arrows of the keypad", "\x1bOA\x1bOC\x1bOD\x1bOH\x1bOF", []key{keyRight, keyLeft, keyHome, keyEnd}},
		{"arrow with Shift", "\x1b[1;2C", []key{keyRight}},
		{"Home, End, Delete", "\x1b[1~\x1b[7~\x1b[H\x1b[4~\x1b[8~\x1b[F\x1b[3~\x1b[2~", []key{keyHome, keyHome, keyHome, keyEnd, keyEnd, keyEnd, keyDelete}},
		{"function keys", "\x1bOP\x1b[11~\x1b[[Ax\x1b[24;5~y", runes("xy")},
		{"focus, cursor, mouse", "\x1b[I\x1b[O\x1b[12;40R\x1b[<0;10;20Ma", runes("a")},
		{"replies of the terminal", "\x1b[?62;4c\x1b]11;rgb:00/00/00\x1b\\\x1bP>|tmux\x1b\\\x1b]4;1\ab", runes("b")},
		{"string cut off by a sequence", "\x1b]0;x\x1b[Cb", []key{keyRight, 'b'}},
		{"Alt and a letter", "\x1bfa", runes("a")},
		{"ESC twice", "\x1b\x1b[C", []key{keyEsc, keyRight}},
		{"paste", "\x1b[200~two\r\nlines\x1b[C\x1b!\t\x1b[201~x\r", append(runes("two  lines x"), keyEnter)},
		{"Ctrl-C in a paste ends it", "\x1b[200~a\x03\x1b[C", []key{'a', keyRight}},
		{"paste of an escape", "\x1b[200~\x1b]0;x\x1b[201~\x03", []key{keyInterrupt}},
		{"Ctrl-C in a sequence", "\x1b]0;x\x03\x1b[1\x03", []key{keyInterrupt, keyInterrupt}},
		{"broken off", "\x1b[1\x18a\x1b]0\x1ab", runes("ab")},
		{"control character within", "\x1b[1\r2Ca", []key{keyRight, 'a'}},
		{"not UTF-8", "a\xffb\xc3(\xe2\x82c\x80\xf5", runes("ab(c")},
		{"C1", "\xc2\x9b2Ja", runes("2Ja")},
		{"invisible", "a\u202e\u200b\ufeffb", runes("ab")},
		{"long parameters", "\x1b[" + strings.Repeat("9", 1000) + "~a", runes("a")},
	}
	for _, tt := range tests {
		var p keyParser
		got := keysOf(&p, tt.input)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if p.pending() {
			t.Errorf("%s: more is expected", tt.name)
		}
	}
}

func TestKeyParserTimeout(t *testing.T) {
	tests := []struct {
		input string
		want  key
	}{
		{"\x1b", keyEsc}, {"\x1b[", keyNone}, {"\x1b[1;", keyNone}, {"\x1bO", keyNone},
		{"\x1b]x", keyNone}, {"\x1b[[", keyNone}, {"\x1b[200~\x1b", keyNone},
	}
	for _, tt := range tests {
		var p keyParser
		if keys := keysOf(&p, tt.input); len(keys) > 0 || !p.pending() {
			t.Errorf("%q gives %q at once", tt.input, keys)
		}
		if got := p.timeout(); got != tt.want || p.pending() {
			t.Errorf("%q and nothing: %d, want %d", tt.input, got, tt.want)
		}
		if got := p.feed('a'); got != 'a' {
			t.Errorf("%q, nothing, a: %d, want a", tt.input, got)
		}
	}
}

func FuzzKeyParser(f *testing.F) {
	f.Add("hello\r\x1b[A\x1b[200~x\x1b[201~\x1bOP\x1b]0;x\a\xc3\xa9")
	f.Fuzz(func(t *testing.T, input string) {
		var p keyParser
		var line lineEditor
		for _, k := range append(keysOf(&p, input), p.timeout()) {
			if k >= 0 && k != ' ' && !isVisible(rune(k)) || k < keyEsc {
				t.Fatalf("%q gives the key %d", input, k)
			}
			line.press(k)
		}
		if n := line.hidden(10); n > line.cursor || line.cursor > len(line.text) || len(line.text) > maxLine {
			t.Fatalf("%q: line of %d bytes, cursor at %d, %d hidden", input, len(line.text), line.cursor, n)
		}
	})
}

func TestLineEditor(t *testing.T) {
	tests := []struct {
		name string
		keys []key
		want string // with the cursor as |
	}{
		{"typing", runes("aé漢"), "aé漢|"},
		{"insert", append(runes("ac"), keyLeft, 'b'), "ab|c"},
		{"backspace", append(runes("aé"), keyBackspace, keyBackspace, keyBackspace), "|"},
		{"delete", append(runes("a漢c"), keyHome, keyRight, keyDelete, keyDelete, keyDelete), "a|"},
		{"ends", append(runes("ab"), keyHome, 'x', keyEnd, 'y', keyRight), "xaby|"},
		{"left of the beginning", []key{keyLeft, 'a', keyHome, keyLeft}, "|a"},
		{"kill the line", append(runes("ab cd"), keyLeft, keyKillLine), "|d"},
		{"kill the rest", append(runes("ab cd"), keyHome, keyRight, keyKillRest), "a|"},
		{"kill a word", append(runes("ab cd  "), keyKillWord), "ab |"},
		{"kill both words", append(runes("ab cd"), keyKillWord, keyKillWord, keyKillWord), "|"},
		{"others", append(runes("a"), keyEsc, keyNone, keyInterrupt), "a|"},
	}
	for _, tt := range tests {
		var l lineEditor
		for _, k := range tt.keys {
			l.press(k)
		}
		if got := l.text[:l.cursor] + "|" + l.text[l.cursor:]; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	var l lineEditor
	for range 2 * maxLine {
		l.press('é')
	}
	if len(l.text) != maxLine {
		t.Errorf("a line grew to %d bytes, want %d", len(l.text), maxLine)
	}
	if s := l.take(); len(s) != maxLine || l.text != "" || l.cursor != 0 {
		t.Errorf("take leaves %q", l.text)
	}
}

func TestLineEditorHidden(t *testing.T) {
	l := lineEditor{text: "ab漢字cd", cursor: len("ab漢字c")}
	for width, want := range map[int]string{20: "ab漢字c", 7: "ab漢字c", 6: "b漢字c", 5: "漢字c", 4: "字c", 3: "字c", 2: "c", 1: "c", 0: ""} {
		if got := l.text[l.hidden(width):l.cursor]; got != want {
			t.Errorf("in %d cells %q is seen, want %q", width, got, want)
		}
	}
}
