package netns

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A Command says what to run in a namespace.
type Command struct {
	Name  string   // what messages call it
	Await string   // what the line on stderr holds by which it tells that it is ready
	Home  string   // its home directory: what the user has set up must not change a figure
	Env   []string // besides that of this process, NAME=VALUE
	Args  []string
	Stdin *os.File // nil: there is nothing to read
}

// A Process is a program in a namespace.
type Process struct {
	name   string
	cmd    *exec.Cmd
	stdout bytes.Buffer // read only when exited
	ready  chan struct{}
	exited chan struct{}
	said   time.Time // when it was ready; read only when ready
	err    error     // of its end; read only when exited

	mu    sync.Mutex
	notes strings.Builder // stderr
}

// farewell is how long a process may take to end after it was told to.
const farewell = 5 * time.Second

// Start runs a program in the namespace. It is told to end (SIGTERM) when ctx ends,
// and ends with this program.
func (n *Namespace) Start(ctx context.Context, c Command) (*Process, error) {
	p := &Process{name: c.Name, ready: make(chan struct{}), exited: make(chan struct{})}
	p.cmd = exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = farewell
	p.cmd.Env = slices.Concat(os.Environ(), []string{"HOME=" + c.Home,
		"XDG_CONFIG_HOME=" + c.Home, "XDG_DATA_HOME=" + c.Home, "XDG_STATE_HOME=" + c.Home, "XDG_RUNTIME_DIR=" + c.Home}, c.Env)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	p.cmd.Stdout = &p.stdout
	if c.Stdin != nil {
		p.cmd.Stdin = c.Stdin
	}
	stderr, err := p.cmd.StderrPipe()
	if err == nil {
		err = n.Do(p.cmd.Start)
	}
	if err != nil {
		return nil, fmt.Errorf("start the %s: %w", c.Name, err)
	}
	go p.routineWatch(stderr, c.Await)
	return p, nil
}

// routineWatch reads what the process says until it exits.
func (p *Process) routineWatch(stderr io.Reader, await string) {
	defer close(p.exited)
	ready := false
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		p.mu.Lock()
		fmt.Fprintln(&p.notes, lines.Text())
		p.mu.Unlock()
		if !ready && strings.Contains(lines.Text(), await) {
			ready, p.said = true, time.Now()
			close(p.ready)
		}
	}
	p.err = p.cmd.Wait()
}

// Await waits until the process is ready.
func (p *Process) Await(ctx context.Context) error {
	select {
	case <-p.ready:
		return nil
	case <-p.exited:
		return fmt.Errorf("the %s ended too early: %w", p.name, errors.Join(p.err, errors.New(p.Notes())))
	case <-ctx.Done():
		return fmt.Errorf("wait for the %s: %w\n%s", p.name, context.Cause(ctx), p.Notes())
	}
}

// ReadyAt is when a process that was awaited has told that it is ready.
func (p *Process) ReadyAt() time.Time {
	<-p.ready
	return p.said
}

// Wait returns when the process has exited: nil if with 0.
func (p *Process) Wait() error {
	<-p.exited
	if p.err != nil {
		return fmt.Errorf("the %s failed: %w\n%s", p.name, p.err, p.Notes())
	}
	return nil
}

// Exited is closed when the process has exited.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Notes is what the process has written to stderr so far.
func (p *Process) Notes() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.notes.String()
}

// Output is what the process has written to stdout, once it has exited.
func (p *Process) Output() []byte {
	<-p.exited
	return p.stdout.Bytes()
}

// PID is that of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// ExitCode is what the process has ended with, once it has; -1 if a signal ended it.
func (p *Process) ExitCode() int {
	<-p.exited
	return p.cmd.ProcessState.ExitCode()
}

// Signal sends a signal to the process.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Stop ends the process if it has not ended, and waits until it has.
func (p *Process) Stop() {
	p.cmd.Cancel()
	select {
	case <-p.exited:
	case <-time.After(farewell):
		p.cmd.Process.Kill()
		<-p.exited
	}
}
