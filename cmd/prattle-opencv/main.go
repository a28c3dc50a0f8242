//go:build cgo && gocv_highgui && gocv_videoio

// Command prattle-opencv is the camera and the window of prattle, which starts
// it when one of them is opened. It is a program of its own because OpenCV costs
// every program that links it 100 ms and 70 MB at its start, because window
// systems want the main thread, and because what aborts in there must not end a
// call.
//
//	prattle-opencv camera -version V -size WxH -fps N DEVICE
//	prattle-opencv window -version V -size WxH TITLE
//
// It ends when its standard input does.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/opencv"
)

// The toolkit wants the main thread, on which init and main run.
func init() { runtime.LockOSThread() }

func main() {
	// Ctrl-C reaches all of the terminal's foreground; prattle ends this program
	// when it has hung up.
	signal.Ignore(os.Interrupt)
	os.Exit(media.CompanionStatus(os.Stderr, run(os.Args[1:])))
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("%w: prattle-opencv is started by prattle", media.ErrBadSpec)
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	version := flags.String("version", "", "of what runs over standard input and output")
	size := flags.String("size", "1280x720", "wished size in pixels")
	fps := flags.Int("fps", 30, "wished pictures a second")
	if err := flags.Parse(args[1:]); err != nil {
		return fmt.Errorf("%w: %w", media.ErrBadSpec, err)
	}
	if *version != media.CompanionVersion {
		return fmt.Errorf("%w: prattle-opencv (%s) is of another version than prattle (%s)", media.ErrBadSpec, media.CompanionVersion, *version)
	}
	cfg := media.PictureConfig{FPS: *fps, Title: flags.Arg(0)}
	if _, err := fmt.Sscanf(*size, "%dx%d", &cfg.Width, &cfg.Height); err != nil {
		return fmt.Errorf("%w: size %q", media.ErrBadSpec, *size)
	}
	switch args[0] {
	case "camera":
		return runCamera(flags.Arg(0), cfg)
	case "window":
		return runWindow(cfg)
	}
	return fmt.Errorf("%w: %q", media.ErrBadSpec, args[0])
}

func runCamera(device string, cfg media.PictureConfig) error {
	camera, err := opencv.OpenCamera(device, cfg)
	if err != nil {
		return err
	}
	return media.ServeCamera(os.Stdin, os.Stdout, camera)
}

func runWindow(cfg media.PictureConfig) error {
	window, err := opencv.OpenWindow(cfg)
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- media.ServeView(os.Stdin, os.Stdout, window) }()
	window.Run()
	return <-served
}
