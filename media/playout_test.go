package media

import (
	"math/rand/v2"
	"testing"
	"time"
)

const ms = time.Millisecond

// TestPlayoutScenarios plays a minute of voice through each kind of network. The
// bounds leave a quarter or so of what was measured for other seeds.
func TestPlayoutScenarios(t *testing.T) {
	for _, c := range []struct {
		name      string
		sim       playoutSim
		concealed float64       // at most, of all sound
		mean, p95 time.Duration // of the delay beyond packet and path, at most
		end       time.Duration // when a minute is over, at most
	}{
		{"clean", playoutSim{}, 0, 4 * ms, 4 * ms, 4 * ms},
		{"clean, blocks of 10 ms", playoutSim{block: 10 * ms}, 0, 4 * ms, 4 * ms, 4 * ms},
		{"clean, packets of 20 ms", playoutSim{packet: 20 * ms}, 0, 4 * ms, 4 * ms, 4 * ms},
		{"clean, packets of 60 ms", playoutSim{packet: 60 * ms}, 0, 4 * ms, 4 * ms, 4 * ms},
		{"noise 2 ms", playoutSim{transit: uniformTransit(2 * ms)}, .0005, 9 * ms, 9 * ms, 9 * ms},
		{"noise 2 ms, late calls 2 ms", playoutSim{transit: uniformTransit(2 * ms), lateCall: 2 * ms}, .0005, 10 * ms, 11 * ms, 11 * ms},
		{"calls in pairs", playoutSim{block: 10 * ms, pairs: true}, .0005, 10 * ms, 15 * ms, 15 * ms},

		{"jitter 30 ms, reordering", playoutSim{transit: uniformTransit(30 * ms)}, .003, 35 * ms, 35 * ms, 35 * ms},
		{"jitter 30 ms, in order", playoutSim{transit: uniformTransit(30 * ms), inOrder: true}, .003, 35 * ms, 35 * ms, 35 * ms},
		{"jitter exponential 10 ms", playoutSim{transit: exponentialTransit(10 * ms)}, .005, 80 * ms, 110 * ms, 110 * ms},
		{"jitter exponential 30 ms", playoutSim{transit: exponentialTransit(30 * ms)}, .007, 240 * ms, 310 * ms, 310 * ms},
		{"jitter 50 ms that ends", playoutSim{transit: until(30*time.Second, uniformTransit(50*ms))}, .003, 40 * ms, 55 * ms, 5 * ms},
		{"spikes of 200 ms each 5 s", playoutSim{transit: spikeTransit(200*ms, 5*time.Second)}, .01, 205 * ms, 210 * ms, 210 * ms},
		{"spikes of 200 ms each 15 s", playoutSim{transit: spikeTransit(200*ms, 15*time.Second)}, .015, 30 * ms, 210 * ms, 5 * ms},

		{"loss 1 %", playoutSim{lost: randomLoss(.01)}, .015, 5 * ms, 5 * ms, 5 * ms},
		{"loss 5 %", playoutSim{lost: randomLoss(.05)}, .06, 5 * ms, 5 * ms, 5 * ms},
		{"loss 10 %", playoutSim{lost: randomLoss(.1)}, .115, 5 * ms, 5 * ms, 5 * ms},
		{"loss 20 %", playoutSim{lost: randomLoss(.2)}, .22, 5 * ms, 5 * ms, 5 * ms},
		{"loss 1 %, FEC", playoutSim{lost: randomLoss(.01), inBand: true}, .0015, 15 * ms, 15 * ms, 15 * ms},
		{"loss 5 %, FEC", playoutSim{lost: randomLoss(.05), inBand: true}, .006, 15 * ms, 15 * ms, 15 * ms},
		{"loss 10 %, FEC", playoutSim{lost: randomLoss(.1), inBand: true}, .015, 15 * ms, 15 * ms, 15 * ms},
		{"loss 20 %, FEC", playoutSim{lost: randomLoss(.2), inBand: true}, .05, 15 * ms, 15 * ms, 15 * ms},
		{"loss 1 %, copies", playoutSim{lost: randomLoss(.01), copies: 1}, .0015, 15 * ms, 15 * ms, 15 * ms},
		{"loss 10 %, copies", playoutSim{lost: randomLoss(.1), copies: 1}, .015, 15 * ms, 15 * ms, 15 * ms},
		{"loss 10 %, copies twice", playoutSim{lost: randomLoss(.1), copies: 2}, .003, 25 * ms, 26 * ms, 26 * ms},
		{"loss 20 %, copies twice", playoutSim{lost: randomLoss(.2), copies: 2}, .012, 25 * ms, 26 * ms, 26 * ms},
		{"bursts 5 % of 4", playoutSim{lost: gilbert(.05, 4)}, .08, 5 * ms, 5 * ms, 5 * ms},
		{"bursts 5 % of 4, copies twice", playoutSim{lost: gilbert(.05, 4), copies: 2}, .05, 26 * ms, 28 * ms, 28 * ms},

		{"path 100 ms longer", playoutSim{transit: stepTransit(30*time.Second, 0, 100*ms)}, .003, 60 * ms, 106 * ms, 106 * ms},
		{"path 100 ms shorter", playoutSim{transit: stepTransit(30*time.Second, 100*ms, 0)}, .001, 60 * ms, 106 * ms, 5 * ms},
		{"outage 3 s, lost", playoutSim{lost: inSpan(30*time.Second, 33*time.Second)}, .053, 5 * ms, 5 * ms, 5 * ms},
		{"outage 3 s, held up", playoutSim{transit: spikeTransit(3*time.Second, time.Minute)}, .053, 6 * ms, 6 * ms, 5 * ms},
		{"loudspeaker stalls 3 s", playoutSim{stalled: stallAt(30*time.Second, 3*time.Second)}, .001, 15 * ms, 50 * ms, 5 * ms},
		{"ceiling of 100 ms", playoutSim{ceiling: 100 * ms, transit: spikeTransit(300*ms, 5*time.Second)}, .07, 110 * ms, 125 * ms, 125 * ms},
		{"packets of 10 to 60 ms", playoutSim{packets: mixedPackets}, .01, 45 * ms, 60 * ms, 60 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := uint64(1); seed <= 2; seed++ {
				c.sim.seed = seed
				r := c.sim.run()
				t.Logf("seed %d: %v", seed, r)
				if r.concealed > c.concealed {
					t.Errorf("concealed %.2f%%, want at most %.2f%%", 100*r.concealed, 100*c.concealed)
				}
				if r.mean() > c.mean || r.percentile(.95) > c.p95 || r.end > c.end {
					t.Errorf("delay mean %v, p95 %v, end %v, want at most %v, %v, %v", r.mean(), r.percentile(.95), r.end, c.mean, c.p95, c.end)
				}
				steepest := 1.05 * float64(roughness(0, testVoice()))
				if r.concealed > .001 {
					steepest *= 1.5 // the guesses of the fake decoder are rougher than a voice
				}
				if float64(r.rough) > steepest {
					t.Errorf("largest step %d, want at most %.0f", r.rough, steepest)
				}
			}
		})
	}
}

