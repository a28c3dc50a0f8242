package media

import (
	"image"
	"image/color"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The colours of the interface, not premultiplied.
var (
	colourWindow = color.RGBA{R: 0x0e, G: 0x10, B: 0x14, A: 0xff}
	colourTile   = color.RGBA{R: 0x1b, G: 0x1e, B: 0x25, A: 0xff}
	colourPlate  = color.NRGBA{R: 0x0b, G: 0x0d, B: 0x12, A: 0xb0} // white text on it is legible over white
	colourCard   = color.NRGBA{R: 0x12, G: 0x15, B: 0x1b, A: 0xec}
	colourKey    = color.NRGBA{R: 0xff, G: 0xff, B: 0xff, A: 0x1c}
	colourBorder = color.NRGBA{R: 0xff, G: 0xff, B: 0xff, A: 0x50}
	colourText   = color.NRGBA{R: 0xff, G: 0xff, B: 0xff, A: 0xf4}
	colourFaint  = color.NRGBA{R: 0xff, G: 0xff, B: 0xff, A: 0xa8}
	colourUnlit  = color.NRGBA{R: 0xff, G: 0xff, B: 0xff, A: 0x4c}
	colourRed    = color.NRGBA{R: 0xff, G: 0x6b, B: 0x61, A: 0xff}
	colourAmber  = color.NRGBA{R: 0xff, G: 0xbd, B: 0x4a, A: 0xff}
	colourWriter = color.NRGBA{R: 0x9c, G: 0xc4, B: 0xff, A: 0xff}
	colourSpeech = color.NRGBA{R: 0x45, G: 0xd4, B: 0x83, A: 0xff}
)

// platePad is the room beside the text on a plate, in text sizes.
const platePad = 0.8

// newPlate is a translucent rounded rectangle for text to stand on.
func newPlate(w, h int, radius float64, c color.Color) *image.RGBA {
	w, h = max(w, 1), max(h, 1)
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	paint(img, roundedMask(w, h, radius), image.Point{}, c)
	return img
}

// A namePlate names a person, with marks of what they switched off and of how
// good the link to them is.
type namePlate struct {
	name             string
	muted, cameraOff bool
	silenced, hand   bool
	quality          Quality
	em, width        int // width: the most it may have
}

// narrowPlate is the width, in text sizes, below which a plate leaves out how good
// the link is, for the sake of the name.
const narrowPlate = 9

func (n namePlate) draw(t *typefaces) *image.RGBA {
	face := t.face(medium, n.em)
	icons := n.icons()
	size := scaled(n.em, 1.2) // of icons
	pad, gap := scaled(n.em, platePad), scaled(n.em, 0.45)
	marks := len(icons) * (size + gap)
	if n.width < narrowPlate*n.em && n.name != "" {
		n.quality = QualityUnknown
	}
	if n.quality != QualityUnknown {
		marks += size + gap
	}
	name := face.shorten(n.name, max(n.width-2*pad-marks, n.em))
	w, h := 2*pad+marks+face.width(name), scaled(n.em, plateHeight)
	if name == "" {
		w -= gap
	}
	img := newPlate(w, h, float64(h)/2, colourPlate)
	at := image.Pt(pad, (h-size)/2)
	for _, i := range icons {
		paint(img, i.mask(size), at, i.colour())
		at.X += size + gap
	}
	face.write(img, name, at.X, h/2, colourText)
	if n.quality != QualityUnknown {
		drawBars(img, n.quality, image.Pt(w-pad-size, at.Y), size)
	}
	return img
}

func (n namePlate) icons() []icon {
	var icons []icon
	if n.muted {
		icons = append(icons, iconMicOff)
	}
	if n.cameraOff {
		icons = append(icons, iconCameraOff)
	}
	if n.silenced {
		icons = append(icons, iconSoundOff)
	}
	if n.hand {
		icons = append(icons, iconHand)
	}
	return icons
}

// drawBars shows q as the bars of a telephone do.
func drawBars(img *image.RGBA, q Quality, p image.Point, size int) {
	lit := colourText
	switch q {
	case QualityBad:
		lit = colourRed
	case QualityPoor:
		lit = colourAmber
	}
	for i := range qualityBars {
		c := colourUnlit
		if i < q.bars() {
			c = lit
		}
		paint(img, barMask(i, size), p, c)
	}
}

// A textPlate is one line of text on a plate: the status, a notice.
type textPlate struct {
	text      string
	weight    weight
	em, width int
}

func (p textPlate) draw(t *typefaces) *image.RGBA {
	face := t.face(p.weight, p.em)
	pad := scaled(p.em, platePad)
	text := face.shorten(p.text, max(p.width-2*pad, p.em))
	w, h := face.width(text)+2*pad, scaled(p.em, plateHeight)
	img := newPlate(w, h, float64(h)/2, colourPlate)
	face.write(img, text, pad, h/2, colourText)
	return img
}

// A caption is one line of text without a plate, for dark places.
type caption struct {
	text      string
	em, width int
}

func (c caption) draw(t *typefaces) *image.RGBA {
	face := t.face(regular, c.em)
	text := face.shorten(c.text, c.width)
	img := image.NewRGBA(image.Rect(0, 0, face.width(text)+1, scaled(c.em, 1.6)))
	face.write(img, text, 0, img.Rect.Dy()/2, colourFaint)
	return img
}

// An avatar stands for a person whose picture there is not.
type avatar struct {
	name     string
	diameter int
}

// avatarColours are told apart by hue; white reads well on all of them.
var avatarColours = []color.RGBA{
	{0x4f, 0x74, 0xd9, 0xff}, {0x23, 0x8f, 0x88, 0xff}, {0xb3, 0x5a, 0x8c, 0xff}, {0xa8, 0x73, 0x2e, 0xff},
	{0x77, 0x5f, 0xc4, 0xff}, {0x45, 0x8a, 0x52, 0xff}, {0xbb, 0x5c, 0x45, 0xff}, {0x3f, 0x83, 0xb3, 0xff},
}

func (a avatar) draw(t *typefaces) *image.RGBA {
	c := avatarColours[nameHash(a.name)%uint32(len(avatarColours))]
	img := newPlate(a.diameter, a.diameter, float64(a.diameter)/2, c)
	face := t.face(medium, max(scaled(a.diameter, 0.38), 6))
	letters := initials(a.name)
	if !face.has(letters) {
		drawPerson(img, a.diameter)
		return img
	}
	face.write(img, letters, (a.diameter-face.width(letters))/2, a.diameter/2, colourText)
	return img
}

// drawPerson draws the outline of nobody in particular.
func drawPerson(img *image.RGBA, diameter int) {
	person, circle := newPen(diameter, diameter, float64(diameter)/iconGrid), roundedMask(diameter, diameter, float64(diameter)/2)
	person.circle(12, 9.5, 3.8)
	person.roundRect(4.5, 15, 15, 14, 7)
	m := person.mask()
	for i, inside := range circle.Pix {
		m.Pix[i] = byte(int(m.Pix[i]) * int(inside) / 255)
	}
	paint(img, m, image.Point{}, colourText)
}

// nameHash is FNV-1a: one name has one colour, on every machine.
func nameHash(name string) uint32 {
	h := uint32(2166136261)
	for i := range len(name) {
		h = (h ^ uint32(name[i])) * 16777619
	}
	return h
}

// initials are the first letters of the first and the last word of a name.
func initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) })
	if len(words) == 0 {
		return "?"
	}
	first, _ := utf8.DecodeRuneInString(words[0])
	letters := string(unicode.ToUpper(first))
	if len(words) > 1 {
		last, _ := utf8.DecodeRuneInString(words[len(words)-1])
		letters += string(unicode.ToUpper(last))
	}
	return letters
}

// A border is a line along the inside of a rounded rectangle.
type border struct {
	w, h, radius, width int
	colour              color.NRGBA
}

func (b border) draw(*typefaces) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, b.w, b.h))
	paint(img, ringMask(b.w, b.h, float64(b.radius), float64(b.width)), image.Point{}, b.colour)
	return img
}
