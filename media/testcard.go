package media

import (
	"hash/fnv"
	"io"
	"time"
)

func init() {
	RegisterCamera("test", "test[:NAME]", func(arg string, cfg PictureConfig) (Camera, error) {
		return openTestCamera(arg, cfg), nil
	}, nil)
}

// A testCamera films a planet and its moon beside a clock: something smooth,
// something textured, and two numbers that a person can read. Every picture
// carries a Stamp.
type testCamera struct {
	card  *testCard
	beats *metronome
	next  uint64
}

// openTestCamera makes the camera; another name gives other colours.
func openTestCamera(name string, cfg PictureConfig) *testCamera {
	w, h, fps := cfg.Width, cfg.Height, cfg.FPS
	if w <= 0 || h <= 0 {
		w, h = 1280, 720
	}
	if fps <= 0 {
		fps = 30
	}
	return &testCamera{
		card:  newTestCard(w, h, fps, hueOf(name)),
		beats: newMetronome(tempo{uint64(fps), 1}),
	}
}

// hueOf turns the colours of a named test card, in turns of the colour circle.
func hueOf(name string) float64 {
	if name == "" {
		return 0
	}
	hash := fnv.New32a()
	io.WriteString(hash, name)
	return float64(hash.Sum32()) / (1 << 32)
}

func (c *testCamera) Capture(dst *Frame) error {
	// A late caller gets the picture of now, and misses those between.
	n := max(c.next, c.beats.due())
	if !c.beats.wait(n) {
		return io.EOF
	}
	c.next = n + 1
	now := time.Now()
	c.card.draw(dst, n, now)
	dst.N, dst.Captured = n, now
	return nil
}

func (c *testCamera) Close() error {
	c.beats.stop()
	return nil
}
