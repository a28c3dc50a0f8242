package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"prattled": func() { os.Exit(run()) }})
}

// patience is how long a script waits for what should come at once.
const patience = 20 * time.Second

// TestScripts runs the command lines of testdata, with a home of its own each.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			for _, name := range []string{"XDG_STATE_HOME", "STATE_DIRECTORY", "NOTIFY_SOCKET"} {
				e.Setenv(name, "")
			}
			for _, name := range []string{"PORT", "PORT2", "RELAY", "TLS"} {
				e.Setenv(name, freePort(t))
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "get": get, "metrics": metrics, "nats": startNATS, "append": appendLine, "signal": sendSignal,
			"meet": meet, "peer": newPeer, "refused": refused, "relayed": relayed, "scan": scan,
			"certificate": makeCertificate, "strangers": strangers,
		},
	})
}

// exits CODE COMMAND... runs a command that must end with that exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// freePort finds a port of loopback that nobody has, UDP or TCP.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_, port, err := net.SplitHostPort(l.Addr().String())
		l.Close()
		if err != nil {
			t.Fatal(err)
		}
		if c, err := net.ListenPacket("udp", "127.0.0.1:"+port); err == nil {
			c.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

// get URL [STATUS] writes what is at a URL to the standard output of the script.
func get(ts *testscript.TestScript, _ bool, args []string) {
	want := http.StatusOK
	if len(args) == 2 {
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		want = n
	}
	_, err := ts.Stdout().Write(fetch(ts, args[0], want))
	ts.Check(err)
}

// metrics URL PATTERN... waits until each of the patterns matches a line of what is at
// a URL: what a peer has done may be counted a moment after it knows.
func metrics(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: metrics URL PATTERN...")
	}
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		body := fetch(ts, args[0], http.StatusOK)
		missing := slices.IndexFunc(args[1:], func(pattern string) bool {
			return !regexp.MustCompile("(?m)" + pattern).Match(body)
		})
		if missing < 0 {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("no match for %s in\n%s", args[1+missing], body)
		}
	}
}

// fetch reads what is at a URL of a server that may have yet to start.
func fetch(ts *testscript.TestScript, url string, status int) []byte {
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		r, err := http.Get(url)
		if err != nil && time.Now().Before(end) {
			continue
		}
		ts.Check(err)
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		ts.Check(err)
		if r.StatusCode != status {
			ts.Fatalf("status %d, want %d: %s", r.StatusCode, status, body)
		}
		return body
	}
}

// appendLine FILE LINE writes a line to the end of a file.
func appendLine(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY, 0)
	ts.Check(err)
	_, err = f.WriteString(args[1] + "\n")
	ts.Check(errors.Join(err, f.Close()))
}

// sendSignal HUP|TERM sends a signal to all programs in the background.
func sendSignal(ts *testscript.TestScript, _ bool, args []string) {
	s, ok := map[string]syscall.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM}[args[0]]
	if !ok {
		ts.Fatalf("unknown signal %s", args[0])
	}
	for _, cmd := range ts.BackgroundCmds() {
		if err := cmd.Process.Signal(s); !errors.Is(err, os.ErrProcessDone) {
			ts.Check(err)
		}
	}
}

// startNATS runs a NATS server and puts its URL into $NATS.
func startNATS(ts *testscript.TestScript, _ bool, _ []string) {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true})
	ts.Check(err)
	s.Start()
	if !s.ReadyForConnections(patience) {
		ts.Fatalf("NATS does not start")
	}
	ts.Defer(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	ts.Setenv("NATS", s.ClientURL())
}

func within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	context.AfterFunc(ctx, cancel)
	return ctx
}
