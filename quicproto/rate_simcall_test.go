package quicproto

import (
	"math"
	"time"

	"github.com/skulltech/prattle/media"
)

// simSource describes what a call has to say. Zero values mean the defaults.
type simSource struct {
	content  media.Bitrate // the most that the picture needs; 0: any amount
	fps      int           // 0: 30
	noise    float64       // standard deviation of frame sizes, relative; 0: 0.2
	lag      time.Duration // how long the encoder takes to follow its target; 0: 100 ms
	keyEvery time.Duration // a frame of four times the size; 0: only the first is one
	audio    int           // packets of sound a second; 0: 100
	report   time.Duration // feedback interval; 0: 30 ms
}

const (
	simOverhead = 74   // bytes of a packet on the wire besides its payload
	simMTU      = 1200 // bytes on the wire
	simAudio    = 120  // bytes on the wire of a packet of sound
	simReport   = 100  // bytes on the wire of a report
	// simPatience is how far the pacer may be behind for a frame to be encoded.
	simPatience = 120 * time.Millisecond
)

// simCall sends sound and video one way over a link as its rate control says,
// and feedback the other.
type simCall struct {
	*simNet
	simSource
	flow    int
	out, in *simLink
	rc      *rateControl
	pace    *pacer

	// The sender.
	nextID  uint64
	sent    []simSent // by id - 1
	queue   []simMedia
	backlog int     // bytes in queue
	wake    int     // generation of the pacer's timer
	rate    float64 // bit/s: what the encoder is at
	debt    float64 // bytes by which frames were too large so far
	lastKey time.Duration
	frames  []*simFrame
	skipped int

	// The receiver.
	offset             time.Duration // of its clock
	drift              float64       // of its clock, relative
	arrivals           []packetAck   // since begin
	begin, fresh, high uint64        // ids: what reports cover

	trace []simPoint
}

type simSent struct {
	at   time.Duration
	told bool // the rate control knows what became of it
}

type simMedia struct {
	size, probe int
	frame       *simFrame
}

type simFrame struct {
	captured, done time.Duration
	missing        int // packets
}

// simPoint is what the rate control said at a time.
type simPoint struct {
	at     time.Duration
	target media.Bitrate
}

func newSimCall(n *simNet, flow int, out, in *simLink, cfg rateConfig, src simSource) *simCall {
	setDefault(&src.fps, 30)
	setDefault(&src.noise, 0.2)
	setDefault(&src.lag, 100*time.Millisecond)
	setDefault(&src.audio, 100)
	setDefault(&src.report, 30*time.Millisecond)
	c := &simCall{simNet: n, simSource: src, flow: flow, out: out, in: in, rc: newRateControl(cfg), offset: 1234 * time.Second}
	c.pace = newPacer(c.rc.pacing())
	return c
}

func (c *simCall) start(at time.Duration) {
	phase := func(d time.Duration) time.Duration { return at + time.Duration(c.rng.Float64()*float64(d)) }
	c.every(phase(10*time.Millisecond), time.Second/time.Duration(c.audio), func() { c.transmit(simMedia{size: simAudio}) })
	c.every(phase(30*time.Millisecond), time.Second/time.Duration(c.fps), c.capture)
	c.every(phase(c.report), c.report, c.feedback)
	c.every(at, 5*time.Millisecond, c.tick)
	c.every(at, 20*time.Millisecond, func() { c.trace = append(c.trace, simPoint{c.now, c.rc.target()}) })
}

// tick stands for the timer and the sender of the owner loop.
func (c *simCall) tick() {
	if t := c.rc.next(); !t.IsZero() && !c.clock().Before(t) {
		c.rc.advance(c.clock())
	}
	if bytes, size, cluster, ok := c.rc.probe(); ok {
		for size = min(size, simMTU); bytes > 0; bytes -= size {
			c.push(simMedia{size: size, probe: cluster})
		}
		c.pump()
	}
}

// capture encodes a frame and queues its packets.
func (c *simCall) capture() {
	if c.rc.pacing().Time(c.backlog) > simPatience {
		c.skipped++
		return
	}
	size := c.encode(len(c.frames) == 0 || c.keyEvery > 0 && c.now-c.lastKey >= c.keyEvery)
	f := &simFrame{captured: c.now}
	c.frames = append(c.frames, f)
	const room = simMTU - simOverhead
	f.missing = (size + room - 1) / room
	for range f.missing {
		c.push(simMedia{size: size/f.missing + simOverhead, frame: f})
	}
	c.pump()
}

