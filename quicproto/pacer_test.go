package quicproto

import (
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

// paceOut sends packets of a size as soon as the pacer allows, for a time, and
// returns how many left.
func paceOut(p *pacer, start time.Time, d time.Duration, size int) int {
	n := 0
	for now := start; now.Before(start.Add(d)); now = p.next(now, size) {
		if !p.allow(now, size) {
			panic("next is too early")
		}
		p.spend(now, size)
		n++
	}
	return n
}

func TestPacerKeepsRate(t *testing.T) {
	for _, rate := range []media.Bitrate{40 * media.Kbps, media.Mbps, 20 * media.Mbps} {
		for _, size := range []int{100, 1200, 1500} {
			const d = 10 * time.Second
			got := paceOut(newPacer(rate), simStart, d, size) * size
			// It may begin with what may leave at once.
			want := rate.Bytes(d)
			if over := got - want; over < -size || over > size+pacerBurst+rate.Bytes(pacerSlack) {
				t.Errorf("%v, packets of %d bytes: %d bytes left in %v, want %d", rate, size, got, d, want)
			}
		}
	}
}

func TestPacerPausesGiveNoBurst(t *testing.T) {
	p := newPacer(media.Mbps)
	paceOut(p, simStart, time.Second, 1200)
	later := simStart.Add(time.Minute)
	n := 0
	for ; p.allow(later, 1200); n++ {
		p.spend(later, 1200)
	}
	if n != 1 {
		t.Errorf("%d packets of full size left at once after a pause, want 1", n)
	}
}

func TestPacerMakesUpForLateTimers(t *testing.T) {
	p := newPacer(12 * media.Mbps) // a full packet takes 0.8 ms
	now, n := simStart, 0
	for range 1000 { // a timer of 1 ms
		for p.allow(now, 1200) {
			p.spend(now, 1200)
			n++
		}
		now = now.Add(time.Millisecond)
	}
	if n < 1240 || n > 1260 {
		t.Errorf("%d packets left in a second, want 1250", n)
	}
}

func TestPacerCountsWhatDoesNotAsk(t *testing.T) {
	p := newPacer(media.Mbps)
	video := 0
	next := simStart
	for now := simStart; now.Before(simStart.Add(10 * time.Second)); now = now.Add(time.Millisecond) {
		if !now.Before(next) { // sound: 0.4 Mbit/s
			p.spend(now, 500)
			next = next.Add(10 * time.Millisecond)
		}
		for p.allow(now, 1000) {
			p.spend(now, 1000)
			video += 1000
		}
	}
	if rate := media.Bitrate(video * 8 / 10); rate < 580*media.Kbps || rate > 610*media.Kbps {
		t.Errorf("%v were left of 1 Mbit/s beside 0.4 Mbit/s of sound", rate)
	}
}

func TestPacerDebtIsBounded(t *testing.T) {
	p := newPacer(100 * media.Kbps)
	for range 1000 { // 10 s of it at once
		p.spend(simStart, 125)
	}
	if wait := p.next(simStart, 1000).Sub(simStart); wait > pacerMaxDebt+100*time.Millisecond {
		t.Errorf("a packet must wait %v, want no more than %v", wait, pacerMaxDebt)
	}
}

func TestPacerFollowsRate(t *testing.T) {
	p := newPacer(100 * media.Kbps)
	p.spend(simStart, 1250) // 100 ms
	p.spend(simStart, 1250)
	slow := p.next(simStart, 1200).Sub(simStart)
	p.setRate(media.Mbps)
	if fast := p.next(simStart, 1200).Sub(simStart); fast > slow/8 {
		t.Errorf("ten times the rate shortens the wait from %v to %v only", slow, fast)
	}
}
