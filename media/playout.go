package media

import "time"

// Playout turns the packets of one voice, as the network delivers them, into
// sound without gaps, as the loudspeaker asks for it. It is sans-IO and has one
// owner. The journey of a packet:
//
//	Push -> packetQueue (order, duplicates) -> lagEstimator (how late do they come?)
//	Pull -> adapt (squeeze or stretch towards the target) -> produce (decode |
//	        recover | conceal | silence) -> pcmLine -> block
//
// All times inside are in samples. The clock of the loudspeaker counts the
// samples pulled, the clock of the sender is the RTP timestamp, and the one
// number that ties them is the lag: samples pulled minus stream position. A
// packet that arrives when n samples have been pulled is in time if and only if
// the lag is at least n minus its timestamp: that is the lag it needs. So the
// drift of clocks, the rhythm of the device and the jitter of the network are
// one quantity, measured to the sample, and the policy is a single comparison.
type Playout struct {
	dec     AudioDecoder
	copies  copyTeller  // dec, if it can tell; else nil
	pauses  pauseTeller // dec, if it can tell; else nil
	ceiling int64

	queue   packetQueue
	needs   lagEstimator
	line    pcmLine
	arrived arrivals

	pulled   int64 // the clock of the loudspeaker
	slept    int64 // of these, samples in pauses that the sender told of
	end      int64 // stream time of the end of line
	expected int64 // stream time after the last packet decoded; end - expected is made up
	lastSeq  int64 // of the last packet decoded
	dropped  int64 // packets given up since

	phase     playPhase
	packetLen int      // samples in the last packet
	run       int      // samples made up since the last real one, silence included
	rest      int      // samples to play before the next edit
	wanted    int      // samples played while an edit was wanted and none was good
	broken    bool     // the next packet does not continue the line
	voice     loudness // of the voice, to know pauses by
	paused    bool     // the sender has said that it does not send
	quiet     int      // samples since it did
	rested    bool     // what was made up last is the noise of a pause
	empty     int      // samples at the end of the line that are silence, for want of anything
	silent    bool     // all of the block pulled last was
	comfort   comfort  // what is heard then
	backlog   backlog
	hold      soundHold

	joining bool                         // tail is to be cross-faded into what comes
	tail    [joinFade + joinSearch]int16 // how the made-up sound would go on

	delay       float64 // samples, smoothed
	jitter      float64 // samples, RFC 3550
	lastArrival arrival
	pending     uint64 // made up, and not yet known whether concealed or paused
	stats       PlayoutStats
}

// PlayoutConfig tunes a Playout. Its zero value works.
type PlayoutConfig struct {
	// Ceiling bounds how long a packet is held back so that later ones may
	// come later: 400 ms if zero. Sound older than that is dropped.
	Ceiling time.Duration
}

// PlayoutStats counts what a Playout has done since it was made. Lengths are in
// samples of 48 kHz.
type PlayoutStats struct {
	Played    uint64 // from packets that came in time
	Recovered uint64 // from copies inside later packets (FEC)
	Concealed uint64 // made up, or missing, where the sender had sound
	Silent    uint64 // silence while the sender was not sending, or not yet
	Stretched uint64 // added in order to wait longer
	Squeezed  uint64 // removed in order to catch up

	Concealments uint64 // runs of concealed sound

	Packets    uint64 // taken, duplicates and late ones excepted
	Lost       uint64 // packets that had not come when their turn was over
	Late       uint64 // those of them that came after all, and what Ceiling dropped
	Duplicates uint64 // copies of packets that had come already
	Refused    uint64 // not played: undecodable, too large, or of another stream

	Target time.Duration // for how long the earliest packets should be held back
	Jitter time.Duration // smoothed variation of the transit time, RFC 3550 section 6.4.1
}

// copyTeller is what an AudioDecoder may have besides (see NewPlayout).
type copyTeller interface {
	HasCopy(packet []byte) bool
}

type playPhase uint8

const (
	unanchored playPhase = iota // nothing has come yet: stream time has no meaning
	playing
	idle // the stream has stopped: silence until a packet comes
)

const (
	// defaultCeiling is where waiting hurts a conversation more than gaps do.
	defaultCeiling = 400 * time.Millisecond
	// arrivalGuard is by how much a packet must come before the Pull that needs
	// it: the wake-up noise of a busy machine, and the notice that drifting
	// clocks give (at 200 ppm, 2.5 s).
	arrivalGuard = time.Millisecond / 2
	// maxPull is the longest block that is filled in one piece.
	maxPull = SampleRate / 50
	// maxPacket is the longest packet of Opus, in samples (RFC 6716 section 2.1.4).
	maxPacket = SampleRate * 120 / 1000
)

// NewPlayout makes a Playout that decodes with dec, which stays the caller's to
// close. If dec has a method HasCopy(packet []byte) bool, which tells whether a
// packet carries a copy of the one before, copies are waited for where losses make
// it worth while. Without it they are used if they happen to come in time, and
// counted as concealment. If dec has a method IsPause(packet []byte) bool, which tells
// packets that hold no sound but say that none follows for a while, these are not
// decoded: a noise like the one before fills the time. They must come in turn, as long
// as others, and then every 400 ms at least.
func NewPlayout(dec AudioDecoder, cfg PlayoutConfig) *Playout {
	if cfg.Ceiling <= 0 {
		cfg.Ceiling = defaultCeiling
	}
	ceiling := int64(SamplesIn(cfg.Ceiling))
	p := &Playout{dec: dec, ceiling: ceiling, packetLen: SampleRate / 100}
	p.copies, _ = dec.(copyTeller)
	p.pauses, _ = dec.(pauseTeller)
	p.needs.ceiling = ceiling
	return p
}