func until(end time.Duration, f func(*rand.Rand, time.Duration) time.Duration) func(*rand.Rand, time.Duration) time.Duration {
	return func(rng *rand.Rand, at time.Duration) time.Duration {
		if at < end {
			return f(rng, at)
		}
		return 0
	}
}

func stepTransit(when, before, after time.Duration) func(*rand.Rand, time.Duration) time.Duration {
	return func(_ *rand.Rand, at time.Duration) time.Duration {
		if at < when {
			return before
		}
		return after
	}
}

func inSpan(from, to time.Duration) func(*rand.Rand, time.Duration) bool {
	return func(_ *rand.Rand, at time.Duration) bool { return at >= from && at < to }
}

func stallAt(from, length time.Duration) func(time.Duration) bool {
	return func(at time.Duration) bool { return at >= from && at < from+length }
}

func mixedPackets(i int) time.Duration {
	return []time.Duration{10 * ms, 20 * ms, 40 * ms, 60 * ms}[i/100%4]
}

// TestPlayoutDrift runs an hour with clocks 200 ppm apart.
func TestPlayoutDrift(t *testing.T) {
	length := time.Hour
	if testing.Short() {
		length = 5 * time.Minute
	}
	for _, c := range []struct {
		name string
		sim  playoutSim
		most time.Duration // delay, but for one block in a thousand
	}{
		{"sender fast", playoutSim{drift: 200}, 14 * ms},
		{"sender slow", playoutSim{drift: -200}, 14 * ms},
		{"sender fast, a tone", playoutSim{drift: 200, sound: testTone(440, 12000)}, 14 * ms},
		{"sender slow, a tone", playoutSim{drift: -200, sound: testTone(440, 12000)}, 14 * ms},
		{"sender fast, noise 2 ms", playoutSim{drift: 200, transit: uniformTransit(2 * ms), lateCall: 2 * ms, block: 10 * ms}, 20 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.sim.seed, c.sim.length = 1, length
			r := c.sim.run()
			t.Logf("seed 1: %v", r)
			if r.stats.Concealed > 0 || r.stats.Lost > 0 {
				t.Errorf("concealed %d samples, lost %d packets, want none", r.stats.Concealed, r.stats.Lost)
			}
			if got := r.percentile(.999); got > c.most {
				t.Errorf("delay up to %v, want at most %v", got, c.most)
			}
			drifted := int64(c.sim.drift * 1e-6 * length.Seconds() * SampleRate)
			if edits := int64(r.stats.Squeezed) - int64(r.stats.Stretched); max(edits-drifted, drifted-edits) > SampleRate/40 {
				t.Errorf("edited by %d samples, the clocks drifted by %d", edits, drifted)
			}
			sound := c.sim.sound
			if sound == nil {
				sound = testVoice()
			}
			if want := roughness(0, sound); float64(r.rough) > 1.05*float64(want) {
				t.Errorf("largest step %d, the sound has %d", r.rough, want)
			}
			if want := sharpestBend(sound); r.bend > want*5/4 {
				t.Errorf("sharpest bend %d, the sound has %d: a click", r.bend, want)
			}
		})
	}
}

