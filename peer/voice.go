package peer

import (
	"errors"
	"io"
	"time"

	"github.com/skulltech/prattle/media"
)

// micBlock is how much sound is read at a time: the shortest packet.
const micBlock = 10 * time.Millisecond

// routineVoice reads the microphone, compresses what it hears, once, and gives
// it to every link.
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

// voice turns blocks from the microphone into packets for all links.
type voice struct {
	p       *pipeline
	enc     media.AudioEncoder
	codec   string
	samples uint64 // heard since the start
	pending []int16
	begun   time.Time // when the first of pending was heard
	gate    media.VoiceGate
	rung    soundRung
	tuning  media.AudioTuning
	packet  []byte
}

func (v *voice) hear(at time.Time, block []int16) error {
	if v.samples%media.SampleRate == 0 {
		v.p.room.cfg.Trace.sound(at, "mic", v.samples)
	}
	v.samples += uint64(len(block))
	if v.p.room.cfg.Tick {
		media.AddTicks(block, at)
	}
	v.gate.Hear(block)
	links := v.p.links()
	allowed, ok := weakest(links)
	muted, _ := v.p.room.streams()
	if !ok || muted {
		v.pending = v.pending[:0]
		return nil
	}
	if err := v.open(links); err != nil {
		return err
	}
	if len(v.pending) == 0 {
		v.begun = at
	}
	v.pending = append(v.pending, block...)
	if len(v.pending) < media.SamplesIn(v.rung.Packet) {
		return nil
	}
	if err := v.compress(); err != nil {
		return err
	}
	v.send(links)
	return v.tune(links, allowed.sustained)
}

// compress makes what is pending one packet, or leaves it out in a pause: then packet
// is empty, or says so.
func (v *voice) compress() (err error) {
	v.packet = v.packet[:0]
	verdict := v.gate.Decide(len(v.pending))
	pauses, ok := v.enc.(media.PauseEncoder)
	switch {
	case !ok || verdict == media.SendSound:
		v.packet, err = v.enc.Encode(v.packet, v.pending)
	case verdict == media.SendPause:
		v.packet = pauses.AppendPause(v.packet)
	}
	return err
}

// send gives the packet in the place of what is pending, if there is one, to all links.
func (v *voice) send(links []*Link) {
	out := soundOut{
		codec:     v.codec,
		timestamp: uint32(v.samples) - uint32(len(v.pending)),
		captured:  v.begun,
		payload:   append([]byte(nil), v.packet...),
	}
	v.pending = v.pending[:0]
	if len(out.payload) == 0 {
		return
	}
	for _, l := range links {
		select {
		case l.sound <- out:
		default:
			l.drops.Add(1)
		}
	}
}

func (v *voice) open(links []*Link) error {
	if v.enc != nil {
		return nil
	}
	name, ok := links[0].audioCodec()
	if !ok {
		return media.ErrNoCodec
	}
	c, err := media.AudioCodecByName(name)
	if err != nil {
		return err
	}
	v.codec, v.rung = name, soundLadder[0].soundRung
	v.tuning = media.AudioTuning{Bitrate: v.rung.Bitrate}
	v.enc, err = c.NewEncoder(v.tuning)
	return err
}

// tune follows the rate and the loss of the weakest link.
func (v *voice) tune(links []*Link, target media.Bitrate) error {
	v.rung = soundFor(target)
	tuning := media.AudioTuning{Bitrate: v.rung.Bitrate, ExpectedLoss: worstLoss(links)}
	if tuning == v.tuning {
		return nil
	}
	v.tuning = tuning
	return v.enc.Tune(tuning)
}

// worstLoss is the greatest loss among links, in steps so coarse that the
// encoder is not retuned without need.
func worstLoss(links []*Link) float64 {
	var worst float64
	for _, l := range links {
		worst = max(worst, l.demand.rate().loss)
	}
	const steps = 20
	return float64(int(worst*steps+0.5)) / steps
}

func (v *voice) close() {
	if v.enc != nil {
		v.enc.Close()
	}
}
