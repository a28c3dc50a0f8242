package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
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
			"exits": exits, "get": get, "nats": startNATS, "append": appendLine, "signal": sendSignal,
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
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		r, err := http.Get(args[0])
		if err != nil && time.Now().Before(end) {
			continue // it has yet to start
		}
		ts.Check(err)
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		ts.Check(err)
		if r.StatusCode != want {
			ts.Fatalf("status %d, want %d: %s", r.StatusCode, want, body)
		}
		_, err = ts.Stdout().Write(body)
		ts.Check(err)
		return
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