// TestPlayoutTargetComesDown: what a burst of jitter has taught is unlearnt when it
// is over, and sound comes as early as before.
func TestPlayoutTargetComesDown(t *testing.T) {
	const seed, from, to, after = 9, 20 * time.Second, 25 * time.Second, 20 * time.Second
	for _, burst := range []time.Duration{40 * ms, 120 * ms, 300 * ms} {
		jitter := uniformTransit(burst)
		var before, during, later time.Duration // largest targets
		sim := playoutSim{seed: seed, length: to + after + 10*time.Second, transit: func(rng *rand.Rand, at time.Duration) time.Duration {
			if at > from && at < to {
				return jitter(rng, at)
			}
			return 0
		}}
		sim.onBlock = func(at time.Duration, p *Playout, _ []int16) {
			switch target := p.Stats().Target; {
			case at > time.Second && at < from:
				before = max(before, target)
			case at > from && at < to:
				during = max(during, target)
			case at > to+after:
				later = max(later, target)
			}
		}
		r := sim.run()
		t.Logf("burst of %v: target %v before, %v during, %v %v later; %v", burst, before, during, later, after, r)
		if during < burst/2 || later > before+ms || r.end > 5*ms {
			t.Errorf("seed %d, burst of %v: target %v before, %v during, %v after, delay %v at the end", seed, burst, before, during, later, r.end)
		}
	}
}

// A pause of the sender is silence, not loss, and the stream goes on in time.
func TestPlayoutPauseIsNotConcealed(t *testing.T) {
	for _, jitter := range []time.Duration{1, 20 * ms} {
		sim := playoutSim{seed: 3, transit: uniformTransit(jitter), paused: func(at time.Duration) bool { return at%(10*time.Second) > 8*time.Second }}
		r := sim.run()
		if r.concealed > .001 || r.stats.Lost > 1 {
			t.Errorf("jitter %v: %v, want nothing concealed or lost", jitter, r)
		}
		if silent := SampleTime(int(r.stats.Silent)); silent < 9*time.Second || silent > 11*time.Second {
			t.Errorf("jitter %v: silent for %v, want 10 s", jitter, silent)
		}
		if r.end > jitter+10*ms {
			t.Errorf("jitter %v: delay %v at the end", jitter, r.end)
		}
	}
}

