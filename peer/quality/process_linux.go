package quality

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// A process is a prattle in a namespace.
type process struct {
	name   string
	cmd    *exec.Cmd
	notes  strings.Builder // stderr; owned by routineWatch until exited
	ready  chan struct{}   // closed when it has said what is awaited
	exited chan struct{}
	err    error
}

// farewell is how long a process may take to end after it was told to.
const farewell = 5 * time.Second

// start runs a program in a namespace, which is ready when it says a line on stderr
// that begins with await.
func start(ctx context.Context, n *namespace, name, await, program string, args ...string) (*process, error) {
	p := &process{name: name, ready: make(chan struct{}), exited: make(chan struct{})}
	p.cmd = exec.CommandContext(ctx, program, args...)
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = farewell
	// What its user has set up must not change the figures.
	home := os.TempDir() + "/prattle-quality-nowhere"
	p.cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_DATA_HOME="+home, "XDG_STATE_HOME="+home)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	stderr, err := p.cmd.StderrPipe()
	if err == nil {
		err = n.do(p.cmd.Start)
	}
	if err != nil {
		return nil, fmt.Errorf("start the %s: %w", name, err)
	}
	go p.routineWatch(stderr, await)
	return p, nil
}

// routineWatch reads what the process says until it exits.
func (p *process) routineWatch(stderr io.Reader, await string) {
	defer close(p.exited)
	ready := false
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		fmt.Fprintln(&p.notes, lines.Text())
		if !ready && strings.HasPrefix(lines.Text(), await) {
			ready = true
			close(p.ready)
		}
	}
	p.err = p.cmd.Wait()
}

// await waits until the process is ready.
func (p *process) await(ctx context.Context) error {
	select {
	case <-p.ready:
		return nil
	case <-p.exited:
		return fmt.Errorf("the %s ended too early: %w", p.name, errors.Join(p.err, errors.New(p.notes.String())))
	case <-ctx.Done():
		return fmt.Errorf("wait for the %s: %w", p.name, context.Cause(ctx))
	}
}

// wait returns when the process has exited.
func (p *process) wait() error {
	<-p.exited
	if p.err != nil {
		return fmt.Errorf("the %s failed: %w\n%s", p.name, p.err, p.notes.String())
	}
	return nil
}
