package media

import (
	"math"
	"testing"
	"time"
)

// A debate is people with microphones, each of whom hears what is given for them.
type debate struct {
	active ActiveSpeaker
	mixer  Mixer
	voices []*Voice
	sounds [][]int16
	block  int
	heard  int // samples
	out    []int16
}

// newDebate makes a room in which so long nothing but noise is heard of each.
func newDebate(people int, length time.Duration) *debate {
	d := &debate{voices: freshVoices(people), block: pauseBlock}
	for i := range people {
		d.sounds = append(d.sounds, roomNoise(uint64(i), 20, .9, length))
	}
	return d
}

// say adds sound to what person i is heard to say, at a time.
func (d *debate) say(i int, at time.Duration, sound []int16) {
	to := d.sounds[i][SamplesIn(at):]
	copy(to, mixed(to[:min(len(to), len(sound))], sound))
}

// until lets time pass, and calls each after every block.
func (d *debate) until(at time.Duration, each func(at time.Duration)) {
	d.out = make([]int16, d.block)
	for ; d.heard+d.block <= SamplesIn(at); d.heard += d.block {
		for i, v := range d.voices {
			d.mixer.Add(v, d.sounds[i][d.heard:d.heard+d.block])
		}
		d.active.Hear(d.voices, d.block)
		d.mixer.Mix(d.out)
		if each != nil {
			each(SampleTime(d.heard))
		}
	}
}

// speaker is who has the stage; -1: nobody.
func (d *debate) speaker() int {
	for i, v := range d.voices {
		if d.active.Speaker() == v {
			return i
		}
	}
	return -1
}

// spoken is a stretch of a voice without the pauses between its sentences.
func spoken(from, length time.Duration) []int16 {
	at, voice := SamplesIn(from), testVoice()
	return looped(append(voice[:3*SampleRate:3*SampleRate], voice[4*SampleRate:7*SampleRate]...), at, SamplesIn(length))
}

// cough is a burst of noise.
func cough(loudness float64, length time.Duration) []int16 {
	out := roomNoise(99, loudness, 0, length)
	for i := range out {
		out[i] = int16(float64(out[i]) * math.Sin(math.Pi*float64(i)/float64(len(out))))
	}
	return out
}

// Whoever speaks for a second or two has the stage, and keeps it in silence, whatever
// blocks the loudspeaker asks for.
func TestSpeakerHasTheStage(t *testing.T) {
	for _, block := range []int{240, 441, 480, 512, 960} {
		d := newDebate(4, 30*time.Second)
		d.block = block
		d.say(2, 2*time.Second, spoken(0, 4*time.Second))
		d.say(1, 10*time.Second, spoken(time.Second, 5*time.Second))
		d.until(2*time.Second, nil)
		if got := d.speaker(); got != -1 {
			t.Errorf("blocks of %d: %d is the speaker before anybody has spoken", block, got)
		}
		var took time.Duration
		d.until(10*time.Second, func(at time.Duration) {
			if d.speaker() == 2 && took == 0 {
				took = at - 2*time.Second
			}
		})
		if took == 0 || took > 600*time.Millisecond || d.speaker() != 2 {
			t.Errorf("blocks of %d: the first speaker has the stage after %v and keeps it: %v", block, took, d.speaker() == 2)
		}
		took = 0
		d.until(30*time.Second, func(at time.Duration) {
			if d.speaker() == 1 && took == 0 {
				took = at - 10*time.Second
			}
		})
		if took < 800*time.Millisecond || took > 2200*time.Millisecond || d.speaker() != 1 {
			t.Errorf("blocks of %d: the next speaker has it after %v, and keeps it: %v", block, took, d.speaker() == 1)
		}
	}
}

// A cough, two coughs, a word of assent and the clatter of a keyboard change nothing.
func TestInterjectionsDoNotTakeTheStage(t *testing.T) {
	clatter := make([]int16, 6*SampleRate)
	for i := 0; i+960 < len(clatter); i += 8000 { // six keys a second
		copy(clatter[i:], cough(6000, 20*time.Millisecond))
	}
	for name, sound := range map[string][]int16{
		"a cough":    cough(8000, 350*time.Millisecond),
		"two coughs": append(append(cough(8000, 350*time.Millisecond), make([]int16, 9600)...), cough(8000, 350*time.Millisecond)...),
		"yes":        spoken(0, 400*time.Millisecond),
		"a keyboard": clatter,
	} {
		for _, when := range []time.Duration{5 * time.Second, 15 * time.Second} { // while another speaks, and in silence
			d := newDebate(2, 30*time.Second)
			d.say(0, time.Second, spoken(0, 9*time.Second))
			d.say(1, when, sound)
			d.until(4*time.Second, nil)
			d.until(30*time.Second, func(at time.Duration) {
				if got := d.speaker(); got != 0 {
					t.Fatalf("%s at %v: %d has the stage at %v", name, when, got, at)
				}
			})
		}
	}
}

