//go:build cgo && unix

package portaudio

/*
#cgo pkg-config: portaudio-2.0
#cgo noescape line_put
#cgo nocallback line_put
#cgo noescape line_take
#cgo nocallback line_take
#cgo noescape line_note
#cgo nocallback line_note
#include "line.h"
*/
import "C"

import (
	"runtime"
	"time"
	"unsafe"

	"github.com/gordonklaus/portaudio"
)

// blockSize is how many samples a callback moves: 5 ms. Through PulseAudio that
// gives 20 ms from fill to Read where 10 ms give 40, with as few glitches, also on
// a busy machine.
const blockSize = C.line_block

// memory is how many notes a line holds that nobody has read.
const memory = C.line_notes

// ringSize is how many samples a line holds.
const ringSize = C.line_room

// line is Go's end of what line.h describes.
type line struct {
	c   *C.line_t
	pin runtime.Pinner // while PortAudio knows c
}

// newLine makes a line that has no device. Its notes count from now.
func newLine(plays bool) line {
	return line{c: &C.line_t{plays: C.bool(plays), channels: 1, epoch: C.line_now()}}
}

// open gives the line a device, whose calls write to the file called bell.
func (l *line) open(d *portaudio.DeviceInfo, channels int, latency time.Duration, bell uintptr) error {
	l.c.channels, l.c.bell = C.int(channels), C.int(bell)
	l.pin.Pin(l.c)
	err := result(C.line_open(l.c, C.int(d.Index), C.double(latency.Seconds())))
	if err != nil {
		l.pin.Unpin()
	}
	return err
}

func (l *line) start() error { return result(C.line_start(l.c)) }

// close ends the callbacks.
func (l *line) close() error {
	err := result(C.line_close(l.c))
	l.pin.Unpin()
	return err
}

// len returns how many samples wait.
func (l *line) len() int { return int(C.line_len(l.c)) }

// put appends mono samples: all of them or, if they do not fit, none.
func (l *line) put(block []int16) bool {
	return bool(C.line_put(l.c, samples(block), C.int(len(block)), 1))
}

// take fills block from the front and returns how many samples it got.
func (l *line) take(block []int16) int {
	return int(C.line_take(l.c, samples(block), C.int(len(block))))
}

// drop discards the first n samples, which must be there.
func (l *line) drop(n int) { C.line_drop(l.c, C.int(n)) }

// note takes the oldest note of when a sample passed the device, if there is one.
func (l *line) note() (observation, bool) {
	var n C.note_t
	ok := C.line_note(l.c, &n)
	return observation{int64(n.sample), time.Duration(n.at), bool(n.broken)}, bool(ok)
}

// wish has the bell rung once n samples wait or, if the line plays, fewer than n, and
// says whether that is so already. Then it will not be rung for it.
func (l *line) wish(n int) bool { return bool(C.line_wish(l.c, C.int(n))) }

// settle says whether what the device gets from now on is heard.
func (l *line) settle(settled bool) {
	var v C.uint64_t
	if settled {
		v = 1
	}
	C.line_store(&l.c.settled, v)
}

// The counters of line.h.
func (l *line) read() int64    { return int64(C.line_load(&l.c.sound.read)) }
func (l *line) taken() int64   { return int64(C.line_load(&l.c.taken)) }
func (l *line) lost() int64    { return int64(C.line_load(&l.c.lost)) }
func (l *line) starved() int64 { return int64(C.line_load(&l.c.starved)) }
func (l *line) dry() int64     { return int64(C.line_load(&l.c.dry)) }

// samples is block as C has it.
func samples(block []int16) *C.int16_t { return (*C.int16_t)(unsafe.SliceData(block)) }

// result makes PortAudio's error code the error of the binding.
func result(code C.PaError) error {
	switch code {
	case C.paNoError:
		return nil
	case C.paUnanticipatedHostError:
		host := C.Pa_GetLastHostErrorInfo()
		return portaudio.UnanticipatedHostError{
			HostApiType: portaudio.HostApiType(host.hostApiType),
			Code:        int(host.errorCode),
			Text:        C.GoString(host.errorText),
		}
	}
	return portaudio.Error(code)
}
