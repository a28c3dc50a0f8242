// Package bell lets C wake Go without entering it. A thread of C's that calls Go has
// to wait for a processor (GOMAXPROCS), which may be lent to somebody for a while;
// writing a byte to a pipe waits for nobody.
package bell

import (
	"os"
	"time"
)

// A Bell is rung by C and waited for by one goroutine.
type Bell struct {
	r, w *os.File
	file uintptr
	rung [64]byte // what was read last: no matter
}

// New makes a bell. Close it.
func New() (*Bell, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	b := &Bell{r: r, w: w}
	raw, err := w.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) { b.file = fd })
	}
	if err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// File is the number of the file to which a byte is to be written in order to ring.
// It does not block: when it is full, the bell has been rung often enough.
func (b *Bell) File() uintptr { return b.file }

// Wait returns nil if the bell has been rung since it last did so. Otherwise it waits
// for that, unless limit is 0 for at most so long, and then returns
// os.ErrDeadlineExceeded.
func (b *Bell) Wait(limit time.Duration) error {
	if limit > 0 {
		if err := b.r.SetReadDeadline(time.Now().Add(limit)); err != nil {
			return err
		}
	}
	_, err := b.r.Read(b.rung[:])
	return err
}

// Silence ends a Wait that is under way.
func (b *Bell) Silence() { b.r.SetReadDeadline(time.Unix(0, 1)) }

// Close is for when nobody rings any more: to write to a pipe that nobody can read
// from ends a program.
func (b *Bell) Close() {
	b.w.Close()
	b.r.Close()
}
