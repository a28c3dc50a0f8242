package media

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestShorten(t *testing.T) {
	face := new(typefaces).face(regular, 15)
	long := "Dora Marquez-Hernandez de la Torre"
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"ana", 100, "ana"},
		{"", 0, ""},
		{long, face.width(long), long},
		{"ana lovelace", face.width("ana l"), "an…"},
		{"ana lovelace", face.width("ana …"), "ana…"}, // no space before the ellipsis
		{"ana", 0, "…"},
		{"漢字漢字", -5, "…"},
	} {
		if got := face.shorten(c.text, c.width); got != c.want {
			t.Errorf("%q in %d pixels: %q, want %q", c.text, c.width, got, c.want)
		}
	}
	for width := 30; width < 300; width++ {
		if got := face.shorten(long, width); face.width(got) > width {
			t.Errorf("%q is %d wide, want %d at most", got, face.width(got), width)
		}
	}
}

func TestWrap(t *testing.T) {
	face := new(typefaces).face(regular, 15)
	w := face.width("mmmm mmmm")
	for _, c := range []struct {
		text   string
		indent int
		want   []string
	}{
		{"", 0, []string{""}},
		{"mmmm", 0, []string{"mmmm"}},
		{"mmmm mmmm", 0, []string{"mmmm mmmm"}},
		{"mmmm mmmm mmmm", 0, []string{"mmmm mmmm", "mmmm"}},
		{"mmmmmmmmmmmmmm m", 0, []string{"mmmmmmmm", "mmmmmm m"}},
		{"mm mm mm mm mm mm mm mm mm mm mm mm", 0, []string{"mm mm mm", "mm mm mm", "mm mm mm…"}},
		{"mmmm mmmm mmmm", w / 2, []string{"mmmm", "mmmm mmmm"}},
	} {
		if got := face.wrapAfter(c.text, c.indent, w, 3); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q after %d pixels: %q, want %q", c.text, c.indent, got, c.want)
		}
	}
	// However narrow, all of the text but the last line's end is there.
	if got := face.wrap("漢字 abc", 1, 10); strings.ReplaceAll(strings.Join(got, ""), " ", "") != "漢字ab…" &&
		strings.Join(got, "") != "……" && got[0] == "" {
		t.Errorf("in 1 pixel: %q", got)
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"ana": "A", "Ana Lovelace": "AL", "dora de la torre": "DT", "  émile  ": "É", "r2d2": "R", "(bob)": "B",
		"": "?", "…": "?", "漢字": "漢", "ß": "ß",
	} {
		if got := initials(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestSplitWriter(t *testing.T) {
	for _, c := range []struct{ line, writer, text string }{
		{"ana: hello", "ana", "hello"},
		{"ana: see: this", "ana", "see: this"},
		{"no writer", "", "no writer"},
		{": x", "", ": x"},
		{"12:30", "", "12:30"},
		{strings.Repeat("x", 60) + ": y", "", strings.Repeat("x", 60) + ": y"},
	} {
		if writer, text := splitWriter(c.line); writer != c.writer || text != c.text {
			t.Errorf("%q: %q and %q, want %q and %q", c.line, writer, text, c.writer, c.text)
		}
	}
}

func TestSplitCells(t *testing.T) {
	for line, want := range map[string][]string{
		"rtt  24 ms":         {"rtt", "24 ms"},
		"rtt         24 ms ": {"rtt", "24 ms"},
		"a\tb\t\tc":          {"a", "b", "c"},
		"one line":           {"one line"},
		"":                   nil,
	} {
		if got := splitCells(line); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

func TestColumnsDoNotOverlap(t *testing.T) {
	face := new(typefaces).face(regular, 13)
	rows := [][]string{{"a", "longer value", "x"}, {"longer label", "b"}, {"a heading by itself, longer than all"}, nil}
	starts := columnStarts(face, rows, 10)
	if len(starts) != 4 {
		t.Fatalf("starts %v, want three columns and an end", starts)
	}
	for _, row := range rows[:2] {
		for k, cell := range row {
			if end := starts[k] + face.width(cell) + 10; end > starts[k+1] {
				t.Errorf("%q of column %d ends at %d, column %d begins at %d", cell, k, end, k+1, starts[k+1])
			}
		}
	}
	if end := face.width(rows[2][0]); end+10 > starts[3] {
		t.Errorf("the heading ends at %d, all columns at %d", end, starts[3])
	}
}

// Lines come at the end and go at the beginning; each fades by itself.
func TestChatFades(t *testing.T) {
	var c chatLog
	now := sceneTime
	shown := func() string {
		var texts []string
		for _, l := range c.latest(now) {
			texts = append(texts, l.text)
		}
		return strings.Join(texts, " ")
	}
	check := func(when, want string) {
		t.Helper()
		if got := shown(); got != want {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	c.update(now, nil)
	check("at first", "")
	c.update(now, []string{"a", "b"})
	check("two lines", "a b")
	now = now.Add(chatStays / 2)
	c.update(now, []string{"b", "c"})
	check("one goes, one comes", "b c")
	now = now.Add(chatStays/2 + chatFades/2)
	c.update(now, []string{"b", "c"})
	check("while b fades", "b c")
	if o := c.latest(now)[0].opacity(now); o <= 0 || o >= opaque {
		t.Errorf("b has opacity %d in the middle of fading", o)
	}
	if o := c.latest(now)[1].opacity(now); o != opaque {
		t.Errorf("c has opacity %d, want %d", o, opaque)
	}
	now = now.Add(chatFades / 2)
	check("b has faded", "c")
	c.update(now, []string{"b", "c", "c"})
	check("said again", "c c")
	now = now.Add(time.Hour)
	check("long after", "")
	c.update(now, []string{"1", "2", "3", "4", "5", "6", "7", "8"})
	check("many", "3 4 5 6 7 8")
	c.update(now, nil)
	check("cleared", "")
}

func TestFindFonts(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/Second.ttf", "b/c/First.ttc", "b/Other.ttf"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("no font"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{filepath.Join(dir, "b/c/First.ttc"), filepath.Join(dir, "a/Second.ttf")}
	got := findFonts([]string{filepath.Join(dir, "absent"), dir}, []string{"First.ttc", "Second.ttf", "Third.ttf"})
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if fonts := openFonts(got); fonts != nil {
		t.Errorf("files that are no fonts were opened: %v", fonts)
	}
}

// Runes that no font has are drawn as boxes, not left out.
func TestUnknownRunesHaveWidth(t *testing.T) {
	face := new(typefaces).face(regular, 15)
	if w := face.width("\U0010FFFD"); w <= 0 {
		t.Errorf("width %d", w)
	}
}
