package netns

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// clockTick is the unit in which the kernel tells programs of processor time: USER_HZ,
// the same on all architectures.
const clockTick = time.Second / 100

// ProcessorTime is how long a process has computed so far.
func (p *Process) ProcessorTime() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID()))
	if err != nil {
		return 0, err
	}
	// The name of the program, in parentheses, may hold anything (proc_pid_stat(5)).
	var state string
	var skip, user, system int64
	_, err = fmt.Sscan(string(stat[bytes.LastIndexByte(stat, ')')+1:]),
		&state, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &user, &system)
	return time.Duration(user+system) * clockTick, err
}

// Memory is what a process has in its memory now, without the text of its program.
func (p *Process) Memory() ([]byte, error) {
	maps, err := os.Open(fmt.Sprintf("/proc/%d/maps", p.PID()))
	if err != nil {
		return nil, err
	}
	defer maps.Close()
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", p.PID()))
	if err != nil {
		return nil, err
	}
	defer mem.Close()
	var all bytes.Buffer
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var from, to uint64
		var mode string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &mode); err != nil {
			return nil, err
		}
		if !strings.HasPrefix(mode, "rw") {
			continue
		}
		// Pages that were never touched cannot be read everywhere.
		_, err := io.Copy(&all, io.NewSectionReader(mem, int64(from), int64(to-from)))
		if err != nil && !errors.Is(err, unix.EIO) && !errors.Is(err, unix.EFAULT) {
			return nil, err
		}
	}
	return all.Bytes(), nil
}
