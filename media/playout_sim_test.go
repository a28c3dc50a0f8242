package media

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// This file is the world around a Playout in virtual time: a sender, a network
// and a loudspeaker, all from one seed.

// playoutSim is one call, one way. The zero values are a perfect world.
type playoutSim struct {
	seed     uint64
	length   time.Duration
	packet   time.Duration                                 // default 10 ms
	packets  func(i int) time.Duration                     // instead of packet: each one's length
	block    time.Duration                                 // of the loudspeaker, default 5 ms
	sound    []int16                                       // looped
	transit  func(*rand.Rand, time.Duration) time.Duration // beyond base, at the time of sending
	lost     func(*rand.Rand, time.Duration) bool
	paused   func(at time.Duration) bool // the sender does not send
	gated    bool                        // a VoiceGate leaves out its pauses
	inOrder  bool                        // the path does not reorder
	copies   int                         // each packet comes again with so many of its successors (RED)
	inBand   bool                        // packets carry a copy of the one before (FEC)
	drift    float64                     // of the sender's clock, ppm
	lateCall time.Duration               // the loudspeaker calls late by up to this
	stalled  func(at time.Duration) bool // the loudspeaker does not call
	pairs    bool                        // every second call comes with the one before
	ceiling  time.Duration
	onBlock  func(at time.Duration, p *Playout, block []int16)
}

// simResult is what was heard.
type simResult struct {
	stats     PlayoutStats
	concealed float64         // of all sound that was due
	delays    []time.Duration // of each block: beyond packet and fastest path
	held      time.Duration   // mean of Playout.Delay
	end       time.Duration   // delay at the end
	rough     int             // the largest step between neighbouring samples
	bend      int             // the largest change from one step to the next: a click in a tone stands out
}

const simBase = 20 * time.Millisecond // transit of the fastest packet

var simEpoch = time.Unix(1e9, 0)

type simArrival struct {
	at   time.Duration
	seq  uint16
	ts   uint32
	data []byte
}

func (s *playoutSim) defaults() {
	if s.packet == 0 {
		s.packet = 10 * time.Millisecond
	}
	if s.packets == nil {
		s.packets = func(int) time.Duration { return s.packet }
	}
	if s.block == 0 {
		s.block = 5 * time.Millisecond
	}
	if s.length == 0 {
		s.length = time.Minute
	}
	if s.sound == nil {
		s.sound = testVoice()
	}
}

const (
	simFirstSeq = 65500      // wraps within a second
	simFirstTS  = 4294900000 // wraps within two
)

// ownTime is the time of the simulation when the sender's clock has gone so far.
func (s *playoutSim) ownTime(clock time.Duration) time.Duration {
	return time.Duration(float64(clock) * (1 - s.drift*1e-6))
}

// send makes all arrivals of the call, in order.
func (s *playoutSim) send(rng *rand.Rand) []simArrival {
	var all []simArrival
	var sentBefore [8]simArrival
	var clock, latest time.Duration
	seq := 0
	var gate VoiceGate
	for i := 0; s.ownTime(clock) < s.length; i++ {
		length := s.packets(i)
		begin := clock
		clock += length
		at := s.ownTime(clock)
		if s.paused != nil && s.paused(at) {
			continue
		}
		a := simArrival{seq: uint16(simFirstSeq + seq), ts: uint32(simFirstTS + SamplesIn(begin))}
		a.data = fakePacket(SamplesIn(begin), SamplesIn(length), s.inBand && seq > 0)
		if s.gated {
			gate.Hear(looped(s.sound, SamplesIn(begin), SamplesIn(length)))
			switch gate.Decide(SamplesIn(length)) {
			case SendPause:
				a.data = fakePause
			case SendNothing:
				continue
			}
		}
		lost := s.lost != nil && s.lost(rng, at)
		a.at = at + simBase
		if s.transit != nil {
			a.at += s.transit(rng, at)
		}
		if s.inOrder {
			a.at = max(a.at, latest)
			latest = a.at
		}
		if !lost {
			for back := min(s.copies, seq); back > 0; back-- {
				c := sentBefore[(seq-back)%len(sentBefore)]
				c.at = a.at
				all = append(all, c)
			}
			all = append(all, a)
		}
		sentBefore[seq%len(sentBefore)] = a
		seq++
	}
	slices.SortStableFunc(all, func(a, b simArrival) int { return cmp.Compare(a.at, b.at) })
	return all
}

