package media

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// roomNoise is a steady noise of that loudness, root mean square. The darker, the
// more each sample resembles the one before: 0 is white, 0.99 rumbles.
func roomNoise(seed uint64, rms, dark float64, length time.Duration) []int16 {
	rng := rand.New(rand.NewPCG(seed, 0))
	out := make([]int16, SamplesIn(length))
	gain, v := rms*math.Sqrt(1-dark*dark), 0.0
	for i := range out {
		v = dark*v + gain*rng.NormFloat64()
		out[i] = saturate(v)
	}
	return out
}

// amplified is x so many times as loud.
func amplified(x []int16, gain float64) []int16 {
	out := make([]int16, len(x))
	for i, v := range x {
		out[i] = saturate(float64(v) * gain)
	}
	return out
}

func mixed(a, b []int16) []int16 {
	out := make([]int16, len(a))
	for i := range out {
		out[i] = saturate(float64(a[i]) + float64(b[i]))
	}
	return out
}

func rms(x []int16) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(max(len(x), 1)))
}

// gated is what a VoiceGate decides about x in packets of 10 ms.
func gated(x []int16) (verdicts []VoiceVerdict) {
	var g VoiceGate
	for ; len(x) >= pauseBlock; x = x[pauseBlock:] {
		g.Hear(x[:pauseBlock])
		verdicts = append(verdicts, g.Decide(pauseBlock))
	}
	return verdicts
}

// TestVoiceGate: noises are pauses, soft speech is none, and what is louder than a
// quiet room is sent whatever it is.
func TestVoiceGate(t *testing.T) {
	const seed, length = 4, 20 * time.Second
	voice := testVoice()
	for _, c := range []struct {
		name        string
		sound       []int16
		least, most float64 // share that is not sent as sound
	}{
		{"nothing", make([]int16, SamplesIn(length)), .97, 1},
		{"a converter's noise", roomNoise(seed, 1, 0, length), .9, 1},
		{"hiss", roomNoise(seed, 30, 0, length), .9, 1},
		{"a room", roomNoise(seed, 100, .9, length), .9, 1},
		{"rumble", roomNoise(seed, 100, .99, length), .2, 1},
		{"hum", mixed(amplified(looped(testTone(50, 100), 0, len(voice)), 1), roomNoise(seed, 20, .9, length)), .9, 1},
		{"a fan", roomNoise(seed, 400, .5, length), 0, 0},
		{"speech", mixed(voice, roomNoise(seed, 30, .9, length)), .05, .15},
		{"soft speech", mixed(amplified(voice, .02), roomNoise(seed, 5, .9, length)), 0, .15},
		{"a tone", looped(testTone(440, 1000), 0, len(voice)), 0, 0},
	} {
		left := 0
		verdicts := gated(c.sound)
		for _, v := range verdicts {
			if v != SendSound {
				left++
			}
		}
		if share := float64(left) / float64(len(verdicts)); share < c.least || share > c.most {
			t.Errorf("%s: left out %.1f %%, want %.0f to %.0f %%", c.name, 100*share, 100*c.least, 100*c.most)
		}
	}
}

// TestVoiceGateOnset speaks into a room after a long pause, at any moment of a
// packet. What is left out of the word must drown in the noise of the room.
func TestVoiceGateOnset(t *testing.T) {
	const length = 6 * time.Second
	for name, word := range onsets() {
		for _, noise := range []float64{5, 30, 100} {
			for at := range 20 {
				room := roomNoise(uint64(at), noise, .9, length)
				begin := 4*SampleRate + at*31
				spoken := make([]int16, len(room))
				copy(spoken[begin:], word)
				lost, whole := 0.0, 0.0
				for i, v := range gated(mixed(room, spoken)) {
					e := rms(spoken[i*pauseBlock:(i+1)*pauseBlock]) * rms(spoken[i*pauseBlock:(i+1)*pauseBlock])
					if whole += e; v != SendSound {
						lost = max(lost, e)
					}
				}
				// Not much more than what noise does by itself (humSpread), or -60 dBFS.
				if most := max(16*noise*noise, 1000); lost > most {
					t.Errorf("%s in noise of %.0f, seed %d: a block is left out with %.3f %% of the energy of the word, %.1f dB above the noise",
						name, noise, at, 100*lost/whole, 10*math.Log10(lost/(noise*noise)))
				}
			}
		}
	}
}

// onsets are beginnings of words: sudden ones, a hiss, a hum that swells.
func onsets() map[string][]int16 {
	hiss := roomNoise(9, 600, 0, 300*time.Millisecond)
	for i := len(hiss) - 1; i > 0; i-- {
		hiss[i] -= hiss[i-1]
	}
	hum := looped(testTone(150, 2000), 0, SamplesIn(300*time.Millisecond))
	for i := range SamplesIn(60 * time.Millisecond) {
		hiss[i] = int16(int(hiss[i]) * i / SamplesIn(60*time.Millisecond))
		hum[i] = int16(int(hum[i]) * i / SamplesIn(60*time.Millisecond))
	}
	return map[string][]int16{"p": testVoice()[SampleRate/5 : SampleRate/2], "s": hiss, "m": hum}
}

// TestVoiceGatePackets: a pause costs a packet each 400 ms after the first ones.
func TestVoiceGatePackets(t *testing.T) {
	for _, packet := range []int{1, 2, 4, 6} { // blocks
		var g VoiceGate
		noise := roomNoise(3, 20, .9, time.Minute)
		told, last, longest := 0, 0, 0
		for at := 0; at < len(noise)/pauseBlock; at += packet {
			g.Hear(noise[at*pauseBlock : min(at+packet, len(noise)/pauseBlock)*pauseBlock])
			if v := g.Decide(packet * pauseBlock); v != SendNothing && at*pauseBlock > 10*SampleRate {
				longest = max(longest, at-last)
				told++
				last = at
			} else if v != SendNothing {
				last = at
			}
		}
		if told > 50*5/2+1 || longest*pauseBlock >= pauseRefresh+packet*pauseBlock {
			t.Errorf("packets of %d blocks: %d in 50 s, up to %d ms apart", packet, told, longest*10)
		}
	}
}

