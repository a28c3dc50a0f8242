package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// discardTyped throws away what waits to be read from a terminal.
func discardTyped(fd int) { unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIFLUSH) }

// awaitInput waits until there is something to read, or its end.
func awaitInput(fd int, wait time.Duration) bool {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(wait.Milliseconds()))
	return n > 0 && err == nil
}
