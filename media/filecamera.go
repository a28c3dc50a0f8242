package media

import (
	"fmt"
	"io"
	"os"
	"time"
)

func init() { RegisterCamera("file", "file:CLIP.y4m", openClip, nil) }

// A clip is a y4m file as a camera: paced at its frame rate and looped without a
// gap. It is read from disk picture by picture. Picture N is the one at index
// N modulo the length of the clip. A pipe instead of a file ends when it ends.
type clip struct {
	file  *os.File
	size  int64 // in bytes; 0 for a pipe
	y4m   *y4mReader
	beats *metronome
	stamp bool

	next  uint64 // the picture that the file stands before
	begun uint64 // the picture with which this round through the file began
}

func openClip(path string, cfg PictureConfig) (Camera, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	c := &clip{file: file, stamp: cfg.Stamp}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		c.size = info.Size()
	}
	if c.y4m, err = newY4MReader(file); err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c.beats = newMetronome(c.y4m.header.rate)
	return c, nil
}

func (c *clip) Capture(dst *Frame) error {
	// A late caller gets the picture of now, and misses those between.
	n := max(c.next, c.beats.due())
	for c.next < n {
		if err := c.advance(c.skip); err != nil {
			return err
		}
	}
	// Read early, the picture is there when its time comes.
	if err := c.advance(func() error { return c.y4m.next(dst) }); err != nil {
		return err
	}
	if !c.beats.wait(n) {
		return io.EOF
	}
	dst.N, dst.Captured = n, time.Now()
	if c.stamp {
		Stamp(dst, dst.N, dst.Captured)
	}
	return nil
}

// advance gets past one picture by means of take, going on at the beginning after the end.
func (c *clip) advance(take func() error) error {
	err := take()
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		if err = c.rewind(); err == nil {
			err = take()
		}
	}
	switch {
	case err == nil:
		c.next++
		return nil
	case c.beats.stopped() || err == io.EOF:
		return io.EOF
	}
	return fmt.Errorf("read %s: %w", c.file.Name(), err)
}

func (c *clip) rewind() error {
	if c.size == 0 {
		return io.EOF
	}
	if c.next == c.begun {
		return fmt.Errorf("%w: no picture in it", errBadY4M)
	}
	c.begun = c.next
	_, err := c.file.Seek(c.y4m.headerSize, io.SeekStart)
	return err
}

// skip passes a picture without reading it.
func (c *clip) skip() error {
	if err := c.y4m.readLine(y4mFrameMagic); err != nil {
		return err
	}
	n := int64(c.y4m.header.pictureBytes())
	if c.size == 0 {
		_, err := io.CopyN(io.Discard, c.file, n)
		return err
	}
	pos, err := c.file.Seek(n, io.SeekCurrent)
	if err == nil && pos > c.size {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (c *clip) Close() error {
	c.beats.stop()
	c.file.Close() // read from only: nothing can be lost
	return nil
}
