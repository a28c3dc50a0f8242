package media

import (
	"image"
	"image/color"
	"strings"
)

// A statsCard shows figures in columns. Cells are parted by a tab or by two
// spaces at least; the first of a line is its label.
type statsCard struct {
	lines         string // parted by line feeds
	em            int
	width, height int // the most it may have
}

func (s statsCard) draw(t *typefaces) *image.RGBA {
	face := t.face(regular, s.em)
	pad, pitch, gap := s.em, scaled(s.em, 1.5), scaled(s.em, 1.2)
	lines := strings.Split(s.lines, "\n")
	lines = lines[:min(len(lines), max((s.height-2*pad)/pitch, 1))]
	rows := make([][]string, len(lines))
	for i, line := range lines {
		rows[i] = splitCells(line)
	}
	columns := columnStarts(face, rows, gap)
	width := min(columns[len(columns)-1]-gap+2*pad, s.width)
	img := newPlate(width, len(rows)*pitch+2*pad-s.em/3, float64(s.em)*0.9, colourCard)
	for i, row := range rows {
		for k, cell := range row {
			colour := colourText
			if k == 0 && len(row) > 1 {
				colour = colourFaint
			}
			cell = face.shorten(cell, width-pad-columns[k])
			face.write(img, cell, pad+columns[k], pad+i*pitch+s.em/2, colour)
		}
	}
	return img
}

// splitCells parts a line of statistics into its columns.
func splitCells(line string) []string {
	line = strings.ReplaceAll(line, "\t", "  ")
	var cells []string
	for _, cell := range strings.Split(line, "  ") {
		if cell = strings.TrimSpace(cell); cell != "" {
			cells = append(cells, cell)
		}
	}
	return cells
}

// columnStarts is where each column begins, gap pixels after the widest cell of
// the one before, and at the end where one more would. A line of a single cell
// has all the width and makes no column wider.
func columnStarts(face *typeface, rows [][]string, gap int) []int {
	starts := []int{0}
	for k := 0; ; k++ {
		widest := 0
		for _, row := range rows {
			if k < len(row) && len(row) > 1 {
				widest = max(widest, face.width(row[k]))
			}
		}
		if widest == 0 {
			break
		}
		starts = append(starts, starts[k]+widest+gap)
	}
	last := len(starts) - 1
	for _, row := range rows {
		if len(row) == 1 {
			starts[last] = max(starts[last], face.width(row[0])+gap)
		}
	}
	return starts
}

// A chatPlate is one message, its writer's name in a colour.
type chatPlate struct {
	text      string
	em, width int
	plate     color.NRGBA
}

// A message takes this many lines of the picture at most; all of it is in the
// terminal.
const maxChatLines = 3

func (c chatPlate) draw(t *typefaces) *image.RGBA {
	face, writerFace := t.face(regular, c.em), t.face(medium, c.em)
	padX, padY, pitch := scaled(c.em, 0.8), scaled(c.em, 0.45), scaled(c.em, 1.4)
	writer, text := splitWriter(c.text)
	inner := max(c.width-2*padX, 4*c.em)
	writer = writerFace.shorten(writer, inner/2)
	indent := 0
	if writer != "" {
		indent = writerFace.width(writer) + c.em/2
	}
	lines := face.wrapAfter(text, indent, inner, maxChatLines)
	widest := 0
	for i, line := range lines {
		x := 0
		if i == 0 {
			x = indent
		}
		widest = max(widest, x+face.width(line))
	}
	img := newPlate(widest+2*padX, len(lines)*pitch+2*padY, float64(c.em)*0.9, c.plate)
	writerFace.write(img, writer, padX, padY+pitch/2, colourWriter)
	for i, line := range lines {
		x := padX
		if i == 0 {
			x += indent
		}
		face.write(img, line, x, padY+i*pitch+pitch/2, colourText)
	}
	return img
}

// splitWriter parts "ana: hello" into the writer and the text. Lines without a
// writer are all text.
func splitWriter(line string) (writer, text string) {
	const longest = 48 // bytes; what comes later is a colon in the text
	i := strings.Index(line, ": ")
	if i <= 0 || i > longest {
		return "", line
	}
	return line[:i], line[i+2:]
}
