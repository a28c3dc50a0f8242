package quality

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// TestScoreboardInRealTime is `make quality-net`.
func TestScoreboardInRealTime(t *testing.T) {
	if !*realTime {
		t.Skip("asked for by -net")
	}
	needNamespaces(t)
	// The threads of the line come back from waiting without queueing for one of
	// the few processors that Go would take by itself.
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), 8))
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop() // a call that is interrupted takes its files with it
	program := filepath.Join(t.TempDir(), "prattle")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "github.com/skulltech/prattle/cmd/prattle")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := Scoreboard{How: "in real time between network namespaces"}
	for _, row := range Rows() {
		t.Run(row.Name, func(t *testing.T) {
			x := realtime{row: &row, length: row.length(*length), program: program, dir: t.TempDir(), seed: *seed}
			r, err := x.run(ctx)
			if err != nil {
				t.Fatal(err)
			}
			tell(t, s.Add(r))
		})
		if ctx.Err() != nil {
			t.Fatal("interrupted")
		}
	}
	finish(t, &s, "quality-net")
}
