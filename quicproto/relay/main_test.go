package relay

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// What the measurement is told: go test ./quicproto/relay -run Throughput -args -measure
var (
	measure = flag.Bool("measure", false, "measure throughput and latency beside coturn (Linux, turnserver, two cores)")
	rounds  = flag.Int("rounds", 5, "how often each server is measured, in turns")
)

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv(serveEnv) != "" {
		serve()
		return
	}
	code := m.Run()
	if err := goleak.Find(); code == 0 && err != nil {
		println(err.Error())
		code = 1
	}
	os.Exit(code)
}
