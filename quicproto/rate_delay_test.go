package quicproto

import (
	"testing"
	"time"
)

// trackOf is a delay track that saw packets of 1000 bytes, one each interval,
// with these transit times.
func trackOf(interval time.Duration, transits ...time.Duration) *delayTrack {
	d := new(delayTrack)
	for i, transit := range transits {
		sent := time.Duration(i) * interval
		d.add(&arrivalSample{id: uint64(i), sent: sent, arrival: sent + transit, size: 1000})
	}
	return d
}

func repeat(n int, transit time.Duration) []time.Duration {
	out := make([]time.Duration, n)
	for i := range out {
		out[i] = transit
	}
	return out
}

func TestDelayBaseIsTheLeastOfAWindow(t *testing.T) {
	// An unknown clock offset, even a negative one, changes nothing.
	for _, offset := range []time.Duration{-time.Hour, 0, time.Hour} {
		transits := append(repeat(10, offset+20*ms), repeat(50, offset+35*ms)...)
		d := trackOf(100*ms, transits...)
		if least, most := d.waits(d.within(200*ms, 1)); least != 15*ms || most != 15*ms {
			t.Errorf("offset %v: waits %v to %v, want 15ms", offset, least, most)
		}
		// After the window the longer path is the empty one.
		d = trackOf(100*ms, append(transits, repeat(200, offset+35*ms)...)...)
		if least, _ := d.waits(1); least != 0 {
			t.Errorf("offset %v: still %v above a base of 20 s ago", offset, least)
		}
	}
}

func TestDelayRestart(t *testing.T) {
	d := trackOf(10*ms, append(repeat(20, 20*ms), repeat(20, 60*ms)...)...)
	empty := d.least()
	d.restart(d.least() + 40*ms)
	if least, _ := d.waits(5); least != 0 || d.above(empty) != 40*ms {
		t.Errorf("after a restart packets wait %v, the path is %v longer", least, d.above(empty))
	}
	// A shorter transit lowers it again.
	d.add(&arrivalSample{sent: sec, arrival: sec + 30*ms, size: 100})
	if d.above(empty) != 10*ms {
		t.Errorf("the path is %v longer, want 10ms", d.above(empty))
	}
}

func TestDelayServiceRate(t *testing.T) {
	// Sent each 5 ms into a bottleneck that takes 8 ms for each.
	var transits []time.Duration
	for i := range 40 {
		transits = append(transits, 20*ms+time.Duration(i)*3*ms)
	}
	d := trackOf(5*ms, transits...)
	n := d.busy(5*ms, 200*ms)
	rate, span := d.rate(n)
	if rate != 1e6 || span < 180*ms || n >= 40 {
		t.Errorf("%d packets served at %.0f bit/s over %v, want 1 Mbit/s over 192ms", n, rate, span)
	}
	// Once the queue was empty, what was before does not count.
	d.add(&arrivalSample{sent: sec, arrival: sec + 20*ms, size: 1000})
	if n := d.busy(5*ms, 200*ms); n != 0 {
		t.Errorf("%d packets are busy after one that did not wait", n)
	}
}

func TestDelayRateOfBatches(t *testing.T) {
	// Wi-Fi delivers each 40 ms what was sent each 8 ms: 1 Mbit/s, wherever the
	// measure begins.
	d := new(delayTrack)
	for i := range 50 {
		sent := time.Duration(i) * 8 * ms
		d.add(&arrivalSample{sent: sent, arrival: (sent/(40*ms) + 1) * 40 * ms, size: 1000})
	}
	for n := 25; n < 40; n++ {
		if rate, _ := d.rate(n); rate < 0.99e6 || rate > 1.01e6 {
			t.Errorf("over %d packets the rate is %.0f bit/s, want 1 Mbit/s", n, rate)
		}
	}
}

func TestTrains(t *testing.T) {
	const gap = 4 * ms
	tests := []struct {
		name      string
		spread    func(i int) time.Duration // of packet i of a train, on arrival
		dispersed bool
	}{
		{"passes", func(i int) time.Duration { return 0 }, false},
		{"slower link", func(i int) time.Duration { return time.Duration(i) * 2 * ms }, true},
		{"resolution of feedback", func(i int) time.Duration { return time.Duration(i%2) * ms }, false},
		{"jitter", func(i int) time.Duration { return time.Duration(i*7919%20) * ms }, false},
	}
	for _, tt := range tests {
		var train trainTrack
		var sum int64
		packet := 0
		for frame := range 30 {
			for i := range 6 { // 1200 bytes each 2 ms: 4.8 Mbit/s
				sent := time.Duration(frame)*33*ms + time.Duration(i)*2*ms
				sum += 1200
				index := i
				if tt.name == "jitter" {
					index = packet
				}
				train.add(&arrivalSample{sent: sent, arrival: sent + tt.spread(index), size: 1200, sum: sum}, gap)
				packet++
			}
		}
		rate, dispersed := train.capacity(sec)
		if dispersed != tt.dispersed {
			t.Errorf("%s: dispersed is %v, want %v", tt.name, dispersed, tt.dispersed)
		}
		if dispersed && (rate < 2.35e6 || rate > 2.45e6) { // 1200 bytes each 4 ms
			t.Errorf("%s: capacity %.0f bit/s, want 2.4 Mbit/s", tt.name, rate)
		}
		if _, dispersed := train.capacity(2 * sec); dispersed {
			t.Errorf("%s: tells of the path a second later", tt.name)
		}
	}
}
