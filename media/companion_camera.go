package media

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
)

func init() {
	RegisterCamera("camera", "camera[:N]", openCompanionCamera, listCameras)
}

// companionCamera is a camera whose driver runs in the companion.
type companionCamera struct {
	proc     *companion
	pictures *relay[Frame]
	ended    chan struct{} // closed when no more pictures come, for the reason err
	err      error
	closed   chan struct{}
	closing  sync.Once
	captured bool
	firstN   uint64 // number at its source of the first picture captured
}

// openCompanionCamera opens camera number arg (0 if empty), or whatever else
// OpenCV opens by a name: a device path, a video file, a URL, a GStreamer
// pipeline. It returns when the first picture is there.
func openCompanionCamera(arg string, cfg PictureConfig) (Camera, error) {
	if arg == "" {
		arg = "0"
	}
	if err := checkCamera(arg); err != nil {
		return nil, err
	}
	proc, err := startCompanion("camera", "-version", CompanionVersion,
		"-size", fmt.Sprintf("%dx%d", cfg.Width, cfg.Height), "-fps", strconv.Itoa(cfg.FPS), "--", arg)
	if err != nil {
		return nil, err
	}
	c := &companionCamera{proc: proc, pictures: newRelay[Frame](), ended: make(chan struct{}), closed: make(chan struct{})}
	go c.receive()
	if err := c.await(companionPatience); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// checkCamera refuses the number of a camera that does not exist, where that can
// be told without the companion.
func checkCamera(arg string) error {
	n, err := strconv.Atoi(arg)
	if err != nil || !camerasKnown || hasCamera(n) {
		return nil
	}
	return NoCameraError(n)
}

// NoCameraError says that there is no camera n, and which there are.
func NoCameraError(n int) error {
	var specs []string
	for _, d := range listCameras() {
		specs = append(specs, fmt.Sprintf("%s (%s)", d.Spec, d.Name))
	}
	if len(specs) == 0 {
		return fmt.Errorf("%w: camera %d; this machine has none", ErrNoDevice, n)
	}
	return fmt.Errorf("%w: camera %d; there is %s", ErrNoDevice, n, strings.Join(specs, ", "))
}

// await returns when the first picture has come, or did not come in time.
func (c *companionCamera) await(patience time.Duration) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-c.pictures.waiting.Ready():
		return nil
	case <-c.ended:
		if c.err == io.EOF {
			return fmt.Errorf("%w: it gave no picture", ErrNoDevice)
		}
		return c.err
	case <-timer.C:
		return fmt.Errorf("%w: it gave no picture in %v", ErrDeviceBusy, patience)
	}
}

// receive reads pictures as fast as they come, so that none grows old in the pipe.
func (c *companionCamera) receive() {
	defer close(c.ended)
	r := newWireReader(c.proc.out)
	for {
		f := c.pictures.blank()
		if err := readPicture(r, f); err != nil {
			c.err = c.proc.failure()
			return
		}
		c.pictures.put(f)
	}
}

// Capture implements Camera. If the companion or its device fails, the error
// wraps ErrNoDevice or ErrDeviceBusy.
func (c *companionCamera) Capture(dst *Frame) error {
	for {
		if c.isClosed() {
			return io.EOF
		}
		if f, ok := c.pictures.take(); ok {
			c.number(f)
			dst.CopyFrom(f)
			c.pictures.done(f)
			return nil
		}
		select {
		case <-c.pictures.waiting.Ready():
		case <-c.closed:
		case <-c.ended:
			if c.isClosed() {
				return io.EOF
			}
			return c.err
		}
	}
}

// number counts from the first picture captured: others may have come and gone
// since the camera was opened.
func (c *companionCamera) number(f *Frame) {
	if !c.captured {
		c.captured, c.firstN = true, f.N
	}
	f.N -= c.firstN
}

func (c *companionCamera) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// Close implements Camera.
func (c *companionCamera) Close() error {
	c.closing.Do(func() {
		close(c.closed)
		c.proc.stop()
		<-c.ended
	})
	return nil
}
