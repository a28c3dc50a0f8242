package media

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// A cell is one place of a terminal's grid. Its colours are those of the palette
// in use: see palette.
type cell struct {
	text   string // one grapheme cluster; "" to the right of a wide one
	fg, bg colour
}

// halfBlock has its upper half in the foreground, its lower in the background:
// two pixels in a cell.
const halfBlock = "▀"

// isPicture says whether c shows two pixels, not text.
func (c *cell) isPicture() bool { return c.text == halfBlock }

// A screen is a grid of cells, row by row.
type screen struct {
	w, h  int
	cells []cell
}

// reset makes s a grid of w by h blank cells.
func (s *screen) reset(w, h int, blank cell) {
	if cap(s.cells) < w*h {
		s.cells = make([]cell, w*h)
	}
	s.w, s.h, s.cells = w, h, s.cells[:w*h]
	for i := range s.cells {
		s.cells[i] = blank
	}
}

// row returns the cells of row y, or none.
func (s *screen) row(y int) []cell {
	if y < 0 || y >= s.h {
		return nil
	}
	return s.cells[y*s.w : (y+1)*s.w]
}

// claim readies cells x0 to x1 of a row for being overwritten: of wide characters
// across their borders the other half becomes blank.
func claim(row []cell, x0, x1 int) {
	if x0 > 0 && row[x0].text == "" {
		row[x0-1].text = " "
	}
	if x1 < len(row) && row[x1].text == "" {
		row[x1].text = " "
	}
}

// A region is a part of a screen, in cells.
type region struct{ x, y, w, h int }

// fill blanks a region.
func (s *screen) fill(r region, blank cell) {
	x0, x1 := max(r.x, 0), min(r.x+r.w, s.w)
	for y := max(r.y, 0); y < min(r.y+r.h, s.h) && x0 < x1; y++ {
		row := s.row(y)
		claim(row, x0, x1)
		for x := x0; x < x1; x++ {
			row[x] = blank
		}
	}
}

// print writes text from x on in row y, as far as limit (exclusive), and returns
// where it ended. Text that does not fit ends in an ellipsis.
func (s *screen) print(x, y, limit int, text string, fg, bg colour) int {
	limit = min(limit, s.w)
	row := s.row(y)
	if row == nil || x < 0 {
		return x
	}
	cut := x+textWidth(text) > limit
	if cut {
		limit--
	}
	for len(text) > 0 {
		var cluster string
		var width int
		cluster, width, text = nextCluster(text)
		if x+width > limit {
			break
		}
		if width > 0 {
			claim(row, x, x+width)
			row[x] = cell{cluster, fg, bg}
			for i := 1; i < width; i++ {
				row[x+i] = cell{"", fg, bg}
			}
			x += width
		}
	}
	if cut && limit >= 0 && x <= limit {
		claim(row, x, x+1)
		row[x] = cell{"…", fg, bg}
		x++
	}
	return x
}

// textWidth is how many cells print uses for text.
func textWidth(text string) int {
	n := 0
	for len(text) > 0 {
		var width int
		_, width, text = nextCluster(text)
		n += width
	}
	return n
}

// nextCluster takes the first grapheme cluster off text. One that holds anything
// but visible runes gives way to a blank: no control character comes further.
func nextCluster(text string) (cluster string, width int, rest string) {
	if b := text[0]; b < 0x7f && (len(text) == 1 || text[1] < 0x80) { // ASCII alone
		if b < ' ' {
			return " ", 1, text[1:]
		}
		return text[:1], 1, text[1:]
	}
	cluster, width = ansi.FirstGraphemeCluster(text, ansi.GraphemeWidth)
	rest = text[len(cluster):]
	if strings.ContainsFunc(cluster, isUnprintable) {
		return " ", 1, rest
	}
	return cluster, width, rest
}

func isUnprintable(r rune) bool { return r != ' ' && !isVisible(r) }
