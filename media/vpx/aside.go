package vpx

/*
#include "aside.h"
*/
import "C"

import (
	"errors"
	"unsafe"

	"github.com/skulltech/prattle/media/bell"
)

// aside runs what takes C milliseconds, in a thread of C's own. C that is called from
// Go as usual keeps one of Go's processors until the runtime finds that out, after 10
// or 20 ms: with the one that a call makes do with, all else would wait, and sound with
// it.
type aside struct {
	c    *C.aside_t
	done *bell.Bell
}

var errNoThread = errors.New("there is no thread to be had")

func newAside() (*aside, error) {
	done, err := bell.New()
	if err != nil {
		return nil, err
	}
	a := &aside{done: done, c: C.aside_start(C.int(done.File()))}
	if a.c == nil {
		done.Close()
		return nil, errNoThread
	}
	return a, nil
}

// run returns when f(arg) has. What arg points to is C's memory, or pinned.
func (a *aside) run(f *[0]byte, arg unsafe.Pointer) {
	C.aside_run(a.c, f, arg)
	if err := a.done.Wait(0); err != nil {
		panic(err) // a pipe of our own, and C still works with arg
	}
}

func (a *aside) close() {
	C.aside_stop(a.c)
	a.done.Close()
}
