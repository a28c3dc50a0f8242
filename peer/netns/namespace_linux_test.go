package netns

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T) *Namespace {
	t.Helper()
	n, err := Open()
	if err != nil {
		t.Skipf("needs root: %v", err)
	}
	t.Cleanup(n.Close)
	return n
}

func TestProcessesSeeTheirNamespace(t *testing.T) {
	n := open(t)
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte("outside"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := n.SetFile(name, "inside"); err != nil {
		t.Fatal(err)
	}
	p, err := n.Start(t.Context(), Command{
		Name: "shell", Await: "ready", Home: "/nowhere",
		Args: []string{"sh", "-c", "cat " + name + "; echo \" $HOME\"; readlink /proc/self/ns/net; echo ready >&2; read line"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err == nil { // there is no line to read
		t.Error("the shell did not say that it failed")
	}
	var own string
	err = n.Do(func() (err error) {
		own, err = os.Readlink(n.Path())
		return err
	})
	if want := "inside /nowhere\n" + own + "\n"; err != nil || string(p.Output()) != want {
		t.Errorf("it saw %q, want %q; %v", p.Output(), want, err)
	}
	if !strings.Contains(p.Notes(), "ready") {
		t.Errorf("notes: %q", p.Notes())
	}
	if outside, err := os.ReadFile(name); string(outside) != "outside" {
		t.Errorf("outside the file says %q; %v", outside, err)
	}
}

func TestAProcessIsAwaitedAndStopped(t *testing.T) {
	n := open(t)
	p, err := n.Start(t.Context(), Command{Name: "sleeper", Await: "ready", Args: []string{"sh", "-c", "echo ready now >&2; exec sleep 60"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Await(t.Context()); err != nil {
		t.Error(err)
	}
	p.Stop()
	if err := p.Wait(); err == nil {
		t.Error("a process that was stopped has ended well")
	}
	early, err := n.Start(t.Context(), Command{Name: "early", Await: "ready", Args: []string{"sh", "-c", "echo why >&2; exit 3"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := early.Await(t.Context()); err == nil || !strings.Contains(err.Error(), "why") {
		t.Errorf("of a process that ended before it was ready: %v", err)
	}
	if _, err := n.Start(t.Context(), Command{Name: "nothing", Args: []string{"/no/such/program"}}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of a program that does not exist: %v", err)
	}
}
