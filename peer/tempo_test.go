package peer

import (
	"math/rand/v2"
	"testing"
	"time"
)

// screenings shows pictures of others for 10 s, each with its own rate and phase and
// up to 8 ms of jitter; the first is the leader, if pictures of them come. It returns
// how many scenes there were, the longest that a picture of each has waited, and how
// long the leader's have together.
func screenings(seed uint64, rates ...int) (scenes int, waited []time.Duration, leader time.Duration) {
	rng := rand.New(rand.NewPCG(seed, 0))
	start := time.Unix(1e9, 0)
	waited = make([]time.Duration, len(rates))
	sent, next, came := make([]time.Time, len(rates)), make([]time.Time, len(rates)), make([]time.Time, len(rates))
	send := func(i int, at time.Time) {
		sent[i], next[i] = at, at.Add(time.Duration(rng.Int64N(int64(8*time.Millisecond))))
	}
	for i := range next {
		send(i, start.Add(time.Duration(rng.Int64N(int64(time.Second/30)))))
	}
	var t tempo
	for now := start; now.Before(start.Add(10 * time.Second)); now = now.Add(time.Millisecond) {
		for i, fps := range rates {
			if fps == 0 || now.Before(next[i]) {
				continue
			}
			send(i, sent[i].Add(time.Second/time.Duration(fps)))
			if came[i].IsZero() {
				came[i] = now
			}
			t.handlePicture(now, len(rates), i == 0)
		}
		if !t.isDue(now) {
			if due := t.next(); !due.IsZero() && !due.After(now) {
				panic("it is due and is not")
			}
			continue
		}
		scenes++
		for i, at := range came {
			if !at.IsZero() {
				waited[i], came[i] = max(waited[i], now.Sub(at)), time.Time{}
				if i == 0 {
					leader += now.Sub(at)
				}
			}
		}
		t.handleShown(now)
	}
	return scenes, waited, leader
}

// Seven people at 30 a second make about as many scenes as one of them; the leader's
// pictures hardly wait, and others for a picture at most.
func TestScenesOfSeveralAreFew(t *testing.T) {
	for seed := range uint64(20) {
		scenes, waited, leader := screenings(seed, 30, 30, 30, 30, 30, 30, 30)
		if scenes < 290 || scenes > 330 || leader/300 > time.Millisecond/2 {
			t.Errorf("seed %d: %d scenes in 10 s; the leader's waited %v on average", seed, scenes, leader/300)
		}
		for i, w := range waited {
			if w > othersPause {
				t.Errorf("seed %d: %d waited for %v", seed, i, w)
			}
		}
	}
}

func TestScenesWithoutLeader(t *testing.T) {
	scenes, waited, _ := screenings(1, 0, 30, 30, 15)
	if scenes < 230 || scenes > 260 || waited[1] > othersPause {
		t.Errorf("%d scenes in 10 s, up to %v late", scenes, waited[1])
	}
	if scenes, _, _ = screenings(1, 60, 60, 60); scenes < 500 || scenes > 630 {
		t.Errorf("%d scenes in 10 s of 60 pictures a second", scenes)
	}
}

// One alone is shown at once, at any rate.
func TestOneOtherIsShownAtOnce(t *testing.T) {
	scenes, waited, _ := screenings(1, 120)
	if waited[0] != 0 || scenes < 1190 {
		t.Errorf("%d scenes in 10 s, up to %v late", scenes, waited[0])
	}
}
