//go:build !cgo || !gocv_highgui || !gocv_videoio

package main

import (
	"fmt"
	"os"

	"github.com/skulltech/prattle/media"
)

func main() {
	os.Exit(media.CompanionStatus(os.Stderr, fmt.Errorf("%w: prattle-opencv was built without OpenCV; build it with cgo and "+
		"-tags gocv_specific_modules,gocv_highgui,gocv_videoio", media.ErrNoDevice)))
}