// Push takes one packet that came at arrival: its RTP sequence number and
// timestamp (48 kHz) and its payload, which is copied. Copies of earlier packets
// (RFC 2198) are pushed alike, with their own numbers.
func (p *Playout) Push(arrival time.Time, seq uint16, timestamp uint32, payload []byte) {
	if len(payload) == 0 || len(payload) > maxPayload {
		p.stats.Refused++
		return
	}
	id, verdict := p.queue.identify(seq, timestamp, p.plausible)
	switch verdict {
	case packetStray:
		p.stats.Refused++
		return
	case packetDuplicate:
		p.stats.Duplicates++
		return
	case packetRestart:
		p.restart()
	}
	p.observe(arrival, id, payload)
	if p.phase != unanchored && id.ts < p.expected {
		p.stats.Late++
		return
	}
	p.stats.Packets++
	if p.queue.insert(id, payload) {
		p.stats.Late++ // the oldest had to make room
	}
}

// plausible tells whether a packet with stream time ts may belong to the stream
// although its numbers jumped: it comes about when it should.
func (p *Playout) plausible(ts int64) bool {
	if p.phase == unanchored {
		return false
	}
	off := p.pulled - ts - p.needs.fastest()
	return -jumpTime < off && off < jumpTime
}

// restart forgets the stream, but neither the sound in the line nor the counts.
func (p *Playout) restart() {
	p.queue.clear()
	p.arrived.n = 0
	p.needs = lagEstimator{ceiling: p.ceiling}
	p.hold = soundHold{}
	p.stats.Silent += p.pending
	p.pending = 0
	p.phase, p.paused, p.broken, p.backlog = unanchored, false, true, backlog{}
}

func (p *Playout) observe(arrival time.Time, id packetID, payload []byte) {
	p.observeJitter(arrival, id.ts)
	p.arrived.add(arrival, id.ts, false)
	if p.copies != nil && p.phase == playing && !p.queue.received(id.seq-1) && p.copies.HasCopy(payload) {
		p.arrived.add(arrival, id.ts-int64(p.packetLen), true)
	}
}

// Pull fills the next block; now is the time of the call, on the clock of Push's
// arrival, and not the time at which the block will be heard: how late a packet may
// come depends on when it is asked for. Blocks may be of any length; short ones (5
// to 10 ms) keep the delay low.
func (p *Playout) Pull(now time.Time, block []int16) {
	p.silent = true
	for len(block) > maxPull {
		p.pull(now, block[:maxPull])
		block = block[maxPull:]
	}
	p.pull(now, block)
}

func (p *Playout) pull(now time.Time, block []int16) {
	p.learn(now, len(block))
	p.holdAt(now)
	p.adapt(len(block))
	for p.line.unplayed() < len(block) {
		p.produce(len(block) - p.line.unplayed())
	}
	p.line.take(block)
	p.silent = p.silent && p.empty >= len(block)+p.line.unplayed()
	p.pulled += int64(len(block))
}

// learn tells the estimator what has come since the last Pull. A packet within
// the guard counts as if it had missed the block of n samples that is due now.
func (p *Playout) learn(now time.Time, n int) {
	for _, a := range p.arrived.all() {
		need := p.pulled - a.ts
		waited := now.Sub(a.at)
		if waited < arrivalGuard {
			need += int64(n)
		}
		if p.outage() && need > p.needs.target()+nearTarget {
			continue
		}
		p.needs.observe(p.pulled-p.slept+p.slept/pauseLearning, need)
		if p.phase == playing && !a.copied {
			hold := p.position() - a.ts
			p.delay += (float64(max(0, -hold)) + float64(clampSamples(waited, n)) - p.delay) / 32
		}
	}
	p.arrived.n = 0
}

func clampSamples(d time.Duration, most int) int {
	return SamplesIn(min(max(d, 0), SampleTime(most)))
}

// Delay is for how long a packet waits before its first sample is pulled,
// smoothed over the last half second.
func (p *Playout) Delay() time.Duration { return SampleTime(int(p.delay)) }

// Position is the RTP timestamp of the sample that the next Pull begins with. It
// is not ok before the first packet and while the stream has stopped.
func (p *Playout) Position() (timestamp uint32, ok bool) {
	return uint32(p.position()), p.phase == playing
}

func (p *Playout) position() int64 { return p.end - int64(p.line.unplayed()) }

// lag is by how much the position trails the clock of the loudspeaker. Playing
// does not change it; only edits and resynchronisation do.
func (p *Playout) lag() int64 { return p.pulled - p.position() }

// setLag moves the stream time of the line's end so that lag becomes l.
func (p *Playout) setLag(l int64) {
	p.end = p.pulled + int64(p.line.unplayed()) - l
}

// Stats returns the counts so far. What is being concealed now is added when the
// next packet tells whether it was lost, late or never sent.
func (p *Playout) Stats() PlayoutStats {
	s := p.stats
	s.Jitter = SampleTime(int(p.jitter))
	if p.phase != unanchored {
		s.Target = SampleTime(int(p.target() - p.needs.fastest()))
	}
	return s
}
