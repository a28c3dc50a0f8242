package media

import (
	"image"
	"unicode/utf8"
)

// A helpCard lists the keys.
type helpCard struct {
	keys KeySet
	em   int
}

// A keyHelp says what a key of a window does.
type keyHelp struct{ key, does string }

var callKeys = []keyHelp{
	{"m", "mute or unmute"},
	{"v", "camera off or on"},
	{"p", "hold or go on"},
	{"f", "full screen"},
	{"s", "statistics"},
	{"?", "these keys"},
	{"q", "hang up (also ESC)"},
}

var roomKeys = []keyHelp{
	{"m", "mute or unmute"},
	{"space", "talk while you hold it"},
	{"v", "camera off or on"},
	{"l", "who speaks large, or all alike"},
	{"1–9", "that person large; 0: nobody"},
	{"h", "raise or lower your hand"},
	{"f", "full screen"},
	{"s", "statistics"},
	{"?", "these keys"},
	{"q", "leave (also ESC)"},
}

// help is what the keys do.
func (k KeySet) help() []keyHelp {
	if k == KeysRoom {
		return roomKeys
	}
	return callKeys
}

// The measures of a helpCard, in text sizes.
const (
	helpPad   = 1.7
	helpTitle = 2.2
	helpPitch = 2.25 // from key to key
	helpCap   = 1.75 // a key's height and least width
)

// height is that of the card in text sizes, and a little more.
func (h helpCard) height() int {
	return 1 + int(2*helpPad+helpTitle+helpPitch*float64(len(h.keys.help())-1)+helpCap)
}

func (h helpCard) draw(t *typefaces) *image.RGBA {
	title, face, keyFace := t.face(medium, scaled(h.em, 1.2)), t.face(regular, h.em), t.face(medium, h.em)
	pad, pitch, cap := scaled(h.em, helpPad), scaled(h.em, helpPitch), scaled(h.em, helpCap)
	keys, widest, widestCap := h.keys.help(), 0, cap
	for _, k := range keys {
		widest = max(widest, face.width(k.does))
		widestCap = max(widestCap, k.capWidth(keyFace, cap))
	}
	text := pad + widestCap + h.em
	top := pad + scaled(h.em, helpTitle)
	img := newPlate(text+widest+pad, top+(len(keys)-1)*pitch+cap+pad, float64(h.em), colourCard)
	title.write(img, "Keys", pad, pad+h.em/2, colourText)
	for i, k := range keys {
		y, wide := top+i*pitch, k.capWidth(keyFace, cap)
		paint(img, roundedMask(wide, cap, float64(h.em)*0.4), image.Pt(pad, y), colourKey)
		keyFace.write(img, k.key, pad+(wide-keyFace.width(k.key))/2, y+cap/2, colourText)
		face.write(img, k.does, text, y+cap/2, colourText)
	}
	return img
}

// capWidth is how wide the key is drawn, least if there is one letter on it.
func (k keyHelp) capWidth(face *typeface, least int) int {
	if utf8.RuneCountInString(k.key) == 1 {
		return least
	}
	return face.width(k.key) + least/2
}
