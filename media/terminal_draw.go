package media

import "strings"

// A terminalTheme is the colours of all that is not picture.
type terminalTheme struct {
	palette                         palette
	ground, bar, tile               colour // backgrounds
	text, dim, good, fair, bad, own colour
}

func newTerminalTheme(p palette) *terminalTheme {
	return &terminalTheme{
		palette: p,
		ground:  p.nearest(0x0c0c10),
		bar:     p.nearest(0x26262e),
		tile:    p.nearest(0x1a1a20),
		text:    p.nearest(0xe4e4e4),
		dim:     p.nearest(0x8a8a8a),
		good:    p.nearest(0x5fd787),
		fair:    p.nearest(0xffd75f),
		bad:     p.nearest(0xff5f5f),
		own:     p.nearest(0x5fafff),
	}
}

// draw draws t and the line that is typed on s, which has its size.
func (t *terminalScene) draw(s *screen, line *lineEditor, th *terminalTheme) {
	s.reset(s.w, s.h, cell{" ", th.text, th.ground})
	t.arrange(s.w, s.h)
	for i := range t.tiles {
		t.tiles[i].draw(s, t.layout.tiles[i], th)
	}
	t.drawSelf(s, th)
	for i, text := range t.wrapped[len(t.wrapped)-t.layout.chat.h:] {
		s.print(1, t.layout.chat.y+i, s.w-1, text, th.text, th.ground)
	}
	t.drawStatus(s, th)
	drawBox(s, t.layout.pictures, t.stats, false, th)
	if t.help {
		drawBox(s, t.layout.pictures, t.keys.terminalHelp(), true, th)
	}
	drawLine(s, line, th)
}

// drawSelf draws ourselves: in the corner, among the others or, alone, in the middle.
func (t *terminalScene) drawSelf(s *screen, th *terminalTheme) {
	r := t.layout.self
	if len(t.tiles) > 1 {
		t.self.draw(s, r, th)
		return
	}
	if t.self.picture.isEmpty() || r.w <= 0 || r.h <= 0 {
		return
	}
	f, at := t.self.picture.place(r)
	if len(t.tiles) > 0 { // into the corner, with a line of ground about it
		at.x, at.y = r.x+r.w-at.w, r.y+r.h-at.h
		s.fill(region{at.x - 1, at.y - 1, at.w + 2, at.h + 1}, cell{" ", th.text, th.ground})
	}
	s.drawPicture(f, at.x, at.y, th.palette)
}

// drawStatus draws the first line: how the call is, and on the right what of ours
// is switched off.
func (t *terminalScene) drawStatus(s *screen, th *terminalTheme) {
	s.fill(region{0, 0, s.w, 1}, cell{" ", th.text, th.bar})
	marks := t.self.ownMarks()
	limit := s.w - 1
	if marks != "" && s.w > 2*len(marks) {
		limit -= len(marks)
		s.print(limit, 0, s.w, marks, th.bad, th.bar)
		limit -= 2
	}
	s.print(1, 0, limit, t.status, th.text, th.bar)
}

// ownMarks says what of ours is switched off, or up.
func (t *terminalTile) ownMarks() string {
	var marks []string
	if t.Muted {
		marks = append(marks, "you are muted")
	}
	if t.CameraOff {
		marks = append(marks, "your camera is off")
	}
	if t.Muted && t.CameraOff {
		marks = []string{"you are muted, camera off"}
	}
	if t.Hand {
		marks = append(marks, "your hand is up")
	}
	return strings.Join(marks, ", ")
}

// drawBox writes lines on a dark box within r: in its middle or in its upper left corner.
func drawBox(s *screen, r region, lines []string, centred bool, th *terminalTheme) {
	if len(lines) == 0 {
		return
	}
	box := region{r.x, r.y, 2, min(len(lines), r.h)}
	for _, line := range lines {
		box.w = min(max(box.w, textWidth(line)+2), r.w)
	}
	if centred {
		box.x, box.y = r.x+(r.w-box.w)/2, r.y+(r.h-box.h)/2
	}
	s.fill(box, cell{" ", th.text, th.bar})
	for i, line := range lines[:max(box.h, 0)] {
		s.print(box.x+1, box.y+i, box.x+box.w, line, th.text, th.bar)
	}
}

// drawCentred writes text in the middle of row y of r.
func drawCentred(s *screen, r region, y int, text string, th *terminalTheme) {
	w := textWidth(text) + 2
	x := r.x + max(r.w-w, 0)/2
	s.fill(region{x, y, min(w, r.w), 1}, cell{" ", th.text, th.bar})
	s.print(x+1, y, r.x+r.w, text, th.text, th.bar)
}

// drawLine draws the line that is typed at the bottom, as much of it as there is room for.
func drawLine(s *screen, line *lineEditor, th *terminalTheme) {
	y := s.h - 1
	s.fill(region{0, y, s.w, 1}, cell{" ", th.text, th.bar})
	x := s.print(0, y, s.w, " › ", th.own, th.bar)
	if x >= s.w {
		return
	}
	if line.text == "" {
		s.print(x+1, y, s.w, "type to chat, /help for help", th.dim, th.bar)
	}
	x = s.print(x, y, s.w, line.text[line.hidden(s.w-x-1):line.cursor], th.text, th.bar)
	s.print(x, y, s.w, line.text[line.cursor:], th.text, th.bar)
	for row, at := s.row(y), x; at < s.w && (at == x || row[at].text == ""); at++ { // the cursor
		row[at].fg, row[at].bg = th.bar, th.text
	}
}
