package media

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestScreenPrint(t *testing.T) {
	tests := []struct {
		name     string
		x, limit int
		text     string
		want     string // cells, "_" to the right of a wide one
		end      int
	}{
		{"fits", 1, 8, "hello", ".hello..", 6},
		{"fits exactly", 3, 8, "hello", "...hello", 8},
		{"too long", 3, 8, "hello!", "...hell…", 8},
		{"limit", 0, 4, "hello", "hel…....", 4},
		{"wide", 0, 8, "漢字x", "漢_字_x...", 5},
		{"wide at the limit", 0, 4, "a漢字", "a漢_…....", 4},
		{"wide before the limit", 0, 5, "漢漢漢", "漢_漢_…...", 5},
		{"accents", 0, 8, "e\u0301e", "e\u0301e......", 2},
		{"emoji", 0, 8, "👍🏽!", "👍🏽_!.....", 3},
		{"control characters", 0, 8, "\x1b[2J\a", " [2J ...", 5},
		{"C1 and bidi", 0, 8, "a\u009bb\u202ec", "a b c...", 5},
		{"no room", 8, 8, "x", "........", 8},
		{"room for the ellipsis", 7, 8, "xy", ".......…", 8},
		{"nothing", 2, 8, "", "........", 2},
		{"mark alone", 0, 8, "\u0301a", "a.......", 1},
	}
	for _, tt := range tests {
		var s screen
		s.reset(8, 1, cell{text: "."})
		if end := s.print(tt.x, 0, tt.limit, tt.text, 0, 0); end != tt.end {
			t.Errorf("%s: ends at %d, want %d", tt.name, end, tt.end)
		}
		var got strings.Builder
		for _, c := range s.cells {
			if c.text == "" {
				c.text = "_"
			}
			got.WriteString(c.text)
		}
		if got.String() != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got.String(), tt.want)
		}
	}
}

func TestScreenPrintOutside(t *testing.T) {
	var s screen
	s.reset(4, 2, cell{text: "."})
	s.print(0, -1, 4, "above", 0, 0)
	s.print(0, 2, 4, "below", 0, 0)
	s.print(-1, 0, 4, "left", 0, 0)
	s.print(9, 0, 20, "right", 0, 0)
	s.fill(region{-3, -3, 3, 3}, cell{text: "x"})
	s.fill(region{4, 2, 3, 3}, cell{text: "x"})
	for _, c := range s.cells {
		if c.text != "." {
			t.Fatal("something was drawn")
		}
	}
}

// TestTerminalShowsWhatIsDrawn draws screens of text and pictures, changes them here
// and there, and wants a terminal that is sent the updates to show each of them.
func TestTerminalShowsWhatIsDrawn(t *testing.T) {
	texts := []string{"hello", "漢字漢字", "a漢", "é", "👍🏽", " ", "▂▄▆█", "…"}
	for _, p := range []palette{trueColour, colours256} {
		rapid.Check(t, func(rt *rapid.T) {
			w, h := rapid.IntRange(1, 20).Draw(rt, "w"), rapid.IntRange(1, 5).Draw(rt, "h")
			model, writer := newTerminalModel(t, w, h, p), terminalWriter{palette: p}
			var s screen
			s.reset(w, h, cell{" ", p.nearest(0xffffff), p.nearest(0x101010)})
			picture := rapid.Custom(func(rt *rapid.T) *Frame {
				return noisy(rapid.IntRange(2, 12).Draw(rt, "pw"), rapid.IntRange(2, 8).Draw(rt, "ph"), rapid.Uint64().Draw(rt, "seed"))
			})
			for range rapid.IntRange(1, 8).Draw(rt, "updates") {
				for range rapid.IntRange(0, 6).Draw(rt, "changes") {
					x, y := rapid.IntRange(-2, w).Draw(rt, "x"), rapid.IntRange(-2, h).Draw(rt, "y")
					switch rapid.IntRange(0, 3).Draw(rt, "what") {
					case 0:
						whole(&s)
						s.drawPicture(picture.Draw(rt, "picture"), x, y, p)
					case 1:
						s.print(x, y, w, rapid.SampledFrom(texts).Draw(rt, "text"), p.nearest(0xff0000), p.nearest(0x000080))
					case 2:
						s.fill(region{x, y, 3, 1}, cell{" ", 0, p.nearest(0x303030)})
					case 3:
						writer.forget()
					}
					whole(&s)
				}
				drawn := screen{w: w, h: h, cells: append([]cell(nil), s.cells...)}
				model.feed(string(writer.update(&s)))
				model.check(&drawn)
				if again := writer.update(&drawn); again != nil {
					t.Fatalf("the same screen again is sent as %q", again)
				}
			}
			if model.modes["2026"] {
				t.Fatal("a synchronized update was left open")
			}
		})
	}
}