// encode returns the size of the next frame in bytes. Like a real encoder at a
// constant rate it lags behind its target, is noisy, and repays over the next
// frames what one was too large.
func (c *simCall) encode(key bool) int {
	video := float64(c.rc.target()) - float64(c.audio*simAudio*8)
	if c.content > 0 {
		video = min(video, float64(c.content))
	}
	video = max(video, 20e3)
	setDefault(&c.rate, video)
	c.rate += (video - c.rate) * (1 - math.Exp(-1/float64(c.fps)/c.lag.Seconds()))
	mean := c.rate / 8 / float64(c.fps)
	mean -= math.Ceil(mean/(simMTU-simOverhead)) * simOverhead
	size := (mean - c.debt/8) * (1 + c.noise*c.rng.NormFloat64())
	if key {
		c.lastKey = c.now
		size = 4 * mean
	}
	size = max(size, mean/5, 60)
	c.debt = min(c.debt+size-mean, 20*mean)
	return int(size)
}

func (c *simCall) push(m simMedia) {
	c.queue = append(c.queue, m)
	c.backlog += m.size
}

// pump sends what the pacer allows and comes back for the rest.
func (c *simCall) pump() {
	c.pace.setRate(c.rc.pacing())
	for len(c.queue) > 0 && c.pace.allow(c.clock(), c.queue[0].size) {
		m := c.queue[0]
		c.queue = c.queue[1:]
		c.backlog -= m.size
		c.transmit(m)
	}
	c.wake++
	if len(c.queue) == 0 {
		return
	}
	wake := c.wake
	c.after(c.pace.next(c.clock(), c.queue[0].size).Sub(c.clock()), func() {
		if wake == c.wake {
			c.pump()
		}
	})
}

func (c *simCall) transmit(m simMedia) {
	c.pace.spend(c.clock(), m.size)
	c.nextID++
	id := c.nextID
	c.sent = append(c.sent, simSent{at: c.now})
	c.rc.handleSent(c.clock(), sentPacket{id: id, size: m.size, probe: m.probe})
	c.out.send(simPacket{flow: c.flow, size: m.size, deliver: func(ce bool) { c.arrive(id, ce, m.frame) }})
}

// arrive runs at the receiver. Its clock tells time as RFC 8888 does.
func (c *simCall) arrive(id uint64, ce bool, f *simFrame) {
	t := c.offset + time.Duration(float64(c.now)*(1+c.drift))
	t = t * 1024 / time.Second * time.Second / 1024
	c.arrivals = append(c.arrivals, packetAck{id: id, arrival: t, ce: ce})
	c.high = max(c.high, id)
	if f == nil {
		return
	}
	if f.missing--; f.missing == 0 {
		f.done = c.now
	}
}

// feedback sends a report on the packets since the report before the last, so
// that one lost report leaves no hole.
func (c *simCall) feedback() {
	if c.high < c.fresh {
		return
	}
	begin, high := max(c.begin, 1), c.high
	var acks []packetAck
	for _, a := range c.arrivals {
		if a.id >= begin {
			acks = append(acks, a)
		}
	}
	c.arrivals = append(c.arrivals[:0], acks...)
	c.begin, c.fresh = c.fresh, high+1
	c.in.send(simPacket{flow: -1, size: simReport, deliver: func(bool) { c.handleReport(begin, high, acks) }})
}

// handleReport tells the rate control of each packet once: as arrived, or as
// lost when one sent 50 ms later has arrived.
func (c *simCall) handleReport(begin, high uint64, reported []packetAck) {
	var acks []packetAck
	var newest time.Duration
	for _, a := range reported {
		s := &c.sent[a.id-1]
		newest = max(newest, s.at)
		if !s.told {
			acks = append(acks, a)
		}
		s.told = true
	}
	for id := begin; id <= high; id++ {
		if s := &c.sent[id-1]; !s.told && s.at < newest-50*time.Millisecond {
			s.told = true
			acks = append(acks, packetAck{id: id, lost: true})
		}
	}
	c.rc.handleFeedback(c.clock(), acks)
	c.pump()
}

// latency returns how long frames took from capture to their last packet.
func (c *simCall) latency(from, to time.Duration) simDist {
	var d simDist
	for _, f := range c.frames {
		if f.captured > from && f.captured <= to && f.done > 0 {
			d = append(d, f.done-f.captured)
		}
	}
	return d
}

// reached returns when, after a time, the target was first such; negative: never.
func (c *simCall) reached(after time.Duration, such func(media.Bitrate) bool) time.Duration {
	for _, p := range c.trace {
		if p.at >= after && such(p.target) {
			return p.at - after
		}
	}
	return -time.Hour
}

// meanTarget is the mean target in kbit/s from a time on.
func (c *simCall) meanTarget(from time.Duration) float64 {
	mean, n := 0.0, 0.0
	for _, p := range c.trace {
		if p.at > from {
			n++
			mean += (float64(p.target)/1e3 - mean) / n
		}
	}
	return mean
}
