package media

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

// terminalHelp says what the terminal itself understands; the program knows more commands.
var terminalHelp = []string{
	"Type to chat, Enter sends the line.",
	"A line that begins with / is a command:",
	"",
	"  /mute     your microphone on and off",
	"  /camera   your camera on and off",
	"  /hold     send and play nothing for a while",
	"  /verified the number above is the same on both sides",
	"  /save     keep them in your contacts, with a NAME if you like",
	"  /block    end the call, let nothing through any more",
	"  /stats    figures of the call",
	"  /help     this box",
	"  /quit     hang up",
	"",
	"Ctrl-C hangs up too. Ctrl-L redraws the screen.",
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
		drawBox(s, t.layout.pictures, terminalHelp, true, th)
	}
	drawLine(s, line, th)
}

// place centres p in r, a bit smaller or larger than it was kept if the screen has
// changed since. It returns what to draw and where.
func (p *terminalPicture) place(r region) (f *Frame, at region) {
	x, y, w, h := Fit(p.frame.Width, p.frame.Height, r.w, 2*r.h)
	f = &p.frame
	if !within(w-f.Width, 2) || !within(h-f.Height, 2) {
		p.refit.Resize(w, h)
		Scale(&p.refit, f)
		f = &p.refit
	}
	return f, region{r.x + x, r.y + y/2, min(f.Width, r.w), min(f.Height/2, r.h)}
}

func (p *terminalPicture) isEmpty() bool { return p.frame.Width == 0 }

// draw draws a tile with its name on the lower edge of the picture and its notice
// in the middle.
func (t *terminalTile) draw(s *screen, r region, th *terminalTheme) {
	if r.w <= 0 || r.h <= 0 {
		return
	}
	f, at := t.picture.place(r)
	if t.picture.isEmpty() {
		x, y, w, h := Fit(t.Shape.X, t.Shape.Y, r.w, 2*r.h)
		at = region{r.x + x, r.y + y/2, w, h / 2}
		s.fill(at, cell{" ", th.text, th.tile})
	} else {
		s.drawPicture(f, at.x, at.y, th.palette)
	}
	t.drawLabel(s, at, th)
	notice := t.Notice
	if notice == "" && t.CameraOff {
		notice = "camera off"
	}
	if notice != "" {
		drawCentred(s, at, at.y+at.h/2, notice, th)
	}
}

// drawLabel writes who it is, how good the link is, and whether they are muted.
func (t *terminalTile) drawLabel(s *screen, at region, th *terminalTheme) {
	y, limit := at.y+at.h-1, at.x+at.w
	x := at.x
	if t.Name != "" {
		x = s.print(x, y, limit, " ", th.text, th.bar)
		x = s.print(x, y, limit-1, t.Name, th.text, th.bar) // a blank is owed
		x = s.print(x, y, limit, " ", th.text, th.bar)
	}
	if t.Quality > QualityUnknown && x+5 <= limit {
		x = drawQuality(s, x, y, t.Quality, th)
	}
	if t.Muted {
		s.print(x, y, limit, " muted ", th.bad, th.bar)
	}
}

// drawQuality draws bars, as on a phone.
func drawQuality(s *screen, x, y int, q Quality, th *terminalTheme) int {
	lit := th.good
	switch q {
	case QualityBad:
		lit = th.bad
	case QualityPoor:
		lit = th.fair
	}
	for i, bar := range [...]string{"▂", "▄", "▆", "█"} {
		fg := lit
		if i >= int(q) {
			fg, bar = th.dim, "▁"
		}
		x = s.print(x, y, s.w, bar, fg, th.bar)
	}
	return s.print(x, y, s.w, " ", th.text, th.bar)
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
	var marks string
	switch {
	case t.self.Muted && t.self.CameraOff:
		marks = "you are muted, camera off"
	case t.self.Muted:
		marks = "you are muted"
	case t.self.CameraOff:
		marks = "your camera is off"
	}
	limit := s.w - 1
	if marks != "" && s.w > 2*len(marks) {
		limit -= len(marks)
		s.print(limit, 0, s.w, marks, th.bad, th.bar)
		limit -= 2
	}
	s.print(1, 0, limit, t.status, th.text, th.bar)
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
