package netns

import (
	"fmt"
	"os"
	"time"
)

// ProcessorWaits is for how long, since the machine was started, something had to
// wait for a processor (Linux, Documentation/accounting/psi.rst); false where the
// kernel does not count it.
func ProcessorWaits() (time.Duration, bool) {
	text, err := os.ReadFile("/proc/pressure/cpu")
	if err != nil {
		return 0, false
	}
	var avg10, avg60, avg300 float64
	var total int64 // microseconds
	_, err = fmt.Sscanf(string(text), "some avg10=%f avg60=%f avg300=%f total=%d", &avg10, &avg60, &avg300, &total)
	return time.Duration(total) * time.Microsecond, err == nil
}
