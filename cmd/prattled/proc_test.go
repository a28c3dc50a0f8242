package main

import (
	"fmt"
	"strings"
)

func procFile(pid int, name string) string { return fmt.Sprintf("/proc/%d/%s", pid, name) }

// parseMap reads a line of /proc/PID/maps (proc(5)): what a program can read and
// write, and the kernel does not keep to itself.
func parseMap(line string) (first, last int64, ok bool) {
	var rights string
	if n, err := fmt.Sscanf(line, "%x-%x %s", &first, &last, &rights); n != 3 || err != nil {
		return 0, 0, false
	}
	return first, last, strings.HasPrefix(rights, "rw") && !strings.Contains(line, "[v") // vvar, vdso, vsyscall
}
