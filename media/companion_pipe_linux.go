package media

import (
	"os"

	"golang.org/x/sys/unix"
)

// pipeSize is what an unprivileged process may have, in bytes: most of a picture
// of 1280x720 in one go, where the usual 64 kB make both ends take turns.
const pipeSize = 1 << 20

// widenPipe makes the pipe that f is an end of hold pipeSize, if it may.
func widenPipe(f *os.File) {
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	// Refused, the pipe works as before.
	_ = raw.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeSize) })
}
