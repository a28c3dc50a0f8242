package media

import (
	"image"
	"image/color"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// A weight is one of the cuts of the Go fonts.
type weight int

const (
	regular weight = iota
	medium
)

// goFonts are the parsed cuts, by weight.
var goFonts = sync.OnceValue(func() [2]*opentype.Font {
	var fonts [2]*opentype.Font
	for i, ttf := range [2][]byte{goregular.TTF, gomedium.TTF} {
		f, err := opentype.Parse(ttf)
		if err != nil {
			panic("media: built-in font: " + err.Error()) // it is part of this program
		}
		fonts[i] = f
	}
	return fonts
})

// typefaces opens each cut at each size once. It is used by one goroutine.
type typefaces struct {
	open   map[typefaceKey]*typeface
	system systemFonts
}

type typefaceKey struct {
	weight weight
	size   int // pixels
}

// maxTypefaces bounds what resizing a window through all sizes leaves behind; a
// scene needs less than ten.
const maxTypefaces = 32

func (t *typefaces) face(w weight, size int) *typeface {
	key := typefaceKey{w, size}
	if f := t.open[key]; f != nil {
		return f
	}
	if t.open == nil || len(t.open) >= maxTypefaces {
		t.open = make(map[typefaceKey]*typeface)
	}
	f := &typeface{Face: openFace(goFonts()[w], size), cut: goFonts()[w], size: size, system: &t.system}
	t.open[key] = f
	return f
}

// A typeface is one cut at one size. What the Go fonts lack, all but Latin, Greek
// and Cyrillic, it takes from fonts of the system.
type typeface struct {
	font.Face // of the cut itself
	cut       *opentype.Font
	size      int
	system    *systemFonts
	others    map[*opentype.Font]font.Face // of the system's fonts used so far
}

func openFace(cut *opentype.Font, size int) font.Face {
	// 72 dots per inch make a point a pixel.
	f, err := opentype.NewFace(cut, &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic("media: font of " + err.Error()) // only options can be wrong
	}
	return f
}

// forRune is the face that has r; the Go font, which then draws a box, if none has.
func (t *typeface) forRune(r rune) font.Face {
	if hasGlyph(t.cut, r) {
		return t.Face
	}
	other := t.system.having(r)
	if other == nil {
		return t.Face
	}
	if t.others[other] == nil {
		if t.others == nil {
			t.others = make(map[*opentype.Font]font.Face)
		}
		t.others[other] = openFace(other, t.size)
	}
	return t.others[other]
}

// has says whether all of s can be written.
func (t *typeface) has(s string) bool {
	for _, r := range s {
		if !hasGlyph(t.cut, r) && t.system.having(r) == nil {
			return false
		}
	}
	return true
}

func hasGlyph(f *opentype.Font, r rune) bool {
	i, err := f.GlyphIndex(nil, r)
	return err == nil && i != 0
}

// Glyph implements font.Face, as do the next three.
func (t *typeface) Glyph(dot fixed.Point26_6, r rune) (image.Rectangle, image.Image, image.Point, fixed.Int26_6, bool) {
	return t.forRune(r).Glyph(dot, r)
}

func (t *typeface) GlyphBounds(r rune) (fixed.Rectangle26_6, fixed.Int26_6, bool) {
	return t.forRune(r).GlyphBounds(r)
}

func (t *typeface) GlyphAdvance(r rune) (fixed.Int26_6, bool) { return t.forRune(r).GlyphAdvance(r) }

func (t *typeface) Kern(a, b rune) fixed.Int26_6 {
	if f := t.forRune(a); f == t.forRune(b) {
		return f.Kern(a, b)
	}
	return 0
}

// width is the advance of s in whole pixels.
func (t *typeface) width(s string) int { return font.MeasureString(t, s).Ceil() }

// capHeight is how tall an H is, in pixels: what text is centred by.
func (t *typeface) capHeight() int {
	b, _, _ := t.Face.GlyphBounds('H')
	return (b.Max.Y - b.Min.Y).Round()
}

// write draws s in one colour, from x on, its capitals centred on the line y.
func (t *typeface) write(dst *image.RGBA, s string, x, y int, paint color.Color) {
	d := font.Drawer{Dst: dst, Src: image.NewUniform(paint), Face: t, Dot: fixed.P(x, y+(t.capHeight()+1)/2)}
	d.DrawString(s)
}
