package quality

import (
	"flag"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// What the scoreboards are told: go test ./peer/quality -run Scoreboard -args -net ...
var (
	virtualTime = flag.Bool("sim", false, "run the scoreboard in virtual time")
	realTime    = flag.Bool("net", false, "run the scoreboard in real time between network namespaces (root)")
	length      = flag.Duration("length", time.Minute, "how long each call of a scoreboard lasts at least")
	out         = flag.String("out", "", "directory for the scoreboard's files")
	seed        = flag.Uint64("seed", 1, "of what befalls packets")
)

func TestMain(m *testing.M) {
	flag.Parse()
	// As the program does: sockets in memory have no buffers to be warned of.
	os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	code := m.Run()
	if err := goleak.Find(); code == 0 && err != nil {
		println(err.Error())
		code = 1
	}
	os.Exit(code)
}
