package media

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// A terminalScene is a copy of a Scene with its pictures scaled down to cells.
type terminalScene struct {
	tiles []terminalTile
	self  terminalPicture

	selfMuted, selfCameraOff bool

	status string
	chat   []string
	stats  []string
	help   bool

	spare   []terminalTile // tiles and those that were tiles, for their memory
	wrapped []string       // the end of chat in lines of wrapWidth cells
	wrapAt  int
	layout  terminalLayout
}

type terminalTile struct {
	Tile    // without its frame
	picture terminalPicture
}

// A terminalPicture is a frame scaled down to cells; it is empty if there is none.
type terminalPicture struct{ frame, mirrored, refit Frame }

// keep makes t a copy of s for a screen of w by h cells.
func (t *terminalScene) keep(s *Scene, w, h int) {
	t.status, t.help = s.Status, s.Help
	t.selfMuted, t.selfCameraOff = s.SelfMuted, s.SelfCameraOff
	t.stats = append(t.stats[:0], s.Stats...)
	if !slices.Equal(t.chat, s.Chat) {
		t.chat, t.wrapAt = append(t.chat[:0], s.Chat...), 0
	}
	for len(t.spare) < len(s.Tiles) {
		t.spare = append(t.spare, terminalTile{})
	}
	t.tiles = t.spare[:len(s.Tiles)]

	t.arrange(w, h)
	for i, tile := range s.Tiles {
		t.tiles[i].picture.keep(shownFrame(tile.Frame, tile.CameraOff), t.layout.tiles[i])
		tile.Frame = nil
		t.tiles[i].Tile = tile
	}
	t.self.keep(shownFrame(s.Self, s.SelfCameraOff), t.layout.self)
	Mirror(&t.self.mirrored, &t.self.frame)
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

	l.tiles = l.tiles[:0]
	cols := bestColumns(len(t.tiles), l.pictures.w, 2*l.pictures.h)
	for i := range t.tiles {
		l.tiles = append(l.tiles, gridRegion(l.pictures, i, len(t.tiles), cols))
	}
	switch {
	case len(t.tiles) == 0: // alone, one sees oneself
		l.self = l.pictures
	case l.pictures.w < 40 || l.pictures.h < 10:
		l.self = region{}
	default:
		pw := l.pictures.w / 5
		ph := max(pw*9/32, 3)
		l.self = region{w - pw - 1, l.pictures.y + l.pictures.h - ph, pw, ph}
	}
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

// bestColumns is how many columns make n pictures of 16:9 largest in w by h pixels.
func bestColumns(n, w, h int) int {
	best, area := 1, 0
	for cols := 1; cols <= n; cols++ {
		rows := (n + cols - 1) / cols
		_, _, pw, ph := Fit(16, 9, w/cols, h/rows)
		if pw*ph > area {
			best, area = cols, pw*ph
		}
	}
	return best
}

// gridRegion is the place of tile i of n in columns.
func gridRegion(r region, i, n, cols int) region {
	rows := (n + cols - 1) / cols
	col, row := i%cols, i/cols
	x0, x1 := r.w*col/cols, r.w*(col+1)/cols
	y0, y1 := r.h*row/rows, r.h*(row+1)/rows
	return region{r.x + x0, r.y + y0, x1 - x0, y1 - y0}
}