// whole removes halves of wide characters, which no view would draw.
func whole(s *screen) {
	for i := range s.cells {
		wide := textWidth(s.cells[i].text) == 2
		right := i%s.w+1 < s.w && s.cells[i+1].text == ""
		if wide && !right {
			s.cells[i].text = " "
		}
		if s.cells[i].text == "" && (i%s.w == 0 || textWidth(s.cells[i-1].text) != 2) {
			s.cells[i].text = " "
		}
	}
}

func TestTerminalWriterSavesBytes(t *testing.T) {
	var s screen
	s.reset(80, 24, cell{" ", 0xffffff, 0})
	f := NewFrame(80, 40)
	f.Fill(100, 128, 128)
	s.drawPicture(f, 0, 0, trueColour)
	w := terminalWriter{palette: trueColour}
	w.update(&s)
	f.Fill(102, 129, 127) // the noise of a camera
	s.drawPicture(f, 0, 0, trueColour)
	if b := w.update(&s); b != nil {
		t.Errorf("noise is sent as %d bytes", len(b))
	}
	f.Y[0] = 200
	s.drawPicture(f, 0, 0, trueColour)
	if b := w.update(&s); len(b) == 0 || len(b) > 80 {
		t.Errorf("one pixel is sent as %d bytes", len(b))
	}
}

func TestDrawPicture(t *testing.T) {
	f := NewFrame(4, 4)
	copy(f.Y, []byte{
		16, 235, 81, 81,
		16, 235, 81, 81,
		145, 145, 41, 41,
		145, 145, 126, 16,
	})
	copy(f.U, []byte{128, 90, 54, 240})
	copy(f.V, []byte{128, 240, 34, 110})
	var s screen
	s.reset(6, 3, cell{text: " "})
	s.drawPicture(f, 1, 1, trueColour)
	want := map[[2]int][2]colour{ // by place, upper over lower
		{1, 1}: {0x000000, 0x000000}, {2, 1}: {0xffffff, 0xffffff},
		{3, 1}: {0xff0000, 0xff0000}, {4, 1}: {0xff0000, 0xff0000},
		{1, 2}: {0x00ff00, 0x00ff00}, {2, 2}: {0x00ff00, 0x00ff00},
		{3, 2}: {0x0000ff, 0x6363ff}, {4, 2}: {0x0000ff, 0x0000e2},
	}
	for y := range 3 {
		for x := range 6 {
			c, w := s.row(y)[x], want[[2]int{x, y}]
			if _, inside := want[[2]int{x, y}]; !inside {
				if c.text != " " {
					t.Errorf("%d, %d: %q outside the picture", x, y, c.text)
				}
			} else if !trueColour.near(c.fg, w[0]) || !trueColour.near(c.bg, w[1]) {
				t.Errorf("%d, %d: %06x over %06x, want %06x over %06x", x, y, c.fg, c.bg, w[0], w[1])
			}
		}
	}
}

func TestPaletteOf(t *testing.T) {
	tests := []struct {
		colorterm, term string
		want            palette
	}{
		{"truecolor", "xterm-256color", trueColour},
		{"24bit", "screen", trueColour},
		{"", "xterm-256color", colours256},
		{"", "xterm-kitty", trueColour},
		{"", "xterm-direct", trueColour},
		{"yes", "tmux-256color", colours256},
	}
	for _, tt := range tests {
		if got := paletteOf(tt.colorterm, tt.term); got != tt.want {
			t.Errorf("COLORTERM=%s TERM=%s: palette %d, want %d", tt.colorterm, tt.term, got, tt.want)
		}
	}
}

func TestPalette256(t *testing.T) {
	level := [6]int{0, 95, 135, 175, 215, 255}
	for r, rl := range level {
		for g, gl := range level {
			for b, bl := range level {
				got := colours256.nearest(rgb(byte(rl), byte(gl), byte(bl)))
				want := colour(16 + 36*r + 6*g + b)
				if r == g && g == b && r > 0 && r < 5 {
					want = colour(232 + (rl-3)/10) // there is a grey as near
				}
				if got != want && (r != 0 || g != 0 || b != 0) && (r != 5 || g != 5 || b != 5) {
					t.Errorf("%d, %d, %d has index %d, want %d", rl, gl, bl, got, want)
				}
			}
		}
	}
	for i := range 24 {
		v := byte(8 + 10*i)
		if got := colours256.nearest(rgb(v, v, v)); got != colour(232+i) {
			t.Errorf("grey %d has index %d, want %d", v, got, 232+i)
		}
	}
}