// playoutBench is a Playout driven by hand: packets of 10 ms, blocks of 10 ms.
type playoutBench struct {
	p   *Playout
	now time.Time
	seq uint16
	ts  uint32
	out []int16
}

func newPlayoutBench(sound []int16) *playoutBench {
	return &playoutBench{p: NewPlayout(&fakeDecoder{sound: sound}, PlayoutConfig{}), now: time.Unix(1e9, 0), seq: 100, ts: 0}
}

// push delivers the next packet; skip passes one over.
func (b *playoutBench) push() {
	b.p.Push(b.now, b.seq, b.ts, fakePacket(int(b.ts), 480, true))
	b.skip()
}

func (b *playoutBench) skip() { b.seq++; b.ts += 480 }

func (b *playoutBench) pull() []int16 {
	b.now = b.now.Add(5 * ms)
	block := make([]int16, 480)
	b.p.Pull(b.now, block)
	b.now = b.now.Add(5 * ms)
	b.out = append(b.out, block...)
	return block
}

func (b *playoutBench) play(packets int) {
	for range packets {
		b.push()
		b.pull()
	}
}

func TestPlayoutPositionNamesTheSampleThatComes(t *testing.T) {
	sound := make([]int16, 30000)
	for i := range sound {
		sound[i] = int16(i)
	}
	b := newPlayoutBench(sound)
	if _, ok := b.p.Position(); ok {
		t.Error("there is a position before the first packet")
	}
	for i := range 40 {
		b.push()
		ts, ok := b.p.Position()
		if block := b.pull(); i > 30 && (!ok || block[0] != sound[ts]) {
			t.Errorf("block %d begins with %d, position %d ok %v", i, block[0], ts, ok)
		}
	}
	for range 20 {
		b.pull()
	}
	if _, ok := b.p.Position(); ok {
		t.Error("there is a position although the stream has stopped")
	}
}

func TestPlayoutFadesOutALongGap(t *testing.T) {
	b := newPlayoutBench(testTone(200, 10000))
	b.play(50)
	for range 5 {
		b.pull()
	}
	if peak := peakOf(b.out[len(b.out)-480:]); peak < 3000 {
		t.Errorf("after 50 ms the guess has peak %d, want it to be heard", peak)
	}
	for range 9 {
		b.pull()
	}
	if peak := peakOf(b.out[len(b.out)-480:]); peak != 0 {
		t.Errorf("after 140 ms the guess has peak %d, want silence", peak)
	}
	if r := roughness(0, b.out); r > 400 {
		t.Errorf("largest step %d in a tone of 262", r)
	}
	b.play(5)
	if peak := peakOf(b.out[len(b.out)-480:]); peak < 9000 {
		t.Errorf("the stream resumed with peak %d", peak)
	}
	if r := roughness(0, b.out); r > 400 {
		t.Errorf("largest step %d after resuming in a tone of 262", r)
	}
}

func peakOf(x []int16) int {
	peak := 0
	for _, v := range x {
		peak = max(peak, int(v), -int(v))
	}
	return peak
}

// What comes late after a gap is still played, whole and without a click.
func TestPlayoutPlaysWhatWasHeldUp(t *testing.T) {
	b := newPlayoutBench(testTone(200, 10000))
	b.play(50)
	before := b.p.Stats()
	for range 4 {
		b.pull()
	}
	for range 4 {
		b.push()
	}
	b.play(10)
	for range 6 {
		b.pull()
	}
	s := b.p.Stats()
	if s.Played != s.Packets*480 {
		t.Errorf("played %d samples of %d packets of 480", s.Played, s.Packets)
	}
	if gap := s.Concealed - before.Concealed; gap < 3*480 || gap > 5*480+joinSearch {
		t.Errorf("concealed %d samples, want about %d", gap, 4*480)
	}
	if s.Lost+s.Late > 0 {
		t.Errorf("lost %d, late %d packets, want none", s.Lost, s.Late)
	}
	if r := roughness(0, b.out); r > 400 {
		t.Errorf("largest step %d in a tone of 262", r)
	}
}

// plainDecoder does not tell which packets carry copies.
type plainDecoder struct{ AudioDecoder }

