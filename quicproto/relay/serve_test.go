package relay

import (
	"io"
	"math"
	"net/netip"
	"os"
	"runtime/pprof"
)

// serveEnv makes the test program a server on the address it holds, until its
// standard input ends.
const serveEnv = "PRATTLE_RELAY_SERVE"

// profileEnv names a file for the server's CPU profile.
const profileEnv = "PRATTLE_RELAY_PROFILE"

// serve is such a server.
func serve() {
	if name := os.Getenv(profileEnv); name != "" {
		f, err := os.Create(name)
		if err != nil {
			panic(err)
		}
		_ = pprof.StartCPUProfile(f)
		defer pprof.StopCPUProfile()
	}
	c := allowLoopback(testConfig())
	c.UDP = []netip.AddrPort{netip.MustParseAddrPort(os.Getenv(serveEnv))}
	c.Metrics = nil
	unlimited := Rate{Packets: math.MaxInt32, Bytes: math.MaxInt32}
	c.Limits = Limits{Allocation: unlimited, User: unlimited}
	s, err := Listen(c)
	if err != nil {
		panic(err)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	s.Close()
}
