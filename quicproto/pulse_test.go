package quicproto

import (
	"testing"
	"time"
)

func TestPulse(t *testing.T) {
	var p pulse
	now := time.Unix(1, 0)
	p.handleHeard(now)

	now = now.Add(10 * sec)
	p.advance(now, false)
	if p.dead() {
		t.Fatal("a call in which nobody sends is taken for dead")
	}

	p.handleHeard(now)
	now = now.Add(deadAfter - ms)
	p.advance(now, true)
	if p.dead() {
		t.Fatal("dead although something was heard lately")
	}

	now = now.Add(ms)
	p.advance(now, true)
	replays := 0
	for range 1000 {
		if p.replay(now) {
			replays++
		}
		now = now.Add(ms)
	}
	if want := int(sec / replayInterval); replays < want || replays > want+1 {
		t.Errorf("%d replays in a second, want %d", replays, want)
	}

	if !p.handleHeard(now) || p.dead() || p.replay(now) {
		t.Error("still dead after a sign of life")
	}
	if p.handleHeard(now) {
		t.Error("revived twice")
	}
}
