package natlab

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"testing"

	"go.uber.org/goleak"
)

// What `make test-net` tells: go test ./peer/natlab -args -net
var (
	measure = flag.Bool("net", false, "make calls between processes of prattle and print what was measured (root, minutes)")
	runs    = flag.Int("runs", 5, "how often to do what is measured in many runs")
)

// buildDir is where the programs are built.
var buildDir string

func TestMain(m *testing.M) {
	if name := os.Getenv(insideVariable); name != "" {
		os.Exit(inside(name))
	}
	flag.Parse()
	// The threads of the lines come back from waiting without queueing for one of
	// the few processors that Go would take by itself.
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), 8))
	var err error
	if buildDir, err = os.MkdirTemp("", "natlab"); err != nil {
		println(err.Error())
		os.Exit(1)
	}
	if *measure {
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

// insideVariable has this program do another thing than test, in a namespace.
const insideVariable = "NATLAB_INSIDE"
