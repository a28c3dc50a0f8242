//go:build unix

package media

import (
	"os"
	"os/signal"
	"syscall"
)

// notifyResize returns a channel that tells when the terminal's size may have changed.
func notifyResize() chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGWINCH)
	return c
}

func stopResize(c chan os.Signal) { signal.Stop(c) }
