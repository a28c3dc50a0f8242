package quicproto

import (
	"slices"
	"testing"
	"time"
)

func TestTailWatch(t *testing.T) {
	var w tailWatch
	now := time.Unix(1, 0)
	const quiet = 4 * ms
	w.handleVideo(now, 65534, false, quiet)
	if got := w.pop(now.Add(quiet), nil); got != nil {
		t.Errorf("%v asked for while more may come", got)
	}
	want := []uint16{65535, 0, 1, 2, 3, 4, 5, 6}
	if got := w.pop(now.Add(quiet+tailPatience), nil); !slices.Equal(got, want) {
		t.Errorf("asked for %v, want %v", got, want)
	}
	if got := w.pop(now.Add(sec), nil); got != nil {
		t.Errorf("%v asked for again", got)
	}
	w.handleVideo(now, 7, true, quiet)
	if got := w.pop(now.Add(sec), nil); got != nil {
		t.Errorf("%v asked for after the end of a frame", got)
	}
}

// TestLostTailIsRepairedBeforeTheNextFrame comes.
func TestLostTailIsRepairedBeforeTheNextFrame(t *testing.T) {
	a, b := NewSession(SessionConfig{}), NewSession(SessionConfig{})
	now := time.Unix(1, 0)
	const oneWay = 20 * ms
	f := frameOf(1, 6000)
	if err := a.SendVideo(now, &f); err != nil {
		t.Fatal(err)
	}
	type flight struct {
		at time.Time
		b  []byte
		to *Session
	}
	var air []flight
	sent := 0
	for range 150 {
		for p := a.Pop(now); p != nil; p = a.Pop(now) {
			sent++
			if sent <= 3 || sent > 6 { // the last ones of the frame are lost
				air = append(air, flight{now.Add(oneWay), slices.Clone(p), b})
			}
		}
		for p := b.Pop(now); p != nil; p = b.Pop(now) {
			air = append(air, flight{now.Add(oneWay), slices.Clone(p), a})
		}
		for len(air) > 0 && !air[0].at.After(now) {
			air[0].to.HandleDatagram(now, air[0].b)
			air = air[1:]
		}
		a.Advance(now)
		b.Advance(now)
		now = now.Add(ms)
	}
	if got, ok := b.PopFrame(); !ok || got.ID != 1 {
		t.Errorf("got frame %d, %v", got.ID, ok)
	}
	if n := a.SendStats().Retransmitted; n != 3 {
		t.Errorf("%d packets were sent again, 3 were lost", n)
	}
}