// Copies that came anyhow are used, but nobody boasts of them.
func TestPlayoutRecoversWithoutBeingTold(t *testing.T) {
	sound := testTone(200, 10000)
	b := newPlayoutBench(sound)
	b.p.dec, b.p.copies = plainDecoder{b.p.dec}, nil
	b.play(50)
	b.pull()
	b.push()
	b.play(50) // a packet waits all the time
	before, began := b.p.Stats(), len(b.out)
	b.skip()
	b.push()
	b.play(1)
	for range 5 {
		b.pull()
		b.push()
	}
	if s := b.p.Stats(); s.Recovered != 0 || s.Concealed-before.Concealed != 480 || s.Lost != 1 {
		t.Errorf("recovered %d, concealed %d, lost %d, want 0, 480, 1", s.Recovered, s.Concealed-before.Concealed, s.Lost)
	}
	for at := began; at+480 <= len(b.out); at += 480 {
		if snr := toneSNR(b.out[at:at+480], 200); snr < 40 {
			t.Errorf("%v after the loss the tone has %.1f dB, want it whole", SampleTime(at-began), snr)
		}
	}
}

func TestPlayoutCounts(t *testing.T) {
	b := newPlayoutBench(testVoice())
	b.play(100)
	b.skip()
	b.play(1) // came early by one packet: the gap is recovered from it
	b.p.Push(b.now, b.seq-1, b.ts-480, fakePacket(int(b.ts)-480, 480, true))
	b.play(10)
	b.p.Push(b.now, b.seq-12, b.ts-12*480, fakePacket(int(b.ts)-12*480, 480, true))
	b.p.Push(b.now, b.seq, b.ts, nil)
	b.p.Push(b.now, b.seq, b.ts, make([]byte, maxPayload+1))
	b.p.Push(b.now, b.seq, b.ts, []byte("damaged"))
	b.skip()
	b.play(10)
	s := b.p.Stats()
	if s.Duplicates != 1 || s.Late != 1 || s.Refused != 3 || s.Lost != 2 {
		t.Errorf("duplicates %d, late %d, refused %d, lost %d, want 1, 1, 3, 2", s.Duplicates, s.Late, s.Refused, s.Lost)
	}
}

// A peer that starts over picks new numbers.
func TestPlayoutFollowsARestart(t *testing.T) {
	b := newPlayoutBench(testVoice())
	b.play(200)
	b.seq, b.ts = b.seq+30000, b.ts+1<<31-12345
	b.play(100)
	s := b.p.Stats()
	if s.Refused != 1 {
		t.Errorf("refused %d packets, want the one that was not trusted yet", s.Refused)
	}
	if ts, ok := b.p.Position(); !ok || b.ts-ts > 3*480 {
		t.Errorf("position %d ok %v, packets are at %d", ts, ok, b.ts)
	}
}

// A stray packet of another stream does no harm.
func TestPlayoutIgnoresAStray(t *testing.T) {
	b := newPlayoutBench(testVoice())
	b.play(100)
	for i := range uint16(50) {
		b.p.Push(b.now, b.seq+20000+7*i, b.ts+1<<30, fakePacket(0, 480, false))
		b.play(1)
	}
	if s := b.p.Stats(); s.Refused != 50 || s.Concealed != 0 || s.Lost != 0 {
		t.Errorf("refused %d, concealed %d, lost %d, want 50, 0, 0", s.Refused, s.Concealed, s.Lost)
	}
}

func BenchmarkPlayout(b *testing.B) {
	for _, c := range []struct {
		name   string
		jitter int // packets come in clusters of so many
		lost   int // every so many
	}{{"clean", 1, 0}, {"clusters", 4, 0}, {"loss", 1, 10}} {
		b.Run(c.name, func(b *testing.B) {
			p := NewPlayout(&fakeDecoder{sound: testVoice()}, PlayoutConfig{})
			packet := fakePacket(4800, 480, false)
			block := make([]int16, 480)
			now := time.Unix(1e9, 0)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%c.jitter == c.jitter-1 {
					for k := i - c.jitter + 1; k <= i; k++ {
						if c.lost == 0 || k%c.lost != 0 {
							p.Push(now, uint16(k), uint32(480*k), packet)
						}
					}
				}
				now = now.Add(10 * ms)
				p.Pull(now, block)
			}
		})
	}
}
