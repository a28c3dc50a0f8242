package main

import (
	"testing"
	"time"
)

// TestPushToTalk presses the bar at the given moments and looks at the microphone
// before, between and after.
func TestPushToTalk(t *testing.T) {
	const ms = time.Millisecond
	hold := func(from, delay, until time.Duration) []time.Duration { // as keyboards repeat
		presses := []time.Duration{from}
		for at := from + delay; at < until; at += 33 * ms {
			presses = append(presses, at)
		}
		return presses
	}
	for name, c := range map[string]struct {
		on      bool
		presses []time.Duration
		want    map[time.Duration]bool
	}{
		"nothing":              {want: map[time.Duration]bool{0: false, 5000 * ms: false}},
		"a tap turns it on":    {presses: []time.Duration{100 * ms}, want: map[time.Duration]bool{99 * ms: false, 101 * ms: true, 9000 * ms: true}},
		"another off":          {presses: []time.Duration{100 * ms, 3000 * ms}, want: map[time.Duration]bool{2999 * ms: true, 3200 * ms: false}},
		"soon, but no repeat":  {presses: []time.Duration{100 * ms, 500 * ms}, want: map[time.Duration]bool{499 * ms: true, 700 * ms: false}},
		"held":                 {presses: hold(0, 500*ms, 4000*ms), want: map[time.Duration]bool{1 * ms: true, 499 * ms: true, 3900 * ms: true, 4300 * ms: false}},
		"held, a quick repeat": {presses: hold(0, 250*ms, 2000*ms), want: map[time.Duration]bool{260 * ms: true, 1900 * ms: true, 2300 * ms: false}},
		"held when it is on":   {on: true, presses: hold(100*ms, 660*ms, 3000*ms), want: map[time.Duration]bool{0: true, 400 * ms: false, 2900 * ms: true, 3400 * ms: false}},
		"a tap when it is on":  {on: true, presses: []time.Duration{100 * ms}, want: map[time.Duration]bool{99 * ms: true, 300 * ms: false}},
		"held twice":           {presses: append(hold(0, 500*ms, 1000*ms), hold(2000*ms, 500*ms, 3000*ms)...), want: map[time.Duration]bool{900 * ms: true, 1500 * ms: false, 2100 * ms: true, 2900 * ms: true, 3400 * ms: false}},
	} {
		t.Run(name, func(t *testing.T) {
			k, start, presses := newPushToTalk(c.on), time.Unix(1000, 0), c.presses
			for at := time.Duration(0); at <= 10*time.Second; at += ms {
				now := start.Add(at)
				if next := k.next(); !next.IsZero() && !now.Before(next) {
					k.advance(now)
				}
				if len(presses) > 0 && at >= presses[0] {
					k.press(now)
					presses = presses[1:]
				}
				if want, ok := c.want[at]; ok && k.on() != want {
					t.Errorf("after %v on is %v", at, k.on())
				}
			}
		})
	}
}
