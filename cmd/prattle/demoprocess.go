package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/skulltech/prattle/certs"
)

// process is one of those that take part.
type process struct {
	name      string
	cmd       *exec.Cmd
	stdout    bytes.Buffer
	notes     bytes.Buffer // stderr; owned by watch until exited
	listening chan string
	exited    chan struct{}
	err       error
	started   time.Time
}

// start starts a process where the others are.
func start(c *exec.Cmd) error { return c.Start() }

// start starts a process that launch puts where it belongs.
func (d *demo) start(ctx context.Context, name string, tty *os.File, launch func(*exec.Cmd) error, args ...string) (*process, error) {
	identity := d.identity(name)
	if _, err := certs.Create(identity, nil); err != nil {
		return nil, err
	}
	args = append(args, "--identity", identity, "--name", name, "--config", noConfig, "--measure", "--json")
	p := &process{name: name, listening: make(chan string, 1), exited: make(chan struct{}), started: time.Now()}
	p.cmd = exec.CommandContext(ctx, d.self, args...)
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = 3 * time.Second
	p.cmd.Stdout = &p.stdout
	if tty != nil {
		p.cmd.Stdin = tty
	}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := launch(p.cmd); err != nil {
		return nil, fmt.Errorf("start the %s: %w", name, err)
	}
	go p.watch(stderr)
	return p, nil
}

func (d *demo) identity(name string) string { return filepath.Join(d.dir, name+".pem") }

// watch reads what the process says until it exits.
func (p *process) watch(stderr io.Reader) {
	defer close(p.exited)
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if addr, ok := saidAddr(lines.Text()); ok {
			select {
			case p.listening <- addr:
			default:
			}
		}
		fmt.Fprintln(&p.notes, lines.Text())
	}
	p.err = p.cmd.Wait()
}

// saidAddr finds the address in a line by which listen or join tells it.
func saidAddr(line string) (addr string, ok bool) {
	if addr, ok = strings.CutPrefix(line, "listening on "); ok {
		return addr, true
	}
	if _, line, ok = strings.Cut(line, "in room "); ok {
		_, line, _ = strings.Cut(line, " at ")
		addr, _, ok = strings.Cut(line, ";")
	}
	return addr, ok
}

// addr waits until the process says where it listens.
func (p *process) addr(ctx context.Context) (string, error) {
	select {
	case addr := <-p.listening:
		return addr, nil
	case <-p.exited:
		return "", fmt.Errorf("the %s did not listen: %w", p.name, p.wait(nil))
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// wait waits for the end of the process, and reads the summary that it prints.
func (p *process) wait(summary any) error {
	<-p.exited
	if p.err != nil {
		return fmt.Errorf("the %s failed: %w\n%s", p.name, p.err, p.notes.String())
	}
	if err := json.Unmarshal(p.stdout.Bytes(), summary); err != nil {
		return fmt.Errorf("the %s gave no summary: %w", p.name, err)
	}
	return nil
}

// cost is what the process took: cores over the given time, and megabytes.
func (p *process) cost(seconds float64) (cpu, memoryMB float64) {
	state := p.cmd.ProcessState
	if seconds > 0 {
		cpu = (state.UserTime() + state.SystemTime()).Seconds() / seconds
	}
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		memoryMB = float64(usage.Maxrss) / maxrssPerMB
	}
	return cpu, memoryMB
}
