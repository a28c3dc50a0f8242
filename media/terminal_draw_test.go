package media

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// drawScene returns a terminal of w by h that shows s.
func drawScene(t *testing.T, s *Scene, w, h int, p palette) *terminalModel {
	t.Helper()
	var scene terminalScene
	scene.keep(s, w, h)
	next, writer := screen{w: w, h: h}, terminalWriter{palette: p}
	scene.draw(&next, new(lineEditor), newTerminalTheme(p))
	model := newTerminalModel(t, w, h, p)
	model.feed(string(writer.update(&next)))
	return model
}

// plain is a picture of one colour.
func plain(w, h int, y, u, v byte) *Frame {
	f := NewFrame(w, h)
	f.Fill(y, u, v)
	return f
}

const (
	pureRed  = colour(0xff0000)
	pureBlue = colour(0x0000ff)
)

func redFrame(w, h int) *Frame  { return plain(w, h, 81, 90, 240) }
func blueFrame(w, h int) *Frame { return plain(w, h, 41, 240, 110) }

// place is the smallest region that holds all the pixels of a colour.
func (m *terminalModel) place(c colour) (r region, whole bool) {
	x1, y1, n := -1, -1, 0
	r.x, r.y = m.w, m.h
	for y := range m.h {
		for x := range m.w {
			if _, lower := m.pixels(x, y); m.palette.near(lower, c) {
				r.x, r.y, x1, y1 = min(r.x, x), min(r.y, y), max(x1, x), max(y1, y)
				n++
			}
		}
	}
	r.w, r.h = x1-r.x+1, y1-r.y+1
	return r, n == r.w*r.h
}

func TestTerminalSceneOfOne(t *testing.T) {
	m := drawScene(t, &Scene{
		Tiles:     []Tile{{Frame: redFrame(1280, 720), Name: "Ada", Quality: QualityGood, Muted: true}},
		Self:      blueFrame(640, 360),
		SelfMuted: true,
		Status:    "Ada · 00:12",
		Chat:      []string{"Ada: hello", "you: good morning"},
		Stats:     []string{"rtt 23 ms", "loss 0 %"},
	}, 100, 30, trueColour)
	for y, want := range map[int]string{
		0:  " Ada · 00:12",
		27: " Ada: hello ",
		28: " you: good morning ",
		29: " › ",
	} {
		if got := m.text(y); !strings.HasPrefix(got, want) {
			t.Errorf("row %d is %q, want %q", y, got, want)
		}
	}
	if !strings.HasSuffix(strings.TrimSpace(m.text(0)), "you are muted") {
		t.Errorf("status %q", m.text(0))
	}
	all := m.String()
	for _, want := range []string{" Ada ▂▄▆▁  muted ", " rtt 23 ms ", " loss 0 % "} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not to be seen in\n%s", want, all)
		}
	}
	// 26 rows are left: 52 pixels, of which 16:9 makes 92 by 52.
	if r, _ := m.place(pureRed); r != (region{4, 1, 92, 26}) {
		t.Errorf("the picture is at %+v", r)
	}
	if r, whole := m.place(pureBlue); !whole || r.x+r.w != 99 || r.y+r.h != 27 || r.w < 12 || r.w > 25 {
		t.Errorf("ourselves are at %+v, whole: %v", r, whole)
	}
}

func TestTerminalSceneOfMany(t *testing.T) {
	s := &Scene{Self: blueFrame(64, 36)}
	for i := range 6 {
		s.Tiles = append(s.Tiles, Tile{Frame: redFrame(320, 180), Name: fmt.Sprint("friend ", i)})
	}
	s.Tiles[4].CameraOff = true
	s.Tiles[2].Notice = "reconnecting…"
	m := drawScene(t, s, 120, 40, trueColour)
	all := m.String()
	for i := range 6 {
		if want := fmt.Sprintf(" friend %d ", i); strings.Count(all, want) != 1 {
			t.Errorf("%q is %d times in\n%s", want, strings.Count(all, want), all)
		}
	}
	for _, want := range []string{" camera off ", " reconnecting… "} {
		if strings.Count(all, want) != 1 {
			t.Errorf("%q is %d times in\n%s", want, strings.Count(all, want), all)
		}
	}
	var rows []int
	for y := range m.h {
		if n := strings.Count(m.text(y), "friend"); n > 0 {
			rows = append(rows, n)
		}
	}
	if !slices.Equal(rows, []int{2, 2, 2}) && !slices.Equal(rows, []int{3, 3}) {
		t.Errorf("six are in rows of %v", rows)
	}
}

