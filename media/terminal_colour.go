package media

import (
	"strconv"
	"strings"
)

// A colour is 0xRRGGBB or, in a palette of 256, an index into it.
type colour uint32

func rgb(r, g, b byte) colour { return colour(r)<<16 | colour(g)<<8 | colour(b) }

func (c colour) parts() (r, g, b int) { return int(c >> 16 & 255), int(c >> 8 & 255), int(c & 255) }

// A palette is the colours that a terminal can show.
type palette int

const (
	trueColour palette = iota
	colours256         // xterm's: 16 of its own, a cube of 6x6x6, 24 greys
)

// paletteOf guesses the palette from the environment.
func paletteOf(colorterm, term string) palette {
	if colorterm == "truecolor" || colorterm == "24bit" {
		return trueColour
	}
	// What comes through ssh without COLORTERM, but names itself.
	for _, name := range []string{"direct", "truecolor", "kitty", "alacritty", "ghostty", "wezterm", "foot", "contour", "iterm"} {
		if strings.Contains(term, name) {
			return trueColour
		}
	}
	return colours256
}

// nearest is the colour that comes next to c, which is 0xRRGGBB.
func (p palette) nearest(c colour) colour {
	if p == trueColour {
		return c
	}
	r, g, b := c.parts()
	return index256(r, g, b)
}

// dithered is nearest to r, g, b for a pixel at x, y: neighbours err in different
// directions, so that slopes do not turn into steps.
func (p palette) dithered(r, g, b, x, y int) colour {
	if p == trueColour {
		return colour(r<<16 | g<<8 | b)
	}
	const strength = 3 // the whole matrix spans a step of the cube
	d := strength * (int(bayer[y&3][x&3]) - 7)
	return index256(clampByte(r+d), clampByte(g+d), clampByte(b+d))
}

// bayer is the ordered dither matrix of 4x4.
var bayer = [4][4]int8{{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}}

func clampByte(v int) int { return min(max(v, 0), 255) }

// index256 finds the nearest colour of the cube or, for what has hardly any
// colour, of the greys.
func index256(r, g, b int) colour {
	const grey = 24 // the parts differ by less
	if max(r, g, b)-min(r, g, b) < grey {
		if step := ((r+g+b)/3 - 3) / 10; step < 24 {
			return colour(232 + max(step, 0))
		}
	}
	return colour(16 + 36*cubeStep(r) + 6*cubeStep(g) + cubeStep(b))
}

// cubeStep is the nearest of the cube's intensities 0, 95, 135, 175, 215, 255.
func cubeStep(v int) int {
	if v < 48 {
		return 0
	}
	return max((v-35)/40, 1)
}

// near says whether two colours differ by less than a person would see in a
// moving picture. Indices are near only to themselves.
func (p palette) near(a, b colour) bool {
	if a == b || p != trueColour {
		return a == b
	}
	const unseen = 4 // of 255, in each part
	ar, ag, ab := a.parts()
	br, bg, bb := b.parts()
	return within(ar-br, unseen) && within(ag-bg, unseen) && within(ab-bb, unseen)
}

func within(v, most int) bool { return v <= most && v >= -most }

// appendSGR appends the parameters that select c; kind is 38 for the
// foreground or 48 for the background.
func (p palette) appendSGR(b []byte, kind string, c colour) []byte {
	b = append(b, kind...)
	if p == colours256 {
		b = append(b, ";5;"...)
		return strconv.AppendUint(b, uint64(c), 10)
	}
	b = append(b, ";2;"...)
	b = strconv.AppendUint(b, uint64(c>>16&255), 10)
	b = append(b, ';')
	b = strconv.AppendUint(b, uint64(c>>8&255), 10)
	b = append(b, ';')
	return strconv.AppendUint(b, uint64(c&255), 10)
}
