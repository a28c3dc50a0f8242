package peer

import (
	"errors"
	"io"
	"slices"
	"time"

	"github.com/skulltech/prattle/media"
)

// micBlock is how much sound is read at a time: the shortest packet.
const micBlock = 10 * time.Millisecond

// routineVoice reads the microphone, compresses what it hears and gives it to every
// link.
func (p *pipeline) routineVoice() {
	defer p.routines.Done()
	for p.speak() {
		if !p.sleep(deviceRetry) {
			return
		}
	}
}

// deviceRetry is the pause before a sound device that failed is tried again.
const deviceRetry = 2 * time.Second

func (p *pipeline) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-p.ctx.Done():
		return false
	}
}

// speak sends sound until the microphone fails; false if it need not be opened
// again.
func (p *pipeline) speak() bool {
	mic, err := p.room.cfg.Devices.Microphone()
	if err != nil {
		p.deviceFailed(media.KindAudio, err)
		return false
	}
	defer p.closeOnEnd(mic.Close)()
	v := voice{p: p}
	defer v.close()
	block := make([]int16, media.SamplesIn(micBlock))
	for {
		at, err := mic.Read(block)
		if err != nil {
			if errors.Is(err, io.EOF) {
				return false
			}
			p.deviceLost(media.KindAudio, err)
			return true
		}
		if err := v.hear(at, block); err != nil {
			p.room.cfg.Log.Error("cannot encode sound", "reason", err)
			return false
		}
	}
}

// voice turns blocks from the microphone into packets for all links: once for all that
// get them at the same rate.
type voice struct {
	p       *pipeline
	hearers []*hearer // in the order of the links
	tiers   [maxSounds]soundTier
	samples uint64 // heard since the start
	pauses  media.PauseDetector
}

func (v *voice) hear(at time.Time, block []int16) error {
	if v.samples%media.SampleRate == 0 {
		v.p.room.cfg.Trace.sound(at, "mic", v.samples)
	}
	begun := v.samples
	v.samples += uint64(len(block))
	if v.p.room.cfg.Tick {
		media.AddTicks(block, at)
	}
	paused := v.pauses.Hear(block)
	v.follow(v.p.links())
	active := v.listening(at)
	if muted, _ := v.p.room.streams(); muted || len(active) == 0 {
		v.pass(paused)
		return nil
	}
	if err := v.prepare(begun, active); err != nil {
		return err
	}
	for i := range v.tiers {
		t := &v.tiers[i]
		if t.enc == nil || !t.boundary(begun) || !t.hear(at, block, paused) {
			continue
		}
		if err := t.compress(); err != nil {
			return err
		}
		v.send(t)
	}
	return nil
}

// pass leaves a block out: nobody is to hear it.
func (v *voice) pass(paused bool) {
	for i := range v.tiers {
		v.tiers[i].pending = v.tiers[i].pending[:0]
		v.tiers[i].gate.Note(paused)
	}
}

// follow keeps one hearer for each link.
func (v *voice) follow(links []*Link) {
	if slices.EqualFunc(v.hearers, links, func(h *hearer, l *Link) bool { return h.link == l }) {
		return
	}
	before := v.hearers
	v.hearers = make([]*hearer, len(links))
	for i, l := range links {
		at := slices.IndexFunc(before, func(h *hearer) bool { return h.link == l })
		if at >= 0 {
			v.hearers[i] = before[at]
		} else {
			v.hearers[i] = &hearer{link: l, tier: noTier}
		}
	}
}

// listening picks the links that get sound now, and finds what suits them.
func (v *voice) listening(now time.Time) []*hearer {
	var active []*hearer
	for _, h := range v.hearers {
		h.allowed = h.link.demand.rate()
		codec, ok := h.link.audioCodec()
		if h.allowed.target == 0 || !ok {
			h.tier, h.stream = noTier, nil
			continue
		}
		h.codec = codec
		active = append(active, h)
	}
	for _, h := range active {
		if !h.allowed.dead || len(active) == 1 {
			h.note(now, len(active) == 1)
		}
	}
	return active
}

// prepare has the encoders ready for the block that begins after so many samples.
func (v *voice) prepare(begun uint64, active []*hearer) error {
	classes, used := divideSounds(active)
	for i := range v.tiers {
		t := &v.tiers[i]
		switch {
		case len(t.pending) > 0: // a packet is under way
		case used[i]:
			if err := t.begin(begun, classes[i], worstLoss(active, i)); err != nil {
				return err
			}
		case !slices.ContainsFunc(active, func(h *hearer) bool { return h.stream == t }):
			t.close()
		}
	}
	for _, h := range active {
		to := &v.tiers[h.tier]
		if len(to.pending) == 0 && to.boundary(begun) && (h.stream == nil || len(h.stream.pending) == 0) {
			h.stream = to
		}
	}
	return nil
}

// send gives the packet in the place of what is pending, if there is one, to all who
// listen to that tier.
func (v *voice) send(t *soundTier) {
	out := soundOut{
		codec:     t.codec,
		timestamp: uint32(v.samples) - uint32(len(t.pending)),
		captured:  t.begun,
		payload:   append([]byte(nil), t.packet...),
	}
	t.pending = t.pending[:0]
	if len(out.payload) == 0 {
		return
	}
	for _, h := range v.hearers {
		if h.stream != t || h.codec != t.codec {
			continue
		}
		select {
		case h.link.sound <- out:
		default:
			h.link.drops.Add(1)
		}
	}
}

// worstLoss is the greatest loss among those in a tier, in steps so coarse that its
// encoder is not retuned without need.
func worstLoss(hearers []*hearer, tier int) float64 {
	var worst float64
	for _, h := range hearers {
		if h.tier == tier {
			worst = max(worst, h.allowed.loss)
		}
	}
	const steps = 20
	return float64(int(worst*steps+0.5)) / steps
}

func (v *voice) close() {
	for i := range v.tiers {
		v.tiers[i].close()
	}
}