// Who interrupts takes the stage once the other gives way, and not before.
func TestInterruption(t *testing.T) {
	d := newDebate(2, 20*time.Second)
	d.say(0, time.Second, spoken(0, 9*time.Second))
	d.say(1, 6*time.Second, spoken(time.Second, 10*time.Second))
	d.until(10*time.Second, nil)
	if got := d.speaker(); got != 0 {
		t.Errorf("while both speak %d has the stage", got)
	}
	if !d.voices[0].Speaking() || !d.voices[1].Speaking() {
		t.Error("both speak, and one is not said to")
	}
	d.until(12*time.Second, nil)
	if got := d.speaker(); got != 1 {
		t.Errorf("2 s after the first has stopped %d has the stage", got)
	}
	if d.voices[0].Speaking() {
		t.Error("2 s after the first has stopped they are still said to speak")
	}
}

// The noise of a room is no speech, however loud, and speech in it is.
func TestNoiseFloorOfEachVoice(t *testing.T) {
	for _, loudness := range []float64{5, 60, 300, 1000} {
		d := newDebate(3, 20*time.Second)
		d.sounds[1] = roomNoise(5, loudness, .9, 20*time.Second)
		d.say(1, 12*time.Second, amplified(spoken(0, 4*time.Second), 1+loudness/150))
		d.until(11*time.Second, func(at time.Duration) {
			if d.voices[1].Speaking() {
				t.Fatalf("a noise of %v is taken for speech at %v", loudness, at)
			}
		})
		d.until(15*time.Second, nil)
		if !d.voices[1].Speaking() || d.speaker() != 1 {
			t.Errorf("speech in a noise of %v is not noticed", loudness)
		}
	}
}

// A voice that comes back out of somebody's loudspeaker is not theirs.
func TestEchoIsNoSpeaker(t *testing.T) {
	d := newDebate(2, 20*time.Second)
	voice := spoken(0, 10*time.Second)
	d.say(1, time.Second, spoken(0, 3*time.Second))
	d.say(0, 5*time.Second, voice)
	d.say(1, 5150*time.Millisecond, amplified(voice, .06))
	d.until(14*time.Second, func(at time.Duration) {
		if at > 7*time.Second && d.speaker() != 0 {
			t.Fatalf("%d has the stage at %v", d.speaker(), at)
		}
		if at > 7*time.Second && d.voices[1].Speaking() {
			t.Fatalf("who only echoes is said to speak at %v", at)
		}
	})
}

// Who is silenced here, or has left, does not have the stage.
func TestSilencedAndGone(t *testing.T) {
	d := newDebate(3, 30*time.Second)
	d.say(0, time.Second, spoken(0, 3*time.Second))
	d.say(1, 5*time.Second, spoken(0, 5*time.Second))
	d.voices[1].SetGain(0)
	d.until(10*time.Second, nil)
	if got := d.speaker(); got != 0 {
		t.Errorf("%d has the stage beside somebody who was silenced", got)
	}
	if !d.voices[1].Speaking() {
		t.Error("who was silenced here is not seen to speak")
	}
	d.voices, d.sounds = d.voices[1:], d.sounds[1:]
	d.until(11*time.Second, nil)
	if got := d.speaker(); got != -1 {
		t.Errorf("%d has the stage of somebody who left", got)
	}
	d.say(1, 12*time.Second, spoken(0, 2*time.Second))
	d.until(13*time.Second, nil)
	if got := d.speaker(); got != 1 {
		t.Errorf("%d has the stage after the next has spoken", got)
	}
}

// Nothing that was never heard says how loud a room is: who comes out of a pause into
// their room's noise does not speak.
func TestEndOfPauseIsNoSpeech(t *testing.T) {
	var active ActiveSpeaker
	var mixer Mixer
	v := new(Voice)
	noise := roomNoise(3, 250, .9, 20*time.Second)
	for at := 0; at+pauseBlock <= len(noise); at += pauseBlock {
		if at/SampleRate%4 == 3 {
			v.Rest(pauseBlock)
		} else {
			mixer.Add(v, noise[at:at+pauseBlock])
		}
		active.Hear([]*Voice{v}, pauseBlock)
		if v.Speaking() {
			t.Fatalf("noise is taken for speech at %v", SampleTime(at))
		}
	}
}

// After a silence without any noise, speech without pauses is noticed all the same.
func TestSpeechOutOfDeadSilence(t *testing.T) {
	d := newDebate(1, 10*time.Second)
	clear(d.sounds[0])
	for at := 5 * SampleRate; at+12000 < len(d.sounds[0]); at += 12000 {
		copy(d.sounds[0][at:], filled(9600, 4000)) // 200 ms of each 250
	}
	d.until(6*time.Second, nil)
	if !d.voices[0].Speaking() {
		t.Error("speech out of silence is not noticed")
	}
}
