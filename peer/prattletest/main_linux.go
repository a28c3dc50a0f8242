package prattletest

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/skulltech/prattle/peer/netns"
)

// What `make test-net` and `make test-room` tell: go test ./peer/natlab -args -net
var (
	measure = flag.Bool("net", false, "run processes of prattle and print what was measured (root, minutes)")
	runs    = flag.Int("runs", 5, "how often to do what is measured in many runs")
)

// Runs is how often to do what is measured in many runs.
func Runs() int { return *runs }

// buildDir is where the programs are built.
var buildDir string

// Main is the TestMain of a package.
func Main(m *testing.M) {
	flag.Parse()
	// The threads of lines come back from waiting without queueing for one of the few
	// processors that Go would take by itself.
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), 8))
	var err error
	if buildDir, err = os.MkdirTemp("", "prattletest"); err != nil {
		println(err.Error())
		os.Exit(1)
	}
	if *measure {
		told.at = time.Now()
		told.waited, _ = netns.ProcessorWaits()
		fmt.Println("| what | measured | wanted | processors waited for |\n| --- | --- | --- | --- |")
	}
	code := m.Run()
	os.RemoveAll(buildDir)
	if err := goleak.Find(); code == 0 && err != nil {
		println(err.Error())
		code = 1
	}
	os.Exit(code)
}

// Asked says whether processes of prattle are to be run.
func Asked() bool { return *measure }

// WhenAsked skips a test that runs some unless it was asked for.
func WhenAsked(t testing.TB) {
	t.Helper()
	if !Asked() {
		t.Skip("asked for by -net")
	}
}

// NeedsRoot skips a test where namespaces cannot be made, or tools are missing.
func NeedsRoot(t testing.TB, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s: install iproute2, nftables and conntrack", tool)
		}
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root for network namespaces")
	}
}