func TestTerminalSceneAlone(t *testing.T) {
	m := drawScene(t, &Scene{Self: blueFrame(640, 480), Status: "ringing"}, 80, 24, trueColour)
	if r, whole := m.place(pureBlue); !whole || r.h != 22 {
		t.Errorf("alone, ourselves are at %+v, whole: %v", r, whole)
	}
	m = drawScene(t, &Scene{Self: blueFrame(640, 480), SelfCameraOff: true}, 80, 24, trueColour)
	if r, _ := m.place(pureBlue); r.w > 0 || !strings.Contains(m.text(0), "your camera is off") {
		t.Errorf("with the camera off, ourselves are at %+v", r)
	}
}

func TestTerminalSelfIsMirrored(t *testing.T) {
	f := NewFrame(64, 36)
	f.Fill(16, 128, 128)
	for y := range 36 {
		fill(f.Y[y*f.YStride:][:20], 235) // white on the left
	}
	m := drawScene(t, &Scene{Self: f}, 80, 24, trueColour)
	if left, _ := m.pixels(15, 10); left != 0 {
		t.Errorf("left pixel %06x, want black", left)
	}
	if right, _ := m.pixels(65, 10); right != 0xffffff {
		t.Errorf("right pixel %06x, want white", right)
	}
}

func TestTerminalHelp(t *testing.T) {
	for _, keys := range []KeySet{KeysCall, KeysRoom} {
		m := drawScene(t, &Scene{Help: true, Keys: keys}, 80, 24, colours256)
		for _, line := range keys.terminalHelp() {
			if !strings.Contains(m.String(), line) {
				t.Errorf("%q is not to be seen in\n%s", line, m)
			}
		}
	}
}

// Who speaks in a room has a frame, along the inside of their picture.
func TestTerminalMarks(t *testing.T) {
	s := &Scene{SelfHand: true, Self: blueFrame(64, 36)}
	for i := range 3 {
		s.Tiles = append(s.Tiles, Tile{Frame: redFrame(320, 180), Name: fmt.Sprint("friend ", i)})
	}
	s.Tiles[1].Hand, s.Tiles[1].Silenced = true, true
	before := drawScene(t, s, 120, 40, trueColour)
	s.Tiles[2].Speaking = true
	m := drawScene(t, s, 120, 40, trueColour)
	var scene terminalScene
	scene.plan(s, 120, 40)
	at, green := scene.layout.tiles[2], newTerminalTheme(trueColour).good
	for y := range m.h {
		for x := range m.w {
			inside := x >= at.x && x < at.x+at.w && y >= at.y && y < at.y+at.h
			upper, lower := m.pixels(x, y)
			wasUpper, wasLower := before.pixels(x, y)
			if !inside && (upper != wasUpper || lower != wasLower) {
				t.Fatalf("the frame of %v changes cell %d, %d", at, x, y)
			}
		}
	}
	if upper, lower := m.pixels(at.x+at.w/2, at.y); upper != green || lower == green {
		t.Errorf("the upper edge is %06x over %06x, want green over the picture", upper, lower)
	}
	if !strings.Contains(m.text(0), "your hand is up") {
		t.Errorf("status %q", m.text(0))
	}
	s.SelfHand = false
	m = drawScene(t, s, 120, 40, trueColour)
	for _, want := range []string{" hand up ", " silent here "} {
		if strings.Count(m.String(), want) != 1 {
			t.Errorf("%q is not to be seen once in\n%s", want, m)
		}
	}
	alone := &Scene{Tiles: []Tile{{Frame: redFrame(320, 180)}}}
	quiet := drawScene(t, alone, 80, 24, trueColour).String()
	alone.Tiles[0].Speaking = true
	if drawScene(t, alone, 80, 24, trueColour).String() != quiet {
		t.Error("one alone is marked while they speak")
	}
}

