package media

import (
	"image"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// A terminalScene is a copy of a Scene with its pictures scaled down to cells.
type terminalScene struct {
	tiles   []terminalTile
	self    terminalTile // ourselves, as in a mirror
	hasSelf bool

	status string
	chat   []string
	stats  []string
	help   bool
	keys   KeySet

	spare   []terminalTile // tiles and those that were tiles, for their memory
	wrapped []string       // the end of chat in lines of wrapWidth cells
	wrapAt  int
	layout  terminalLayout
	plain   []Tile // of tiles, for their layout
}

type terminalTile struct {
	Tile    // without its frame
	picture terminalPicture
}

// A terminalPicture is a frame scaled down to cells; it is empty if there is none.
type terminalPicture struct{ frame, refit Frame }

// keep makes t a copy of s for a screen of w by h cells.
func (t *terminalScene) keep(s *Scene, w, h int) {
	t.plan(s, w, h)
	for i, tile := range s.Tiles {
		t.tiles[i].picture.keep(shownFrame(tile.Frame, tile.CameraOff), t.layout.tiles[i])
	}
	t.self.picture.keep(shownFrame(s.Self, s.SelfCameraOff), t.layout.self)
	t.self.picture.mirror()
}

// plan makes t a copy of s but for the pictures, and arranges it.
func (t *terminalScene) plan(s *Scene, w, h int) {
	t.status, t.help, t.keys = s.Status, s.Help, s.Keys
	t.self.Tile = Tile{Name: "You", Muted: s.SelfMuted, CameraOff: s.SelfCameraOff, Hand: s.SelfHand, Shape: s.selfShape()}
	t.hasSelf = s.Self != nil || s.SelfCameraOff
	t.stats = append(t.stats[:0], s.Stats...)
	if !slices.Equal(t.chat, s.Chat) {
		t.chat, t.wrapAt = append(t.chat[:0], s.Chat...), 0
	}
	for len(t.spare) < len(s.Tiles) {
		t.spare = append(t.spare, terminalTile{})
	}
	t.tiles = t.spare[:len(s.Tiles)]
	for i, tile := range s.Tiles {
		tile.Shape, tile.Frame = tile.shape(), nil
		tile.Speaking = tile.Speaking && len(s.Tiles) > 1 // one alone is heard
		t.tiles[i].Tile = tile
	}
	t.arrange(w, h)
}

func shownFrame(f *Frame, off bool) *Frame {
	if off {
		return nil
	}
	return f
}

// keep makes p a copy of f as large as fits into r.
func (p *terminalPicture) keep(f *Frame, r region) {
	var w, h int
	if f != nil {
		_, _, w, h = Fit(f.Width, f.Height, r.w, 2*r.h)
	}
	p.frame.Resize(w, h)
	if w > 0 {
		Scale(&p.frame, f)
	}
}

// mirror turns p's right to its left.
func (p *terminalPicture) mirror() {
	Mirror(&p.refit, &p.frame)
	p.frame, p.refit = p.refit, p.frame
}

// A terminalLayout is where things are on the screen.
type terminalLayout struct {
	pictures region // all of them
	tiles    []region
	self     region
	chat     region
}

// arrange lays t out on w by h cells: the status above, the typed line below,
// above that the latest of the chat, and between them the pictures.
func (t *terminalScene) arrange(w, h int) {
	t.wrapChat(w - 2)
	l := &t.layout
	const most = 5 // lines of chat
	rows := min(len(t.wrapped), most, h/5)
	l.chat = region{1, h - 1 - rows, max(w-2, 0), rows}
	l.pictures = region{0, 1, w, max(l.chat.y-1, 0)}

	t.arrangePictures()
}

// arrangePictures gives everybody a place among the pictures: ourselves in their
// corner while there is one other, and beside them from two on.
func (t *terminalScene) arrangePictures() {
	l := &t.layout
	in := l.pictures
	roomy := in.w >= 40 && in.h >= 10 // for our own picture beside others
	half := Tiling{Area: image.Rect(0, 0, in.w, 2*in.h), Gap: 2, Step: image.Pt(1, 2)}
	var places SceneLayout
	if len(t.tiles) > 1 {
		t.plain = t.plain[:0]
		for i := range t.tiles {
			t.plain = append(t.plain, t.tiles[i].Tile)
		}
		places = half.room(t.plain, t.hasSelf && roomy, t.self.Shape)
	} else {
		places = half.few(len(t.tiles), true)
	}
	l.tiles = l.tiles[:0]
	for _, r := range places.Tiles {
		l.tiles = append(l.tiles, in.cells(r))
	}
	l.self = in.cells(places.Self)
	if places.Inset && roomy {
		w := in.w / 5
		h := max(w*9/32, 3)
		l.self = region{in.x + in.w - w - 1, in.y + in.h - h, w, h}
	}
}

// cells is the region of r that pixels, two in a cell, make up.
func (r region) cells(pixels image.Rectangle) region {
	return region{r.x + pixels.Min.X, r.y + pixels.Min.Y/2, pixels.Dx(), pixels.Dy() / 2}
}

// pixels is r in the pixels of pictures, of which there are two in a cell.
func (r region) pixels() image.Rectangle {
	return image.Rect(r.x, 2*r.y, r.x+r.w, 2*(r.y+r.h))
}

// wrapChat breaks the chat into lines of width cells, of which it keeps the last.
func (t *terminalScene) wrapChat(width int) {
	const most = 10
	width = max(width, 1)
	if t.wrapAt == width {
		return
	}
	t.wrapAt, t.wrapped = width, t.wrapped[:0]
	for _, line := range t.chat[max(0, len(t.chat)-most):] {
		t.wrapped = append(t.wrapped, strings.Split(ansi.Wrap(line, width, ""), "\n")...)
	}
	t.wrapped = append(t.wrapped[:0], t.wrapped[max(0, len(t.wrapped)-most):]...)
}
