package quicproto

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// namespaceEnv is set in a test process that has a network of its own.
const namespaceEnv = "PRATTLE_TEST_NAMESPACE"

// inNamespace says whether the test runs in a network namespace of its own. If not,
// it runs it there, in another process: a namespace belongs to a thread, and Go
// moves goroutines from one to another.
func inNamespace(t *testing.T) bool {
	t.Helper()
	if os.Getenv(namespaceEnv) != "" {
		ip(t, "link", "set", "lo", "up")
		return true
	}
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=50s")
	c.Env = append(os.Environ(), namespaceEnv+"=1")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := c.CombinedOutput()
	switch {
	case errors.Is(err, syscall.EPERM):
		t.Skip("needs root, for a network namespace")
	case strings.Contains(string(out), "--- SKIP"):
		t.Skipf("%s", out)
	case err != nil:
		t.Errorf("in a namespace: %v\n%s", err, out)
	default:
		t.Logf("%s", out)
	}
	return false
}

// ip runs ip(8).
func ip(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %v: %v: %s", args, err, out)
	}
}

// addLink makes an interface that is up.
func addLink(t *testing.T, name string) {
	t.Helper()
	ip(t, "link", "add", name, "type", "veth", "peer", "name", "far-"+name)
	ip(t, "link", "set", "far-"+name, "up")
	ip(t, "link", "set", name, "up")
}

// withoutIPv6 keeps addresses from coming by themselves.
func withoutIPv6(t *testing.T) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/all/disable_ipv6", []byte("1"), 0); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Skipf("cannot do without IPv6: %v", err)
	}
}

// startRouter runs a script in a namespace next to ours, to which the interface
// leads that it calls lan, and waits until it has printed a line with ready in it.
func startRouter(t *testing.T, ours, script, ready string) {
	t.Helper()
	c := exec.Command("sh", "-c", "read go; ip link set far-"+ours+" name lan && ip link set lan up && "+script)
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	printed := &awaitedText{want: ready, found: make(chan struct{})}
	c.Stdout, c.Stderr = printed, printed
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
	ip(t, "link", "add", ours, "type", "veth", "peer", "name", "far-"+ours)
	ip(t, "link", "set", "far-"+ours, "netns", strconv.Itoa(c.Process.Pid))
	ip(t, "link", "set", ours, "up")
	if _, err := io.WriteString(in, "\n"); err != nil {
		t.Fatal(err)
	}
	in.Close()
	select {
	case <-printed.found:
	case <-time.After(patience):
		c.Process.Kill()
		c.Wait()
		t.Fatalf("the router did not start: %s", printed.all.String())
	}
}

// awaitedText is written to and says when something has been written.
type awaitedText struct {
	want  string
	all   strings.Builder
	found chan struct{}
	done  bool
}

func (a *awaitedText) Write(b []byte) (int, error) {
	a.all.Write(b)
	if !a.done && strings.Contains(a.all.String(), a.want) {
		a.done = true
		close(a.found)
	}
	return len(b), nil
}
