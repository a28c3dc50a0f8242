package media

import (
	"errors"
	"io"
	"math"
	"time"
)

func init() {
	RegisterMicrophone("tone", "tone", openTone, nil)
}

// tone is a microphone that hears a test tone: a soft A that swells and fades
// within each second, and a tick at every whole second of Unix time. By the tick
// a listener whose clock agrees can tell how old the sound is (see ClickDetector).
//
// It keeps time like a sound card, whenever Read is called, and like there sound
// that nobody reads is lost.
type tone struct {
	samples *metronome
	next    uint64 // the sample to be read next
	phase   int    // of that sample: samples since the last whole second
}

const (
	toneHz    = 440
	toneLevel = 0.05 // of full scale: -26 dB
	tickHz    = 2000
	tickLevel = 0.5                   // of full scale: -6 dB
	tickDecay = 3 * SampleRate / 1000 // samples to 1/e
	tickEnd   = 20 * SampleRate / 1000

	// The tone sounds in the middle of the second; beside the tick it is quiet,
	// and there the phase can be corrected unheard.
	toneFrom, toneUntil = SampleRate / 10, SampleRate * 9 / 10

	// toneBacklog is how far Read may fall behind before sound is lost, as on a
	// sound card.
	toneBacklog = SampleRate / 5 // samples

	// toneSlip is how far the tick may be off Unix time until the next quiet
	// moment; beyond it somebody has set the clock.
	toneSlip = 5 * SampleRate / 1000 // samples
)

func openTone(arg string) (Microphone, error) {
	if arg != "" {
		return nil, errors.New("tone takes no argument")
	}
	t := &tone{samples: newMetronome(tempo{SampleRate, 1})}
	t.phase = secondPhase(t.samples.at(0))
	return t, nil
}

// secondPhase returns how many samples fit between the last whole second of Unix
// time and t.
func secondPhase(t time.Time) int { return SamplesIn(time.Duration(t.Nanosecond())) }

// Read implements Microphone.
func (t *tone) Read(block []int16) (time.Time, error) {
	n := uint64(len(block))
	if due := t.samples.due(); due > t.next+n+toneBacklog {
		t.next = due - n
	}
	if !t.samples.wait(t.next + n) {
		return time.Time{}, io.EOF
	}
	now := time.Now()
	// By way of now, so that its wall clock reading is fresh.
	first := now.Add(-now.Sub(t.samples.at(t.next)))
	t.align(secondPhase(first))
	for i := range block {
		block[i] = toneSample(t.phase)
		t.phase = (t.phase + 1) % SampleRate
	}
	t.next += n
	return first, nil
}

// align follows Unix time, of which phase is the truth, without tearing the tone.
func (t *tone) align(phase int) {
	off := min((phase-t.phase+SampleRate)%SampleRate, (t.phase-phase+SampleRate)%SampleRate)
	quiet := t.phase >= toneUntil
	if quiet || off > toneSlip {
		t.phase = phase
	}
}

// toneSample returns the sample that lies phase samples after a whole second.
func toneSample(phase int) int16 {
	s := float64(phase) / SampleRate
	var v float64
	switch {
	case phase < tickEnd:
		v = tickLevel * math.Cos(2*math.Pi*tickHz*s) * math.Exp(-float64(phase)/tickDecay)
	case phase >= toneFrom && phase < toneUntil:
		swell := (1 - math.Cos(2*math.Pi*float64(phase-toneFrom)/(toneUntil-toneFrom))) / 2
		v = toneLevel * swell * math.Sin(2*math.Pi*toneHz*s)
	}
	return int16(v * math.MaxInt16)
}

// Close implements Microphone.
func (t *tone) Close() error {
	t.samples.stop()
	return nil
}

// AddTicks adds the ticks of the tone microphone to sound whose first sample is
// heard at first: so that whoever hears it can tell its age (see ClickDetector).
func AddTicks(block []int16, first time.Time) {
	phase := secondPhase(first)
	for i, v := range block {
		if p := (phase + i) % SampleRate; p < tickEnd {
			block[i] = int16(min(max(int(v)+int(toneSample(p)), math.MinInt16), math.MaxInt16))
		}
	}
}