// TestTerminalSceneAtAnySize draws a scene with too much of everything, some of it
// hostile. The model fails on whatever is outside the screen or no text.
func TestTerminalSceneAtAnySize(t *testing.T) {
	long := strings.Repeat("漢字 and \x1b[31m more ", 30)
	s := &Scene{Self: noisy(64, 48, 1), SelfMuted: true, SelfCameraOff: true, Status: long, Help: true}
	for i := range 5 {
		s.Tiles = append(s.Tiles, Tile{Frame: noisy(32+i, 18, uint64(i)), Name: long, Muted: true, Quality: Quality(i), Notice: long,
			Speaking: true, Hand: true, Silenced: true})
		s.Chat, s.Stats = append(s.Chat, long), append(s.Stats, long)
	}
	var scene terminalScene
	line := &lineEditor{text: long, cursor: len(long) / 2}
	for _, p := range []palette{trueColour, colours256} {
		theme := newTerminalTheme(p)
		for w := 1; w < 100; w += 1 + w/4 {
			for h := 1; h < 50; h += 1 + h/4 {
				scene.keep(s, w, h)
				// The size may change between the copy and the drawing.
				for _, size := range [][2]int{{w, h}, {w + 3, h}, {max(w/2, 1), h + 7}} {
					next, writer := screen{w: size[0], h: size[1]}, terminalWriter{palette: p}
					scene.draw(&next, line, theme)
					model := newTerminalModel(t, size[0], size[1], p)
					model.feed(string(writer.update(&next)))
					model.check(&next)
				}
			}
		}
	}
}

func TestTerminalLineScrolls(t *testing.T) {
	var scene terminalScene
	s := screen{w: 20, h: 3}
	for text, want := range map[string]string{
		"":                         " ›  type to chat, /…",
		"hello":                    " › hello            ",
		"0123456789abcdefghijklmn": " › 89abcdefghijklmn ",
		"漢字漢字漢字漢字漢字":               " › 漢字漢字漢字漢字 ",
	} {
		line := &lineEditor{text: text, cursor: len(text)}
		scene.draw(&s, line, newTerminalTheme(trueColour))
		var got strings.Builder
		for _, c := range s.row(2) {
			got.WriteString(c.text)
		}
		if got.String() != want {
			t.Errorf("%q is seen as %q, want %q", text, got.String(), want)
		}
	}
}

// movingScene is a call as it usually is, and shows the next picture of it.
func movingScene() (s *Scene, next func()) {
	remote, self := newTestCard(1280, 720, 30, 0), newTestCard(640, 360, 30, 0.3)
	s = &Scene{
		Tiles:  []Tile{{Frame: new(Frame), Name: "Ada Lovelace", Quality: QualityGood, Muted: true}},
		Self:   new(Frame),
		Status: "Ada Lovelace · 00:12",
		Chat:   []string{"Ada: a fine picture, 漢字 and all"},
	}
	n := uint64(0)
	next = func() {
		remote.draw(s.Tiles[0].Frame, n, stampTime)
		self.draw(s.Self, n, stampTime)
		n++
	}
	next()
	return s, next
}

func TestTerminalDrawingDoesNotAllocate(t *testing.T) {
	s, next := movingScene()
	var scene terminalScene
	scr, writer, theme := screen{w: 160, h: 45}, terminalWriter{palette: trueColour}, newTerminalTheme(trueColour)
	line := &lineEditor{text: "hello", cursor: 5}
	scene.keep(s, 160, 45)
	draw := func() {
		scene.draw(&scr, line, theme)
		writer.update(&scr)
	}
	draw()
	if n := testing.AllocsPerRun(10, draw); n > 0 {
		t.Errorf("drawing allocates %v times", n)
	}
	// Scale has its own account: what it allocates, less what the rest does.
	next()
	small := new(Frame)
	small.Resize(152, 86)
	scaling := testing.AllocsPerRun(5, func() {
		Scale(small, s.Tiles[0].Frame)
		Scale(small, s.Self)
	})
	if n := testing.AllocsPerRun(5, func() { scene.keep(s, 160, 45) }); n > scaling {
		t.Errorf("copying a scene allocates %v times, of which scaling takes %v", n, scaling)
	}
}

func BenchmarkTerminal(b *testing.B) {
	for name, p := range map[string]palette{"true colour": trueColour, "256 colours": colours256} {
		s, next := movingScene()
		var scene terminalScene
		scr, writer, theme := screen{w: 160, h: 45}, terminalWriter{palette: p}, newTerminalTheme(p)
		b.Run(name+"/render", func(b *testing.B) {
			b.ReportAllocs()
			sent := 0
			for b.Loop() {
				b.StopTimer()
				next()
				scene.keep(s, scr.w, scr.h)
				b.StartTimer()
				scene.draw(&scr, new(lineEditor), theme)
				sent += len(writer.update(&scr))
			}
			b.ReportMetric(float64(sent)/float64(b.N), "sent/op")
		})
		b.Run(name+"/render all", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				writer.forget()
				scene.draw(&scr, new(lineEditor), theme)
				writer.update(&scr)
			}
		})
		b.Run(name+"/scale", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				scene.keep(s, scr.w, scr.h)
			}
		})
	}
}
