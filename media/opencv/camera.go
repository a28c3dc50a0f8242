//go:build cgo && gocv_highgui && gocv_videoio

package opencv

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gocv.io/x/gocv"

	"github.com/skulltech/prattle/media"
)

// Camera is anything that OpenCV captures from.
type Camera struct {
	mu     sync.Mutex // held while OpenCV works
	video  *gocv.VideoCapture
	mat    gocv.Mat
	format format
	first  *media.Frame // read on opening, until it is captured
	closed atomic.Bool
	n      uint64
	pace   pacer // of a file; a device has its own
	bad    int   // pictures in a row that could not be converted
}

// maxBad is how many broken pictures in a row are skipped: cheap cameras cut a
// JPEG short now and then, above all after their start.
const maxBad = 30

// OpenCamera opens the camera that arg numbers, or a device path, a video file, a
// URL, or a GStreamer pipeline with an appsink. cfg is what a device is asked
// for. It returns when a first picture has come.
func OpenCamera(arg string, cfg media.PictureConfig) (*Camera, error) {
	device, isDevice := deviceOf(arg)
	video, err := openVideo(arg, device, isDevice)
	if err != nil {
		return nil, explain(arg, device, isDevice)
	}
	c := &Camera{video: video, mat: gocv.NewMat()}
	if isDevice {
		c.configure(cfg)
	}
	if err := c.firstPicture(); err != nil {
		c.Close()
		return nil, explain(arg, device, isDevice)
	}
	if info, err := os.Stat(arg); err == nil && info.Mode().IsRegular() {
		c.pace.interval = interval(video.Get(gocv.VideoCaptureFPS))
	}
	return c, nil
}

// deviceOf is the path or the number of a camera device.
func deviceOf(arg string) (device string, isDevice bool) {
	if n, err := strconv.Atoi(arg); err == nil && n >= 0 {
		return "/dev/video" + strconv.Itoa(n), true
	}
	return arg, strings.HasPrefix(arg, "/dev/")
}

func openVideo(arg, device string, isDevice bool) (*gocv.VideoCapture, error) {
	switch {
	case isDevice && runtime.GOOS == "linux":
		// By path: number N means the Nth that exists to some versions.
		return gocv.OpenVideoCaptureWithAPI(device, gocv.VideoCaptureV4L2)
	case strings.Contains(arg, " ! "):
		return gocv.OpenVideoCaptureWithAPI(arg, gocv.VideoCaptureGstreamer)
	}
	if n, err := strconv.Atoi(arg); err == nil {
		return gocv.OpenVideoCapture(n)
	}
	return gocv.OpenVideoCapture(arg)
}

// configure asks the device for what is wished. Whatever it refuses shows in the
// pictures.
func (c *Camera) configure(cfg media.PictureConfig) {
	// Uncompressed, USB 2 carries 10 pictures of 1280x720 a second.
	if cfg.Width*cfg.Height > 640*480 {
		c.video.Set(gocv.VideoCaptureFOURCC, c.video.ToCodec("MJPG"))
	}
	if cfg.Width > 0 && cfg.Height > 0 {
		c.video.Set(gocv.VideoCaptureFrameWidth, float64(cfg.Width))
		c.video.Set(gocv.VideoCaptureFrameHeight, float64(cfg.Height))
	}
	if cfg.FPS > 0 {
		c.video.Set(gocv.VideoCaptureFPS, float64(cfg.FPS))
	}
	c.video.Set(gocv.VideoCaptureBufferSize, 1) // what is old is of no use
	if c.format = formatOf(c.video.CodecString()); c.format != formatUnknown {
		c.video.Set(gocv.VideoCaptureConvertRGB, 0) // saves the way to BGR and back
	}
}

// firstPicture makes sure that pictures come. If they cannot be understood as the
// device has them, OpenCV has to convert them.
func (c *Camera) firstPicture() error {
	first := new(media.Frame)
	err := c.read(first)
	if err != nil && c.format != formatUnknown {
		c.format = formatUnknown
		c.video.Set(gocv.VideoCaptureConvertRGB, 1)
		err = c.read(first)
	}
	c.first = first
	return err
}

// Capture implements media.Camera.
func (c *Camera) Capture(dst *media.Frame) error {
	c.pace.wait()
	for {
		c.mu.Lock()
		err := c.read(dst)
		c.mu.Unlock()
		switch {
		case err == nil:
			dst.N, dst.Captured = c.n, time.Now()
			c.n++
			c.bad = 0
			return nil
		case err == io.EOF && c.pace.interval > 0:
			return io.EOF
		case err == io.EOF:
			return fmt.Errorf("%w: it gives no more pictures", media.ErrNoDevice)
		}
		if c.bad++; c.bad > maxBad {
			return err
		}
	}
}

// read gets one picture. io.EOF means that there is none.
func (c *Camera) read(dst *media.Frame) error {
	if c.first != nil {
		dst.CopyFrom(c.first)
		c.first = nil
		return nil
	}
	if c.closed.Load() || !c.video.Read(&c.mat) || c.mat.Empty() {
		return io.EOF
	}
	return c.format.convert(dst, &c.mat)
}

// Close implements media.Camera. It waits for the picture that is being read.
func (c *Camera) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mat.Close()
	return c.video.Close()
}

// explain finds out why OpenCV, which does not say, got no picture.
func explain(arg, device string, isDevice bool) error {
	if !isDevice {
		return fmt.Errorf("%w: %s cannot be opened as a video", media.ErrNoDevice, arg)
	}
	if runtime.GOOS != "linux" {
		return fmt.Errorf("%w: camera %s does not exist, is in use, or is not permitted", media.ErrNoDevice, arg)
	}
	file, err := os.OpenFile(device, os.O_RDWR, 0)
	switch {
	case os.IsNotExist(err):
		if n, err := strconv.Atoi(arg); err == nil {
			return media.NoCameraError(n)
		}
		return fmt.Errorf("%w: %s does not exist", media.ErrNoDevice, device)
	case os.IsPermission(err):
		return fmt.Errorf("%w: %s may not be opened by this user (on most systems the group video may)", media.ErrDeviceBusy, device)
	case err != nil:
		return fmt.Errorf("%w: %w", media.ErrDeviceBusy, err)
	}
	file.Close()
	return fmt.Errorf("%w: %s gives no picture; another program may be using it", media.ErrDeviceBusy, device)
}

// A pacer lets a file be read no faster than it was recorded. The zero value
// does not wait.
type pacer struct {
	interval time.Duration
	next     time.Time
}

// interval is the time between pictures at fps.
func interval(fps float64) time.Duration {
	if !(fps >= 1 && fps <= 240) {
		fps = 30 // not known
	}
	return time.Duration(float64(time.Second) / fps)
}

func (p *pacer) wait() {
	if p.interval == 0 {
		return
	}
	now := time.Now()
	if late := now.Sub(p.next); late > p.interval {
		p.next = now // the first one, or the reader was away
	}
	time.Sleep(p.next.Sub(now))
	p.next = p.next.Add(p.interval)
}