// pauseNoise is the loudness of the noise behind the voice of pausingVoice.
const pauseNoise = 40

// pausingVoice is testVoice in a room, with a pause from 8 s to 15 s.
func pausingVoice(seed uint64) []int16 {
	voice := append([]int16(nil), testVoice()...)
	clear(voice[8*SampleRate : 15*SampleRate])
	return mixed(voice, roomNoise(seed, pauseNoise, .9, 20*time.Second))
}

// TestPauseIsNotHeard plays a voice whose pauses are left out over paths good and
// bad, in virtual time: the noise goes on as loud, nothing clicks, nothing of a pause
// counts as concealed, and the delay and what is concealed are what they are without.
func TestPauseIsNotHeard(t *testing.T) {
	for _, c := range []struct {
		name string
		sim  playoutSim
	}{
		{"perfect", playoutSim{}},
		{"jitter", playoutSim{transit: uniformTransit(15 * ms)}},
		{"spikes", playoutSim{transit: exponentialTransit(6 * ms), inOrder: true}},
		{"loss", playoutSim{transit: uniformTransit(5 * ms), lost: randomLoss(.1)}},
		{"bursts, in band", playoutSim{lost: gilbert(.05, 3), inBand: true}},
		{"long packets", playoutSim{packet: 60 * ms, transit: uniformTransit(10 * ms), lost: randomLoss(.05)}},
		{"drift", playoutSim{drift: 200, transit: uniformTransit(5 * ms)}},
		{"drift back", playoutSim{drift: -200, transit: uniformTransit(5 * ms)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			const seed = 6
			sim := c.sim
			sim.seed, sim.sound, sim.length = seed, pausingVoice(seed), 2*time.Minute
			without := sim.run()
			var pause []int16
			windows, soft := 0, 0
			sim.onBlock = func(at time.Duration, _ *Playout, block []int16) {
				if in := at % (20 * time.Second); at > 20*time.Second && in > 8800*ms && in < 14900*ms {
					pause = append(pause, block...)
					if n := len(pause); n%2400 == 0 {
						if windows++; rms(pause[n-2400:]) < pauseNoise/2 {
							soft++
						}
					}
				}
			}
			sim.gated = true
			r := sim.run()
			t.Logf("all sent: %v", without)
			t.Logf("gated:    %v, silent for %v", r, SampleTime(int(r.stats.Silent)))
			if got := rms(pause); got < pauseNoise*.85 || got > pauseNoise*1.15 || soft*100 > windows {
				t.Errorf("seed %d: a loudness of %.1f in pauses, want %d; %d of %d times 50 ms were much softer", seed, got, pauseNoise, soft, windows)
			}
			if silent := SampleTime(int(r.stats.Silent)); silent < 30*time.Second {
				t.Errorf("seed %d: only %v were left out", seed, silent)
			}
			if r.stats.Concealed > without.stats.Concealed+SampleRate/10 {
				t.Errorf("seed %d: %d ms concealed, without pauses %d", seed, r.stats.Concealed/48, without.stats.Concealed/48)
			}
			if r.bend > without.bend*11/10 {
				t.Errorf("seed %d: sharpest bend %d, without pauses %d: a click", seed, r.bend, without.bend)
			}
			if d := r.percentile(.95) - without.percentile(.95); d > 10*ms {
				t.Errorf("seed %d: the delay is %v higher", seed, d)
			}
		})
	}
}

// TestPauseEnds: an outage in a pause is silence in the end, and a voice that comes
// back afterwards is heard whole.
func TestPauseEnds(t *testing.T) {
	const seed = 3
	sim := playoutSim{seed: seed, sound: pausingVoice(seed), length: 20 * time.Second, gated: true}
	sim.lost = func(_ *rand.Rand, at time.Duration) bool { return at > 9*time.Second && at < 14*time.Second }
	var early, late, voice []int16
	sim.onBlock = func(at time.Duration, _ *Playout, block []int16) {
		switch {
		case at > 9*time.Second && at < 9800*ms:
			early = append(early, block...)
		case at > 12*time.Second && at < 14*time.Second:
			late = append(late, block...)
		case at > 15*time.Second && at < 20*time.Second:
			voice = append(voice, block...)
		}
	}
	r := sim.run()
	if rms(early) < pauseNoise*.7 || rms(late) > 0 {
		t.Errorf("seed %d: the noise has a loudness of %.1f before patience ends and %.1f after", seed, rms(early), rms(late))
	}
	if got, want := rms(voice), rms(sim.sound[15*SampleRate:]); got < want*.95 {
		t.Errorf("seed %d: the voice is back with a loudness of %.0f, want %.0f", seed, got, want)
	}
	if r.stats.Concealed > SampleRate/4 {
		t.Errorf("seed %d: %v", seed, r)
	}
}

func BenchmarkComfort(b *testing.B) {
	var c comfort
	c.hear(roomNoise(1, 40, .9, 5*time.Second))
	var line pcmLine
	c.begin(&line)
	block := make([]int16, pauseBlock)
	for b.Loop() {
		c.fill(block)
	}
}

func BenchmarkPauseDetector(b *testing.B) {
	noise := roomNoise(1, 40, .9, time.Second)
	var d PauseDetector
	for i := 0; b.Loop(); i++ {
		at := i % 100 * pauseBlock
		d.Hear(noise[at : at+pauseBlock])
	}
}