// run plays the call.
func (s playoutSim) run() simResult {
	s.defaults()
	rng := rand.New(rand.NewPCG(s.seed, 1))
	calls := rand.New(rand.NewPCG(s.seed, 2))
	arrivals := s.send(rng)
	p := NewPlayout(&fakeDecoder{sound: s.sound}, PlayoutConfig{Ceiling: s.ceiling})
	var r simResult
	block := make([]int16, SamplesIn(s.block))
	var held time.Duration
	var last, before int16
	n := 0
	// An odd phase: packets come 2.7 ms before a block of 5 ms is due.
	for at := 2700 * time.Microsecond; at < s.length; at += s.block {
		if s.stalled != nil && s.stalled(at) {
			continue
		}
		call := at
		if s.pairs && n%2 == 0 {
			call += s.block
		}
		if s.lateCall > 0 {
			call += time.Duration(calls.Int64N(int64(s.lateCall)))
		}
		for len(arrivals) > 0 && arrivals[0].at <= call {
			a := arrivals[0]
			p.Push(simEpoch.Add(a.at), a.seq, a.ts, a.data)
			arrivals = arrivals[1:]
		}
		if ts, ok := p.Position(); ok {
			captured := SampleTime(int(int32(ts - uint32(simFirstTS&math.MaxUint32))))
			captured = s.ownTime(captured)
			r.delays = append(r.delays, call-captured-simBase-s.packet)
		}
		p.Pull(simEpoch.Add(call), block)
		if s.onBlock != nil {
			s.onBlock(at, p, block)
		}
		r.rough = max(r.rough, roughness(last, block))
		r.bend = max(r.bend, sharpestBend(append([]int16{before, last}, block...)))
		before, last = block[len(block)-2], block[len(block)-1]
		held += p.Delay()
		n++
	}
	r.stats = p.Stats()
	r.held = held / time.Duration(n)
	due := r.stats.Played + r.stats.Recovered + r.stats.Concealed
	r.concealed = float64(r.stats.Concealed) / float64(max(due, 1))
	if len(r.delays) > 0 {
		r.end = r.delays[len(r.delays)-1]
	}
	return r
}

func (r simResult) mean() time.Duration {
	var sum time.Duration
	for _, d := range r.delays {
		sum += d
	}
	return sum / time.Duration(max(len(r.delays), 1))
}

func (r simResult) percentile(q float64) time.Duration {
	if len(r.delays) == 0 {
		return 0
	}
	sorted := slices.Clone(r.delays)
	slices.Sort(sorted)
	return sorted[int(q*float64(len(sorted)-1))]
}

func (r simResult) String() string {
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	return fmt.Sprintf("concealed %.2f%% in %d, delay mean %.1f p95 %.1f end %.1f ms, held %.1f ms, recovered %d ms, stretched %d squeezed %d ms, lost %d late %d, step %d, bend %d",
		100*r.concealed, r.stats.Concealments, ms(r.mean()), ms(r.percentile(.95)), ms(r.end), ms(r.held),
		r.stats.Recovered/48, r.stats.Stretched/48, r.stats.Squeezed/48, r.stats.Lost, r.stats.Late, r.rough, r.bend)
}

// roughness is the largest step between neighbouring samples of x, the first of
// which follows last.
func roughness(last int16, x []int16) int {
	most := 0
	for _, v := range x {
		most = max(most, int(v)-int(last), int(last)-int(v))
		last = v
	}
	return most
}

// sharpestBend is the largest second difference of x: what a click sticks out by.
func sharpestBend(x []int16) int {
	most := 0
	for i := 2; i < len(x); i++ {
		bend := int(x[i]) - 2*int(x[i-1]) + int(x[i-2])
		most = max(most, bend, -bend)
	}
	return most
}

// fakeDecoder decodes packets that name a place in a sound known to all. It
// conceals by repeating its last period, softer and softer.
type fakeDecoder struct {
	sound []int16
	last  pcmLine
	soft  float64
}

var errFakePacket = errors.New("fake packet is damaged")

func fakePacket(begin, length int, hasCopy bool) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(begin))
	b = binary.BigEndian.AppendUint16(b, uint16(length))
	if hasCopy {
		return append(b, 1)
	}
	return append(b, 0)
}

// fakePause is the packet that says that there is no sound.
var fakePause = []byte{0}

func (d *fakeDecoder) IsPause(packet []byte) bool { return len(packet) == len(fakePause) }

// looped is n samples of sound from begin on.
func looped(sound []int16, begin, n int) []int16 {
	out := make([]int16, n)
	for i := range out {
		out[i] = sound[(begin+i)%len(sound)]
	}
	return out
}

func (d *fakeDecoder) Decode(pcm []int16, packet []byte) (int, error) {
	if len(packet) != 11 {
		return 0, errFakePacket
	}
	begin := int(binary.BigEndian.Uint64(packet) % uint64(len(d.sound)))
	n := int(binary.BigEndian.Uint16(packet[8:]))
	if n == 0 || n > len(pcm) {
		return 0, errFakePacket
	}
	d.write(pcm[:n], begin)
	return n, nil
}

