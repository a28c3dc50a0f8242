package netns

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// A Namespace is a network of its own on this machine, and the mounts of the
// processes in it. Only its loopback device exists at first, and is up.
type Namespace struct {
	jobs chan func()
	path string // names it to programs like ip, as long as it is open
	once sync.Once
}

// Open makes a namespace. It is gone once it is closed and no process is in it.
func Open() (*Namespace, error) {
	n := &Namespace{jobs: make(chan func())}
	go n.routineInside()
	err := n.Do(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET | unix.CLONE_NEWNS); err != nil {
			return fmt.Errorf("make a network namespace: %w", err)
		}
		// What is mounted in here must not be seen outside.
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			return fmt.Errorf("make the mounts of a namespace private: %w", err)
		}
		n.path = fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), unix.Gettid())
		return up("lo")
	})
	if err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// routineInside runs jobs on a thread that is in the namespace. The thread is
// never unlocked: it ends with the goroutine.
func (n *Namespace) routineInside() {
	runtime.LockOSThread()
	for job := range n.jobs {
		job()
	}
}

// Do calls f inside the namespace: sockets that it opens and processes that it
// starts belong there, and stay there.
func (n *Namespace) Do(f func() error) error {
	done := make(chan error)
	n.jobs <- func() { done <- f() }
	return <-done
}

// Path is the file that stands for the namespace until it is closed.
func (n *Namespace) Path() string { return n.path }

// SetFile lets the processes in the namespace see other contents of a file that
// exists, such as /etc/hosts.
func (n *Namespace) SetFile(name, contents string) error {
	f, err := os.CreateTemp("", "netns")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // it goes on existing where it is mounted
	_, err = f.WriteString(contents)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = n.Do(func() error { return unix.Mount(f.Name(), name, "", unix.MS_BIND, "") })
	}
	if err != nil {
		return fmt.Errorf("replace %s in a namespace: %w", name, err)
	}
	return nil
}

// Close ends the namespace, but for the processes that are in it.
func (n *Namespace) Close() {
	n.once.Do(func() { close(n.jobs) })
}
