//go:build cgo && gocv_highgui && gocv_videoio

package opencv

/*
#cgo !windows pkg-config: opencv4
#cgo CXXFLAGS: -std=c++11
#include <stdlib.h>
#include "highgui.h"
*/
import "C"

import (
	"fmt"
	"unsafe"

	"gocv.io/x/gocv"

	"github.com/skulltech/prattle/media"
)

// newPlainWindow opens a window. Its thread is locked: the toolkit wants all
// calls from one, on macOS from the main one.
func newPlainWindow(name string) (*gocv.Window, error) {
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	if C.openPlainWindow(cname) != 0 {
		return nil, fmt.Errorf("%w: the window does not open", media.ErrNoDevice)
	}
	return gocv.NewWindow(name), nil // finds the one that is open
}

// imageSize is the size in pixels of what the window shows, 0 if it is gone.
func imageSize(name string) (w, h int) {
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	var cw, ch C.int
	if C.windowImageSize(cname, &cw, &ch) != 0 {
		return 0, 0
	}
	return int(cw), int(ch)
}
