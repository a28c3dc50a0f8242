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
	type flight struct {
		at time.Time
		b  []byte
		to *Session
	}
	var air []flight
	video, lost := 0, 0
	// run lets time pass; of the video packets, those that lose says are lost.
	run := func(d time.Duration, lose func(n int) bool) {
		for end := now.Add(d); now.Before(end); now = now.Add(ms) {
			for p := a.Pop(now); p != nil; p = a.Pop(now) {
				if flow, _, _ := ParseDatagram(p); flow == FlowVideo {
					if video++; lose(video) {
						lost++
						continue
					}
				}
				air = append(air, flight{now.Add(oneWay), slices.Clone(p), b})
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
		}
	}
	const frames = 30
	for id := range uint16(frames) {
		f := frameOf(id, 6000)
		if err := a.SendVideo(now, &f); err != nil {
			t.Fatal(err)
		}
		run(33*ms, func(int) bool { return false })
	}
	f := frameOf(frames, 6000)
	if err := a.SendVideo(now, &f); err != nil {
		t.Fatal(err)
	}
	before := video
	run(150*ms, func(n int) bool { return n-before > 3 })
	got := 0
	for _, ok := b.PopFrame(); ok; _, ok = b.PopFrame() {
		got++
	}
	if got != frames+1 {
		t.Errorf("%d frames arrived, want %d", got, frames+1)
	}
	if n := a.SendStats().Retransmitted; lost == 0 || int(n) != lost {
		t.Errorf("%d packets were sent again, %d were lost", n, lost)
	}
}
