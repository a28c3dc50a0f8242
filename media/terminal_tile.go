package media

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
	if t.Speaking {
		s.drawEdge(at, th.good)
	}
	t.drawLabel(s, at, th)
	t.drawHand(s, at, th)
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
		colour := th.text
		if t.Speaking {
			colour = th.good
		}
		x = s.print(x, y, limit, " ", th.text, th.bar)
		x = s.print(x, y, limit-1, t.Name, colour, th.bar) // a blank is owed
		x = s.print(x, y, limit, " ", th.text, th.bar)
	}
	if t.Quality > QualityUnknown && x+5 <= limit {
		x = drawQuality(s, x, y, t.Quality, th)
	}
	if t.Muted {
		x = s.print(x, y, limit, " muted ", th.bad, th.bar)
	}
	if t.Silenced {
		s.print(x, y, limit, " silent here ", th.fair, th.bar)
	}
}

// drawHand says in the upper left corner that a hand is up.
func (t *terminalTile) drawHand(s *screen, at region, th *terminalTheme) {
	if t.Hand && at.h > 1 {
		s.print(at.x, at.y, at.x+at.w, " hand up ", th.bar, th.fair)
	}
}

// drawEdge draws a line along the inside of at, half a cell wide.
func (s *screen) drawEdge(at region, c colour) {
	for y := at.y; y < at.y+at.h; y++ {
		s.edgeCell(at.x, y, "▌", c)
		s.edgeCell(at.x+at.w-1, y, "▐", c)
	}
	for x := at.x; x < at.x+at.w; x++ {
		s.edgeCell(x, at.y, halfBlock, c)
		s.edgeCell(x, at.y+at.h-1, "▄", c)
	}
}

// edgeCell makes a part of cell x, y a line; the rest keeps a colour of the picture.
func (s *screen) edgeCell(x, y int, part string, c colour) {
	row := s.row(y)
	if row == nil || x < 0 || x >= s.w {
		return
	}
	rest := row[x].bg
	if part == "▄" && row[x].text == halfBlock {
		rest = row[x].fg
	}
	claim(row, x, x+1)
	row[x] = cell{part, c, rest}
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
