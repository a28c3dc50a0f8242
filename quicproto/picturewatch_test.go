package quicproto

import (
	"testing"
	"time"
)

// TestReportsArePacedByWhatComes: pictures are reported on within 25 ms, also the
// first after a pause; sound alone ten times a second.
func TestReportsArePacedByWhatComes(t *testing.T) {
	tx, rx := NewSession(SessionConfig{}), NewSession(SessionConfig{})
	now := time.Unix(1, 0)
	var id uint16
	// run lets a second pass, with or without pictures, and returns how many reports
	// came and after how long the first did.
	run := func(pictures bool) (reports int, first time.Duration) {
		for ms := range 1000 {
			now = now.Add(time.Millisecond)
			if ms%10 == 0 {
				tx.SendAudio(now, "opus", uint32(now.UnixMilli()*48), []byte{1, 2, 3})
			}
			if pictures && ms%33 == 1 {
				f := frameOf(id, 500)
				id++
				if err := tx.SendVideo(now, &f); err != nil {
					t.Fatal(err)
				}
			}
			tx.Advance(now)
			for b := tx.Pop(now); b != nil; b = tx.Pop(now) {
				rx.HandleDatagram(now, b)
			}
			rx.Advance(now)
			for b := rx.Pop(now); b != nil; b = rx.Pop(now) {
				tx.HandleDatagram(now, b)
				if reports++; reports == 1 {
					first = time.Duration(ms) * time.Millisecond
				}
			}
		}
		return reports, first
	}
	for _, want := range []struct {
		pictures    bool
		least, most int
		first       time.Duration
	}{
		{false, 9, 11, 101 * time.Millisecond},
		{true, 36, 45, 28 * time.Millisecond},
		{false, 9, 45, 28 * time.Millisecond}, // they may yet come
		{false, 9, 11, 101 * time.Millisecond},
		{true, 36, 45, 28 * time.Millisecond},
	} {
		n, first := run(want.pictures)
		if n < want.least || n > want.most || first > want.first {
			t.Errorf("pictures %v: %d reports in a second, the first after %v; want %d to %d, %v", want.pictures, n, first, want.least, want.most, want.first)
		}
	}
}
