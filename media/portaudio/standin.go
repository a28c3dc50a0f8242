//go:build cgo && unix

package portaudio

// #include "line.h"
import "C"

import "time"

// What a device's calls do, but for the clock and the bell, for those who stand in
// for a device: the tests, in virtual time.

// heard takes samples from the device, the first of which passed it at that time
// after the epoch.
func (l *line) heard(in []int16, at time.Duration) {
	C.line_heard(l.c, samples(in), C.int(len(in))/l.c.channels, C.int64_t(at), false)
}

// give puts samples to out, of which got of n are there, and returns how many are
// there then.
func (l *line) give(out []int16, n, got int) int {
	return int(C.line_give(l.c, samples(out), C.int(n), C.int(got)))
}

// given ends what give began, for sound that is heard at that time after the epoch.
func (l *line) given(out []int16, n, got int, at time.Duration) {
	C.line_given(l.c, samples(out), C.int(n), C.int(got), C.int64_t(at), false)
}

// due says whether the bell is to be rung.
func (l *line) due() bool { return bool(C.line_due(l.c)) }
