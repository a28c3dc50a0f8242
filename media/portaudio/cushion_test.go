//go:build cgo && unix

package portaudio

import (
	"testing"

	"github.com/skulltech/prattle/media"
)

func TestCushionGrowsToItsLimit(t *testing.T) {
	var c cushion
	if c.size() != 1 {
		t.Fatalf("begins with %d blocks, want 1", c.size())
	}
	for range 3 {
		c.ranDry()
	}
	if c.size() != 4 {
		t.Errorf("after running dry three times: %d blocks, want 4", c.size())
	}
	for range 100 {
		c.ranDry()
	}
	if c.size() != maxCushion {
		t.Errorf("%d blocks, want the limit, %d", c.size(), maxCushion)
	}
}

func TestCushionShrinksWhenCalm(t *testing.T) {
	var c cushion
	c.ranDry()
	c.ranDry()
	c.ranWell(firstTrial - 1)
	if c.size() != 3 {
		t.Fatalf("shrank before its time to %d", c.size())
	}
	c.ranWell(1)
	c.ranWell(firstTrial)
	c.ranWell(firstTrial)
	if c.size() != 1 {
		t.Errorf("after three calm periods: %d blocks, want 1", c.size())
	}
}

// TestCushionLearnsItsPlace: a device that asks in bursts of two runs dry
// whenever one block alone lies ready. Within an hour that may happen a few times.
func TestCushionLearnsItsPlace(t *testing.T) {
	var c cushion
	dry := 0
	for played := 0; played < 3600*media.SampleRate; played += blockSize {
		if c.size() < 2 {
			c.ranDry()
			dry++
		} else {
			c.ranWell(blockSize)
		}
	}
	if dry < 2 || dry > 13 {
		t.Errorf("ran dry %d times in an hour, want at least one new trial and at most a dozen", dry)
	}
}
