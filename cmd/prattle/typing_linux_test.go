package main

import (
	"bufio"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// openPty returns both ends of a pseudo-terminal: what is written to master is
// typed on terminal.
func openPty(t *testing.T) (master, terminal *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, terminal
}

// typeLine types and waits until the terminal has it, since that takes its time.
func typeLine(t *testing.T, master, terminal *os.File, line string) {
	t.Helper()
	if _, err := master.WriteString(line + "\n"); err != nil {
		t.Fatal(err)
	}
	for !awaitInput(int(terminal.Fd()), typingWait) {
	}
}

// A "y" that was typed before it rang answers nothing, and while the picture has
// the terminal its view gets what is typed.
func TestTypingWaitsForItsTurn(t *testing.T) {
	master, terminal := openPty(t)
	typing := newTyping(terminal)
	if typing.idle() != nil {
		t.Error("reads before anybody wants to know")
	}
	typeLine(t, master, terminal, "y")
	lines := typing.begin()
	if _, err := master.WriteString("no\n"); err != nil {
		t.Fatal(err)
	}
	if got := <-lines; got != "no" {
		t.Errorf("got %q", got)
	}

	typing.pause(true)
	typeLine(t, master, terminal, "for the view")
	if got, err := bufio.NewReader(terminal).ReadString('\n'); got != "for the view\n" || err != nil {
		t.Errorf("the view got %q, %v", got, err)
	}
	typing.pause(false)
	if _, err := master.WriteString("/quit\n"); err != nil {
		t.Fatal(err)
	}
	if got := <-typing.idle(); got != "/quit" {
		t.Errorf("got %q", got)
	}
	master.Close() // hangs up
	if got, ok := <-lines; ok {
		t.Errorf("got %q after the end", got)
	}
}
