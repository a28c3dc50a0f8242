package certs

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The file of known peers is text, one peer a line:
//
//	NAME PEER-ID [verified] [blocked] [at=HOST:PORT]... [via=[PEER-ID@]HOST:PORT]...   # comment
//
// at is where the peer itself is, via a rendezvous at which it can be found.
//
// Blank lines, comments and the order of lines belong to the user and survive
// every change. An unknown word is an error, since a mistyped "blocked" that was
// passed over would let the peer in; an unknown word=value is kept for a later
// version that knows it.

// headerLines begin a new file.
func headerLines() []*knownLine {
	return []*knownLine{
		{text: "# Known peers of Prattle, one a line; yours to edit:"},
		{text: "# NAME PEER-ID [verified] [blocked] [at=HOST:PORT]... [via=[PEER-ID@]HOST:PORT]..."},
	}
}

const (
	maxKnownSize = 1 << 20 // bytes: some ten thousand peers
	maxLater     = 16      // word=value pairs on a line that we do not know
)

// SyntaxError says where a file of known peers cannot be understood.
type SyntaxError struct {
	Line int // from 1
	Err  error
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns what is wrong with the line.
func (e *SyntaxError) Unwrap() error { return e.Err }

// knownLine is one line of the file; text is what the file has or will have.
type knownLine struct {
	text    string
	contact *Contact // nil: no peer on this line
	later   []string // word=value that we do not know
	comment string   // with its '#'
}

// ParseKnown reads the text of a file of known peers. Its errors are
// *SyntaxError or wrap ErrTooLarge.
func ParseKnown(text []byte) (*Known, error) {
	if len(text) > maxKnownSize {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, maxKnownSize)
	}
	k := new(Known)
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // some editors put one in front
	for s := range bytes.Lines(text) {
		l, err := parseKnownLine(strings.TrimSuffix(string(s), "\n"))
		if err == nil && l.contact != nil {
			err = k.unique(l.contact)
		}
		if err != nil {
			return nil, &SyntaxError{Line: len(k.lines) + 1, Err: err}
		}
		k.lines = append(k.lines, l)
		if l.contact != nil {
			k.index(l)
		}
	}
	return k, nil
}

// Text returns what the file should hold: unchanged lines as they were read.
func (k *Known) Text() []byte {
	var b bytes.Buffer
	for _, l := range k.lines {
		b.WriteString(l.text)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func (k *Known) unique(c *Contact) error {
	if l := k.byName[foldName(c.Name)]; l != nil {
		return fmt.Errorf("%w: %s", ErrNameTaken, l.contact.Name)
	}
	if l := k.byID[c.ID]; l != nil {
		return fmt.Errorf("%w: %s", ErrKeyTaken, l.contact.Name)
	}
	return nil
}

func parseKnownLine(text string) (*knownLine, error) {
	body, comment := cutComment(text)
	l := &knownLine{text: text, comment: comment}
	words := strings.Fields(body)
	switch len(words) {
	case 0:
		return l, nil
	case 1:
		return nil, fmt.Errorf("want NAME PEER-ID, got only %s", quote(words[0]))
	}
	name, err := CleanName(words[0])
	if err != nil {
		return nil, err
	}
	id, err := ParsePeerID(words[1])
	if err != nil {
		return nil, err
	}
	l.contact = &Contact{Name: name, ID: id}
	for _, word := range words[2:] {
		if err := l.parseWord(word); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// cutComment splits a line before the '#' that begins it or follows a space.
func cutComment(s string) (body, comment string) {
	for i, r := range s {
		if r == '#' {
			if before, _ := utf8.DecodeLastRuneInString(s[:i]); i == 0 || unicode.IsSpace(before) {
				return s[:i], s[i:]
			}
		}
	}
	return s, ""
}

func (l *knownLine) parseWord(word string) error {
	key, value, pair := strings.Cut(word, "=")
	switch {
	case word == "verified":
		l.contact.Verified = true
	case word == "blocked":
		l.contact.Blocked = true
	case !pair:
		return fmt.Errorf("unknown word %s (want verified, blocked, at=HOST:PORT or via=SERVER)", quote(word))
	case key == "at":
		if _, _, err := splitAddr(value); err != nil {
			return err
		}
		l.contact.Addrs = append(l.contact.Addrs, value)
	case key == "via":
		server, err := ParseServer(value)
		if err != nil {
			return err
		}
		l.contact.Servers = append(l.contact.Servers, server)
	default:
		l.later = append(l.later, word)
	}
	if len(l.contact.Addrs) > maxAddrs || len(l.contact.Servers) > maxServers || len(l.later) > maxLater {
		return errors.New("too many words")
	}
	return nil
}

// write renews the text of a line from the peer on it.
func (l *knownLine) write() {
	c := l.contact
	words := []string{c.Name, c.ID.String()}
	if c.Verified {
		words = append(words, "verified")
	}
	if c.Blocked {
		words = append(words, "blocked")
	}
	for _, addr := range c.Addrs {
		words = append(words, "at="+addr)
	}
	for _, server := range c.Servers {
		words = append(words, "via="+server.String())
	}
	words = append(words, l.later...)
	if l.comment != "" {
		words = append(words, " "+l.comment)
	}
	l.text = strings.Join(words, " ")
}
