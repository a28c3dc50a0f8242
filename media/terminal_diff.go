package media

import "strconv"

// A terminalWriter turns screens into what a terminal must be sent to show them,
// given what it shows already.
type terminalWriter struct {
	palette palette
	shown   screen // what the terminal shows; of no size while that is unknown

	buf    []byte
	x, y   int // where the cursor is; x is -1 when that is uncertain
	fg, bg colour
	pen    bool // fg and bg are those of the terminal
}

// forget makes the next screen be sent as a whole.
func (w *terminalWriter) forget() { w.shown.reset(0, 0, cell{}) }

// update returns the bytes that make the terminal show s; none if it does. They
// are valid until the next call.
func (w *terminalWriter) update(s *screen) []byte {
	const (
		begin = "\x1b[?2026h" // synchronized output: the terminal waits for the whole
		end   = "\x1b[?2026l"
		wipe  = "\x1b[0m\x1b[2J"
	)
	w.buf = append(w.buf[:0], begin...)
	w.x, w.pen = -1, false
	if s.w != w.shown.w || s.h != w.shown.h {
		w.buf = append(w.buf, wipe...)
		w.shown.reset(s.w, s.h, cell{})
	}
	unchanged := len(w.buf)
	for y := range s.h {
		w.updateRow(y, s.row(y), w.shown.row(y))
	}
	if len(w.buf) == unchanged && unchanged == len(begin) {
		return nil
	}
	w.buf = append(w.buf, end...)
	return w.buf
}

func (w *terminalWriter) updateRow(y int, want, shown []cell) {
	for x := range want {
		if w.same(&want[x], &shown[x]) {
			continue
		}
		if want[x].text != "" {
			w.moveTo(x, y)
			w.put(&want[x])
		}
		shown[x] = want[x]
	}
}

// same says whether one cell can stand for the other. Text is exact; a picture is
// not sent again for its noise.
func (w *terminalWriter) same(want, shown *cell) bool {
	if want.text != shown.text {
		return false
	}
	if want.isPicture() {
		return w.palette.near(want.fg, shown.fg) && w.palette.near(want.bg, shown.bg)
	}
	return want.fg == shown.fg && want.bg == shown.bg
}

func (w *terminalWriter) moveTo(x, y int) {
	if w.x == x && w.y == y {
		return
	}
	w.buf = append(w.buf, "\x1b["...)
	w.buf = strconv.AppendInt(w.buf, int64(y+1), 10)
	w.buf = append(w.buf, ';')
	w.buf = strconv.AppendInt(w.buf, int64(x+1), 10)
	w.buf = append(w.buf, 'H')
	w.x, w.y = x, y
}

func (w *terminalWriter) put(c *cell) {
	text := c.text
	if c.isPicture() && w.palette.near(c.fg, c.bg) {
		text = " " // the background alone: half the bytes
		c.fg = c.bg
		w.colour(w.fg, c.bg)
	} else {
		w.colour(c.fg, c.bg)
	}
	w.buf = append(w.buf, text...)
	w.x++
	if len(text) > 1 && !c.isPicture() {
		w.x = -1 // terminals do not agree on how wide this is
	}
}

// colour selects fg and bg, as far as they are not.
func (w *terminalWriter) colour(fg, bg colour) {
	newFG, newBG := !w.pen || fg != w.fg, !w.pen || bg != w.bg
	if !newFG && !newBG {
		return
	}
	w.buf = append(w.buf, "\x1b["...)
	if newFG {
		w.buf = w.palette.appendSGR(w.buf, "38", fg)
	}
	if newFG && newBG {
		w.buf = append(w.buf, ';')
	}
	if newBG {
		w.buf = w.palette.appendSGR(w.buf, "48", bg)
	}
	w.buf = append(w.buf, 'm')
	w.fg, w.bg, w.pen = fg, bg, true
}
