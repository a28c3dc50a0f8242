package quality

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestScoreboardInVirtualTime is `make quality`.
func TestScoreboardInVirtualTime(t *testing.T) {
	if !*virtualTime {
		t.Skip("asked for by -sim")
	}
	s := Scoreboard{How: "in virtual time, " + codecs}
	for _, row := range Rows() {
		t.Run(row.Name, func(t *testing.T) {
			tell(t, s.Add(simulate(t, &row, row.length(*length), *seed)))
		})
	}
	finish(t, &s, "quality")
}

// tell says what a row came to, while others are still to be run.
func tell(t *testing.T, o *Outcome) {
	t.Helper()
	t.Logf("%s; missed: %v; processors waited for: %g %%", o.inWords(), o.Missed(), o.Figures[CPUWait])
}

// finish prints the scoreboard and writes it to files of a name.
func finish(t *testing.T, s *Scoreboard, name string) {
	t.Helper()
	if len(s.Outcomes) == 0 {
		return
	}
	fmt.Println()
	if err := s.WriteTable(os.Stdout); err != nil {
		t.Fatal(err)
	}
	if *out == "" {
		return
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		t.Fatal(err)
	}
	for suffix, write := range map[string]func(io.Writer) error{
		".json": s.WriteJSON,
		".md":   s.WriteMarkdown,
		".png":  s.WritePNG,
	} {
		f, err := os.Create(filepath.Join(*out, name+suffix))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(write(f), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
}