func (d *fakeDecoder) write(pcm []int16, begin int) {
	for n := 0; n < len(pcm); {
		n += copy(pcm[n:], d.sound[(begin+n)%len(d.sound):])
	}
	joined := pcm
	if d.soft < 1 { // or the guess at a later loss repeats this step
		joined = slices.Clone(pcm)
		tail := make([]int16, min(joinFade, len(pcm)))
		d.last.extrapolate(tail)
		crossfade(joined[:len(tail)], tail, joined[:len(tail)], 1)
	}
	d.remember(joined)
	d.soft = 1
}

func (d *fakeDecoder) remember(pcm []int16) {
	copy(d.last.room(len(pcm)), pcm)
	d.last.grow(len(pcm))
	d.last.read = d.last.size
}

func (d *fakeDecoder) HasCopy(packet []byte) bool { return len(packet) == 11 && packet[10] == 1 }

func (d *fakeDecoder) Recover(pcm []int16, next []byte) error {
	if !d.HasCopy(next) {
		return d.Conceal(pcm)
	}
	begin := int(binary.BigEndian.Uint64(next)%uint64(len(d.sound))) - len(pcm) + len(d.sound)
	d.write(pcm, begin)
	return nil
}

func (d *fakeDecoder) Conceal(pcm []int16) error {
	d.last.extrapolate(pcm)
	for i, v := range pcm {
		d.soft *= 0.99995
		pcm[i] = int16(float64(v) * d.soft)
	}
	d.remember(pcm)
	return nil
}

func (d *fakeDecoder) Close() error { return nil }

// testVoice is 20 s of something like speech: syllables of gliding pitch, in
// sentences with pauses, over faint noise.
var testVoice = sync.OnceValue(func() []int16 {
	rng := rand.New(rand.NewPCG(7, 7))
	out := make([]int16, 20*SampleRate)
	phase := 0.0
	for i := range out {
		t := float64(i) / SampleRate
		pitch := 130 + 40*math.Sin(2*math.Pi*0.7*t) + 12*math.Sin(2*math.Pi*3.1*t)
		phase += 2 * math.Pi * pitch / SampleRate
		syllable := math.Pow(math.Max(0, math.Sin(2*math.Pi*2*t)), 0.5)
		if math.Mod(t, 4) > 3.2 {
			syllable = 0
		}
		v := 0.0
		for h := 1; h <= 12; h++ {
			formant := 1/(1+math.Pow((float64(h)*pitch-600)/250, 2)) + 0.4/(1+math.Pow((float64(h)*pitch-1400)/300, 2))
			v += formant * math.Sin(float64(h)*phase+float64(h*h)*0.3)
		}
		out[i] = int16(3000*v*syllable + 12*rng.NormFloat64())
	}
	return out
})

// testTone is whole periods of a sine.
func testTone(hz float64, amplitude float64) []int16 {
	out := make([]int16, SampleRate)
	for i := range out {
		out[i] = int16(amplitude * math.Sin(2*math.Pi*hz*float64(i)/SampleRate))
	}
	return out
}

// gilbert loses packets in bursts: mean loss rate, mean length of a burst.
func gilbert(rate, length float64) func(*rand.Rand, time.Duration) bool {
	bad := false
	return func(rng *rand.Rand, _ time.Duration) bool {
		if bad {
			bad = rng.Float64() >= 1/length
		} else {
			bad = rng.Float64() < rate/(1-rate)/length
		}
		return bad
	}
}

func randomLoss(rate float64) func(*rand.Rand, time.Duration) bool {
	return func(rng *rand.Rand, _ time.Duration) bool { return rng.Float64() < rate }
}

func uniformTransit(most time.Duration) func(*rand.Rand, time.Duration) time.Duration {
	return func(rng *rand.Rand, _ time.Duration) time.Duration {
		return time.Duration(rng.Int64N(int64(most)))
	}
}

func exponentialTransit(mean time.Duration) func(*rand.Rand, time.Duration) time.Duration {
	return func(rng *rand.Rand, _ time.Duration) time.Duration {
		return time.Duration(rng.ExpFloat64() * float64(mean))
	}
}

// spikeTransit holds everything up for height every so often: what is sent
// meanwhile comes all at once.
func spikeTransit(height, every time.Duration) func(*rand.Rand, time.Duration) time.Duration {
	return func(_ *rand.Rand, at time.Duration) time.Duration {
		return max(0, height-(at-every/2+every)%every)
	}
}
