package quicproto

import (
	"testing"
	"time"
)

func TestTheEndOfATrainTellsOfASlowerLink(t *testing.T) {
	// Packets of 1000 bytes leave each 3 ms; these are the gaps between arrivals.
	for _, c := range []struct {
		what string
		gaps []time.Duration
		want float64 // bit/s; 0: nothing is told
	}{
		{"as they left", []time.Duration{3 * ms, 3 * ms, 3 * ms, 3 * ms, 3 * ms, 3 * ms, 3 * ms}, 0},
		{"ever slower", []time.Duration{10 * ms, 10 * ms, 10 * ms}, 0.8e6},
		{"slower after a fast beginning", []time.Duration{3 * ms, 3 * ms, 3 * ms, 3 * ms, 3 * ms, 10 * ms, 10 * ms}, 0.8e6},
		{"two slow gaps are too short", []time.Duration{3 * ms, 3 * ms, 3 * ms, 6 * ms, 6 * ms}, 0},
		{"a stall, then all at once", []time.Duration{3 * ms, 3 * ms, 30 * ms, 0, 0}, 0},
	} {
		d, train := new(delayTrack), new(trainTrack)
		var sent, arrival time.Duration
		for _, gap := range append([]time.Duration{0}, c.gaps...) {
			s := arrivalSample{sent: sent, arrival: arrival + gap, size: 1000}
			d.add(&s)
			train.add(&s, 5*ms)
			sent, arrival = sent+3*ms, s.arrival
		}
		if rate, _ := train.slow(d); rate != c.want {
			t.Errorf("%s: %.0f bit/s, want %.0f", c.what, rate, c.want)
		}
	}
}
