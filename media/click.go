package media

import "time"

// ClickDetector finds clicks in received sound: the ticks of the tone microphone,
// or any burst that rises within a few milliseconds out of something at least
// 12 dB quieter and soon falls again, such as a hand clap. What begins and stays,
// as a tone that a call comes into the middle of, is none. Its zero value is ready
// for use.
//
// An onset is the moment at which the loudness, taken over a millisecond, has
// risen half way to its first peak. On clicks that went through Opus at 24 to
// 64 kbit/s it is within 2 ms of the true one. Speech and music are full of
// onsets: feed it sound that has nothing else in it but steady noise or a tone.
// Clicks less than 300 ms apart count as one.
type ClickDetector struct {
	window  [clickWindow]float64 // the energy of the last hops
	history [clickHistory]clickLevel
	n       int // hops so far

	hop     float64 // the energy of the hop that is being filled
	samples int     // of that hop

	background float64 // mean energy of a sample before the click
	rising     int     // hops since it began to rise; 0: all quiet
	peak       float64
	peakAt     int // hops into the rise
	began      time.Time
	staying    int // hops in which it has to fall again; 0: it has, or there is none
	deaf       int // hops until it listens again

	onsets []time.Time
}

// clickLevel is the mean energy of a sample in the millisecond that ends at end.
type clickLevel struct {
	energy float64
	end    time.Time
}

const (
	clickHop    = 12 // samples: 0.25 ms, the grain of everything below
	clickWindow = 4  // hops: the millisecond over which loudness is taken

	// clickFloor is the energy below which nothing is a click: -40 dB.
	clickFloor = 328 * 328
	// clickContrast is by how much a click exceeds what was before it: 12 dB.
	clickContrast = 16

	// A rise is over when there was no new peak for 10 ms: what an encoder smears
	// in front of a click can have a small peak of its own. After 40 ms it is over
	// in any case.
	clickSettle  = 40  // hops
	clickLongest = 160 // hops
	clickHistory = 256 // hops: a rise, and what was before it

	// A click has fallen by clickFall, 6 dB, not later than 60 ms after its rise.
	clickFall  = 4
	clickStays = 240 // hops

	// clickDeaf is for how long after a click its tail and echoes are not heard
	// as further ones: 250 ms.
	clickDeaf = 1000 // hops

	// The background is what sounded until 10 ms ago: what an encoder smears in
	// front of a click belongs to the click. It is averaged over about 50 ms.
	clickBefore = 40 // hops
	clickSmooth = 200
)

// Push takes in the next block of sound, whose first sample is heard at at, and
// returns the onsets that it completes: a click is reported 10 to 70 ms after its
// onset. The result is valid until the next call.
func (d *ClickDetector) Push(at time.Time, block []int16) []time.Time {
	d.onsets = d.onsets[:0]
	for i, v := range block {
		d.hop += float64(v) * float64(v)
		if d.samples++; d.samples == clickHop {
			d.endHop(at.Add(SampleTime(i + 1)))
		}
	}
	return d.onsets
}

// ClickLatency returns how long after a whole second of Unix time onset came: the
// delay from mouth to ear, if the click is one of the tone microphone's, both ends
// read the same clock, and the delay is less than a second.
func ClickLatency(onset time.Time) time.Duration { return time.Duration(onset.Nanosecond()) }

func (d *ClickDetector) endHop(end time.Time) {
	d.window[d.n%clickWindow] = d.hop
	d.hop, d.samples = 0, 0
	var sum float64
	for _, e := range d.window {
		sum += e
	}
	now := clickLevel{sum / (clickWindow * clickHop), end}
	d.history[d.n%clickHistory] = now
	d.n++
	switch {
	case d.rising > 0:
		d.followRise(now.energy)
	case d.staying > 0:
		d.followFall(now.energy)
	case d.deaf > 0:
		d.deaf--
	case now.energy > clickFloor && now.energy > clickContrast*d.background && d.n > clickSmooth:
		d.rising, d.peak, d.peakAt = 1, now.energy, 1
	}
	if d.rising == 0 && d.staying == 0 && d.n > clickBefore {
		before := d.history[(d.n-clickBefore)%clickHistory].energy
		d.background += (before - d.background) / clickSmooth
	}
}

// followRise waits for the peak.
func (d *ClickDetector) followRise(energy float64) {
	d.rising++
	if energy > d.peak {
		d.peak, d.peakAt = energy, d.rising
	}
	if d.rising-d.peakAt < clickSettle && d.rising < clickLongest {
		return
	}
	d.began = d.onset()
	d.rising, d.staying = 0, clickStays
}

// followFall reports the click when it has fallen. What stays is the background from
// now on.
func (d *ClickDetector) followFall(energy float64) {
	if d.staying--; energy*clickFall <= d.peak {
		d.onsets = append(d.onsets, d.began)
		d.staying, d.deaf = 0, clickDeaf
	} else if d.staying == 0 {
		d.background = energy
	}
}

// onset finds where the loudness passed half the peak for the first time.
func (d *ClickDetector) onset() time.Time {
	before := d.history[(d.n-d.rising-1)%clickHistory]
	for back := d.rising; back > 0; back-- {
		now := d.history[(d.n-back)%clickHistory]
		if now.energy >= d.peak/2 {
			part := (d.peak/2 - before.energy) / (now.energy - before.energy)
			between := time.Duration(part * float64(now.end.Sub(before.end)))
			// The window that ends at the crossing is half filled by the click.
			return before.end.Add(between - SampleTime(clickWindow*clickHop/2))
		}
		before = now
	}
	return before.end
}
