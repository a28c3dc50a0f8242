package roomlab

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/skulltech/prattle/peer/prattletest"
)

// settling is how long a room takes until all goes evenly.
const settling = 5 * time.Second

// TestSoundOfEight has eight people talk.
func TestSoundOfEight(t *testing.T) {
	r := openRoom(t, 8)
	members := r.meet(r.Hosts)
	prattletest.After(t, settling)
	var s span
	spent := r.spentOf(members, func() { s = r.even() })
	all := flows(members, s)
	heard := 0
	for _, f := range all {
		if f.heard {
			heard++
		} else {
			t.Logf("no sound in some second: %v", f)
		}
	}
	made := of(all, concealed)
	mean := sum(made) / float64(len(made))
	prattletest.Tell("8 people, sound only: links that carry sound", fmt.Sprintf("%d of %d in %.0f s", heard, len(all), s.seconds()), "56 of 56")
	prattletest.Tell("… sound made up", fmt.Sprintf("mean %.2f %%, worst link %.2f %%", 100*mean, 100*slices.Max(made)), "at most 0.5 %")
	prattletest.Tell("… processor", shares(spent), "")
	if heard < len(all)*9/10 || mean > 0.1 {
		t.Error("by far too little sound")
	}
}

// pictures are what four people send and see at 360p: a view of three such pictures.
var pictures = []string{"--measure", "--video", "test", "--video-size", "640x360", "--fps", "15", "--view", "file:/dev/null", "--view-size", "1280x720"}

// TestPicturesOfFour has four people see each other.
func TestPicturesOfFour(t *testing.T) {
	r := openRoom(t, 4)
	members := r.meet(r.Hosts, pictures...)
	prattletest.After(t, settling)
	var s span
	spent := r.spentOf(members, func() { s = r.even() })
	all := flows(members, s)
	for _, f := range all {
		t.Log(f)
	}
	rates, delays := of(all, fps), r.delays(members)
	prattletest.Tell("4 people, 640x360: pictures a second of each of 12", fmt.Sprintf("%.1f to %.1f, made for 15", slices.Min(rates), slices.Max(rates)), "at least 14")
	prattletest.Tell("… from glass to glass, p95 of each of 12", fmt.Sprintf("%.0f to %.0f ms of %d", prattletest.Percentile(delays, 0), prattletest.Percentile(delays, 1), len(delays)), "at most 150 ms")
	prattletest.Tell("… processor", shares(spent), "")
	if slices.Min(rates) < 5 || len(delays) < len(all) || slices.Max(delays) > 1000 {
		t.Error("by far too few pictures, or too late")
	}
}
