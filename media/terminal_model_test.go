package media

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// A terminalModel is a terminal as far as the view uses one. What it does not know
// fails the test: nothing else may be sent.
type terminalModel struct {
	t       *testing.T
	palette palette
	screen
	x, y   int
	fg, bg colour
	modes  map[string]bool // the private ones, "2026"
	title  string
	bytes  int
}

func newTerminalModel(t *testing.T, w, h int, p palette) *terminalModel {
	m := &terminalModel{t: t, palette: p, modes: map[string]bool{"25": true, "7": true}}
	m.reset(w, h, cell{text: "#"}) // not blank: the view does not know what was there
	return m
}

func (m *terminalModel) feed(s string) {
	m.t.Helper()
	m.bytes += len(s)
	for s != "" {
		switch {
		case strings.HasPrefix(s, "\x1b["):
			end := strings.IndexFunc(s[2:], func(r rune) bool { return r >= 0x40 && r <= 0x7e })
			if end < 0 {
				m.t.Fatalf("%q is not a whole sequence", s)
			}
			m.control(s[2:2+end], s[2+end])
			s = s[3+end:]
		case strings.HasPrefix(s, "\x1b]2;"):
			title, rest, _ := strings.Cut(s[4:], "\x1b\\")
			m.title, s = title, rest
		case strings.HasPrefix(s, "\x1b\\"):
			s = s[2:]
		case s[0] < ' ' || s[0] == 0x7f:
			m.t.Fatalf("control character %q before %.20q", s[0], s)
		default:
			var width int
			var cluster string
			cluster, width, s = nextCluster(s)
			m.put(cluster, width)
		}
	}
}

func (m *terminalModel) put(cluster string, width int) {
	if m.x+width > m.w || m.y >= m.h || width < 1 {
		m.t.Fatalf("%q of width %d at %d, %d on a screen of %dx%d", cluster, width, m.x, m.y, m.w, m.h)
	}
	row := m.row(m.y)
	// What is left of a wide character that is overwritten is blank.
	if row[m.x].text == "" && m.x > 0 {
		row[m.x-1].text = " "
	}
	for i := range width {
		row[m.x+i] = cell{"", m.fg, m.bg}
	}
	row[m.x].text = cluster
	if m.x += width; m.x < m.w && row[m.x].text == "" {
		row[m.x].text = " "
	}
}

func (m *terminalModel) control(params string, final byte) {
	switch {
	case final == 'H':
		if n, _ := fmt.Sscanf(params, "%d;%d", &m.y, &m.x); n != 2 || m.x < 1 || m.y < 1 || m.x > m.w || m.y > m.h {
			m.t.Fatalf("move to %q on a screen of %dx%d", params, m.w, m.h)
		}
		m.x, m.y = m.x-1, m.y-1
	case final == 'J' && params == "2":
		m.reset(m.w, m.h, cell{" ", m.fg, m.bg})
	case final == 'm':
		m.colours(params)
	case (final == 'h' || final == 'l') && strings.HasPrefix(params, "?"):
		m.modes[params[1:]] = final == 'h'
	case final == 't':
	default:
		m.t.Fatalf("sequence %q%c", params, final)
	}
}

func (m *terminalModel) colours(params string) {
	if params == "0" {
		m.fg, m.bg = 0, 0
		return
	}
	var n []int
	for _, p := range strings.Split(params, ";") {
		v, err := strconv.Atoi(p)
		if err != nil || v > 255 {
			m.t.Fatalf("colours %q", params)
		}
		n = append(n, v)
	}
	for len(n) > 0 {
		var c colour
		which := n[0]
		switch {
		case len(n) >= 5 && n[1] == 2 && m.palette == trueColour:
			c, n = rgb(byte(n[2]), byte(n[3]), byte(n[4])), n[5:]
		case len(n) >= 3 && n[1] == 5 && m.palette == colours256:
			c, n = colour(n[2]), n[3:]
		default:
			m.t.Fatalf("colours %q", params)
		}
		switch which {
		case 38:
			m.fg = c
		case 48:
			m.bg = c
		default:
			m.t.Fatalf("colours %q", params)
		}
	}
}

// text is row y as a person reads it.
func (m *terminalModel) text(y int) string {
	var b strings.Builder
	for _, c := range m.row(y) {
		b.WriteString(c.text)
	}
	return b.String()
}

func (m *terminalModel) String() string {
	var b strings.Builder
	for y := range m.h {
		b.WriteString(strings.ReplaceAll(m.text(y), halfBlock, "."))
		b.WriteByte('\n')
	}
	return b.String()
}

// pixels are the two colours of the cell at x, y.
func (m *terminalModel) pixels(x, y int) (upper, lower colour) {
	c := m.row(y)[x]
	if c.text == " " {
		return c.bg, c.bg
	}
	return c.fg, c.bg
}

// check wants the model to show s.
func (m *terminalModel) check(s *screen) {
	m.t.Helper()
	for i, want := range s.cells {
		got := m.cells[i]
		x, y := i%s.w, i/s.w
		if want.isPicture() {
			upper, lower := m.pixels(x, y)
			if !m.palette.near(upper, want.fg) || !m.palette.near(lower, want.bg) {
				m.t.Fatalf("pixels at %d, %d: %06x over %06x, want %06x over %06x", x, y, upper, lower, want.fg, want.bg)
			}
		} else if got.text != want.text || want.text != "" && (got.bg != want.bg || got.text != " " && got.fg != want.fg) {
			m.t.Fatalf("cell %d, %d: %q %06x on %06x, want %q %06x on %06x", x, y, got.text, got.fg, got.bg, want.text, want.fg, want.bg)
		}
	}
}
