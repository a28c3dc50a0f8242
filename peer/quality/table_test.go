package quality

import (
	"bytes"
	"encoding/json"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// small is a scoreboard of two rows, one of which misses a goal.
func small() *Scoreboard {
	var s Scoreboard
	s.How = "by hand"
	for _, age := range []time.Duration{30 * time.Millisecond, 80 * time.Millisecond} {
		row := &Row{
			Name: age.String(), Title: "ages of " + age.String(), Chromium: "85 ms",
			Link:  quictest.Link{Rate: media.Mbps},
			Goals: append(delays(42, 50), atMost(FullPicture, 2), atMost(WireRatio, 1.3)),
		}
		s.Add(&Recording{
			Row: row, Length: 12 * time.Second,
			Shown: shownAt(age, steadily(0, 300)...), Packets: stream(0, 12*time.Second, 0),
		})
	}
	return &s
}

func TestTableMarksWhatIsMissed(t *testing.T) {
	var b bytes.Buffer
	if err := small().WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"30/30 ≤42/50 ✓", "80/80 ≤42/50 ✗", "720 lines after s 0 ≤2 ✓"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}

func TestMarkdownIsATable(t *testing.T) {
	var b bytes.Buffer
	if err := small().WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(b.String()) {
		if strings.HasPrefix(line, "|") {
			if rows++; strings.Count(line, "|") != len(columns)+4 {
				t.Errorf("%d columns in %q", strings.Count(line, "|")-1, line)
			}
		}
	}
	if rows != 4 || !strings.Contains(b.String(), "**80/80 ≤42/50 ✗**") {
		t.Errorf("%d rows in\n%s", rows, b.String())
	}
}

func TestJSONTellsFiguresAndWhatIsMissed(t *testing.T) {
	var b bytes.Buffer
	if err := small().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Rows []struct {
			Name    string
			Figures map[string]float64
			Missed  []string
		}
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Rows) != 2 || got.Rows[1].Figures["glass_p95_ms"] != 80 {
		t.Fatalf("%+v", got)
	}
	if missed := strings.Join(got.Rows[1].Missed, ", "); missed != "glass_p50_ms ≤42, glass_p95_ms ≤50" {
		t.Errorf("missed: %s", missed)
	}
	if _, ok := got.Rows[0].Figures["worst_glass_ms"]; ok {
		t.Error("a figure about an event that the row does not have")
	}
}

func TestPictureOfCallsWithAndWithoutPictures(t *testing.T) {
	s := small()
	s.Add(&Recording{Row: &Row{Title: "nothing"}, Length: 12 * time.Second})
	s.Add(&Recording{Row: &Row{Title: "one old picture"}, Length: 12 * time.Second, Shown: shownAt(time.Second, 11*time.Second)})
	var b bytes.Buffer
	if err := s.WritePNG(&b); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if size := img.Bounds().Size(); size.X < 1500 || size.Y < 800 {
		t.Errorf("a picture of %v", size)
	}
}

func TestGoalsAreWrittenBriefly(t *testing.T) {
	for _, c := range []struct {
		goals []Goal
		want  string
	}{
		{nil, ""},
		{delays(42, 50), "≤42/50"},
		{[]Goal{atLeast(LinkShare, 30), atMost(LinkShare, 60)}, "≥30 ≤60"},
	} {
		if got := joined(c.goals); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestRowsAreSound(t *testing.T) {
	seen := make(map[string]bool)
	for _, r := range Rows() {
		if seen[r.Name] || r.Title == "" || len(r.Goals) == 0 || strings.ContainsAny(r.Name, " /|") {
			t.Errorf("row %q is there twice, has no title or no goals, or cannot be named with -run", r.Name)
		}
		seen[r.Name] = true
		for _, c := range r.Changes {
			if c.At <= 0 || c.At > r.length(0)-aftermath {
				t.Errorf("%s: the link changes at %v of %v", r.Name, c.At, r.length(0))
			}
		}
		for _, g := range r.Goals {
			if _, named := names[g.Metric]; !named && !inColumns(g.Metric) {
				t.Errorf("%s: %s would be in no table", r.Name, g.Metric)
			}
		}
	}
}

func inColumns(m Metric) bool {
	for _, c := range columns {
		for _, have := range c.metrics {
			if have == m {
				return true
			}
		}
	}
	return false
}

func TestFiguresOfACrowdedMachineAreDoubted(t *testing.T) {
	for _, c := range []struct {
		crowded float64
		want    bool
	}{{-1, false}, {0.2, false}, {0.7, true}} {
		var s Scoreboard
		s.Add(&Recording{Row: &Row{Title: "clean"}, Length: 12 * time.Second, Crowded: c.crowded})
		var b bytes.Buffer
		if err := s.WriteTable(&b); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(b.String(), "clean (70 %)"); got != c.want {
			t.Errorf("processors waited for %g of the time: doubted %v", c.crowded, got)
		}
	}
}
