package media

import "unicode/utf8"

// A keyParser finds the keys in the bytes that a terminal sends. Escape sequences
// that it does not know are swallowed whole (ECMA-48 says where they end),
// whatever the pieces they come in.
type keyParser struct {
	state keyState
	param int  // the first parameter of a control sequence
	more  bool // there was a second parameter
	paste bool // between the marks of a bracketed paste

	partial [utf8.UTFMax]byte // of a character
	n       int
}

type keyState uint8

const (
	keyGround   keyState = iota
	keyEscape            // ESC
	keyControl           // ESC [
	keyLinuxFn           // ESC [ [, as the Linux console's F1 to F5 begin
	keyShift3            // ESC O
	keyString            // ESC ] P ^ _ X, up to ST or BEL
	keyStringST          // ESC within those
)

// feed takes a byte and returns the key that it completes, or keyNone.
func (p *keyParser) feed(b byte) key {
	switch {
	case b == 0x1b && p.state != keyString:
		return p.escape()
	case b == 0x18 || b == 0x1a: // CAN and SUB break off any sequence
		p.state, p.n = keyGround, 0
		return keyNone
	case b == 'C'-'@': // so does Ctrl-C: whatever the terminal sends, a person gets out
		p.state = keyGround
	}
	switch p.state {
	case keyEscape:
		p.afterEscape(b)
		return keyNone
	case keyControl:
		return p.control(b)
	case keyShift3:
		p.state = keyGround
		return p.outsidePaste(functionKey(b, 0))
	case keyLinuxFn:
		p.state = keyGround
		return keyNone
	case keyString:
		p.inString(b)
		return keyNone
	case keyStringST:
		if p.state = keyGround; b != '\\' { // it was not ST, but cut the string off
			p.afterEscape(b)
		}
		return keyNone
	}
	if b < 0x20 || b == 0x7f {
		p.n = 0
		return p.controlCharacter(b)
	}
	return p.character(b)
}

// pending says whether more bytes are to be waited for, though not for long.
func (p *keyParser) pending() bool { return p.state != keyGround }

// timeout ends the wait: an ESC alone was the key.
func (p *keyParser) timeout() key {
	before := p.state
	p.state = keyGround
	if before == keyEscape {
		return p.outsidePaste(keyEsc)
	}
	return keyNone
}

// escape begins a sequence; a second ESC in a row tells that the first was the key.
func (p *keyParser) escape() key {
	before := p.state
	p.state, p.n = keyEscape, 0
	if before == keyEscape {
		return p.outsidePaste(keyEsc)
	}
	return keyNone
}

func (p *keyParser) afterEscape(b byte) {
	switch b {
	case '[':
		p.state, p.param, p.more = keyControl, 0, false
	case 'O':
		p.state = keyShift3
	case ']', 'P', '^', '_', 'X':
		p.state = keyString
	default: // a key with Alt
		p.state = keyGround
	}
}

// control takes a byte of a control sequence: parameters, then a final byte.
func (p *keyParser) control(b byte) key {
	switch {
	case b >= '0' && b <= '9':
		if !p.more {
			p.param = min(p.param*10+int(b-'0'), 1000)
		}
		return keyNone
	case b == ';':
		p.more = true
		return keyNone
	case b == '[':
		p.state = keyLinuxFn
		return keyNone
	case b < 0x40 || b > 0x7e: // other parameters, intermediate bytes, strays
		return keyNone
	}
	p.state = keyGround
	if b == '~' && (p.param == 200 || p.param == 201) {
		p.paste = p.param == 200
		return keyNone
	}
	return p.outsidePaste(functionKey(b, p.param))
}

// functionKey names the key of a sequence with a final byte and a parameter.
func functionKey(final byte, param int) key {
	if final == '~' {
		switch param {
		case 1, 7:
			return keyHome
		case 3:
			return keyDelete
		case 4, 8:
			return keyEnd
		}
		return keyNone
	}
	switch final {
	case 'C':
		return keyRight
	case 'D':
		return keyLeft
	case 'F':
		return keyEnd
	case 'H':
		return keyHome
	}
	return keyNone
}

func (p *keyParser) inString(b byte) {
	const bel = 0x07
	switch b {
	case bel:
		p.state = keyGround
	case 0x1b:
		p.state = keyStringST
	}
}

// outsidePaste is k, unless it is part of pasted text, which has no keys but characters.
func (p *keyParser) outsidePaste(k key) key {
	if p.paste {
		return keyNone
	}
	return k
}

// controlCharacter names the key of a byte below space, or of DEL.
func (p *keyParser) controlCharacter(b byte) key {
	if p.paste {
		switch b {
		case '\r', '\n', '\t':
			return ' '
		case 'C' - '@':
			p.paste = false
		}
		return keyNone
	}
	switch b {
	case '\r', '\n':
		return keyEnter
	case 0x7f, 0x08:
		return keyBackspace
	case 'A' - '@':
		return keyHome
	case 'C' - '@':
		return keyInterrupt
	case 'D' - '@':
		return keyEndOfInput
	case 'E' - '@':
		return keyEnd
	case 'K' - '@':
		return keyKillRest
	case 'L' - '@':
		return keyRedraw
	case 'U' - '@':
		return keyKillLine
	case 'W' - '@':
		return keyKillWord
	}
	return keyNone
}

// character takes a byte of UTF-8.
func (p *keyParser) character(b byte) key {
	if utf8.RuneStart(b) {
		p.n = 0
	}
	if p.n == len(p.partial) {
		return keyNone
	}
	p.partial[p.n] = b
	p.n++
	if !utf8.FullRune(p.partial[:p.n]) {
		return keyNone
	}
	r, _ := utf8.DecodeRune(p.partial[:p.n])
	p.n = 0
	if r != ' ' && !isVisible(r) {
		return keyNone
	}
	return key(r)
}
