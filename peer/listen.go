package peer

import (
	"slices"
	"sync"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto"
)

// hearing is what routinePlay found in what is heard.
type hearing struct {
	measure bool
	mu      sync.Mutex
	mouth   Measurement // mouth-to-ear, from clicks in the sound
	peak    int16       // loudest sample heard
}

// routinePlay owns the playouts and feeds the speaker, whose clock is the master
// of playout.
func (p *pipeline) routinePlay() {
	defer p.routines.Done()
	for p.play() {
		if !p.sleep(deviceRetry) {
			return
		}
	}
}

// play feeds the speaker until it fails; false if it need not be opened again.
func (p *pipeline) play() bool {
	speaker, err := p.room.cfg.Devices.Speaker()
	if err != nil {
		p.deviceFailed(media.KindSpeaker, err)
		return false
	}
	defer p.closeOnEnd(speaker.Close)()
	e := ear{p: p, voices: make(map[*Link]*heardVoice)}
	defer e.close()
	if p.hearing.measure {
		e.clicks = new(media.ClickDetector)
	}
	if err := speaker.Play(e.fill); err != nil {
		p.deviceLost(media.KindSpeaker, err)
		return true
	}
	return false
}

// ear mixes the voices of all links. It runs in the speaker's rhythm.
type ear struct {
	p      *pipeline
	voices map[*Link]*heardVoice
	mixer  media.Mixer
	noise  media.RoomNoise
	active media.ActiveSpeaker
	heard  []*media.Voice // in this block
	played uint64         // samples
	traced uint64         // the second of sound last traced, plus one
	clicks *media.ClickDetector
}

// heardVoice is one link's sound.
type heardVoice struct {
	codec   string
	dec     media.AudioDecoder
	playout *media.Playout
	voice   media.Voice
	block   []int16
}

// fill makes the next block for the speaker.
func (e *ear) fill(block []int16, at time.Time) {
	if second := e.played/media.SampleRate + 1; second != e.traced {
		e.traced = second
		e.p.room.cfg.Trace.sound(at, "speaker", e.played)
	}
	e.played += uint64(len(block))
	links, now := e.p.links(), time.Now()
	e.heard = e.heard[:0]
	for _, l := range links {
		if v := e.listen(l); v != nil {
			e.add(v, v.pull(now, at, len(block), l), l)
		}
	}
	e.mixer.Mix(block)
	e.forget(links)
	e.attend(links, len(block))
	if e.clicks != nil {
		e.p.hearing.hear(e.clicks, at, block)
	}
}

// add mixes in the next block of a voice, if there is anything to be heard in it.
func (e *ear) add(v *heardVoice, block []int16, l *Link) {
	v.voice.SetGain(l.volume.gain())
	if v.playout.Silent() {
		v.voice.Rest(len(block))
	} else {
		e.mixer.Add(&v.voice, block)
	}
	e.heard = append(e.heard, &v.voice)
}

// attend finds out who speaks, and whose noise is to be heard in the next block.
func (e *ear) attend(links []*Link, n int) {
	e.noise.Choose(e.loudness)
	e.active.Hear(e.heard, n)
	for _, l := range links {
		v := e.voices[l]
		if v == nil {
			continue
		}
		l.speaking.Store(v.voice.Speaking())
		if e.active.Speaker() == &v.voice {
			e.p.room.spotlight.speaker.Store(l)
		}
	}
}

// loudness yields each playout with the gain of its voice.
func (e *ear) loudness(yield func(*media.Playout, float64) bool) {
	for l, v := range e.voices {
		if !yield(v.playout, l.volume.gain()) {
			return
		}
	}
}

// listen takes in what came from l; nil while nothing ever came.
func (e *ear) listen(l *Link) *heardVoice {
	for {
		select {
		case s := <-l.played:
			e.take(l, s)
		default:
			return e.voices[l]
		}
	}
}

func (e *ear) take(l *Link, s quicproto.SoundPacket) {
	v := e.voices[l]
	if v == nil || v.codec != s.Codec {
		if v != nil {
			v.dec.Close()
			delete(e.voices, l)
		}
		var err error
		if v, err = newHeardVoice(s.Codec); err != nil {
			e.p.room.cfg.Log.Warn("cannot play sound", "peer", l.peer.Short(), "reason", err)
			return
		}
		e.voices[l] = v
	}
	v.playout.Push(s.Received, s.Seq, s.Timestamp, s.Payload)
}

func newHeardVoice(codec string) (*heardVoice, error) {
	c, err := media.AudioCodecByName(codec)
	if err != nil {
		return nil, err
	}
	dec, err := c.NewDecoder()
	if err != nil {
		return nil, err
	}
	return &heardVoice{codec: codec, dec: dec, playout: media.NewPlayout(dec, media.PlayoutConfig{})}, nil
}

// pull plays the next n samples, which will be heard at at, and publishes the
// statistics.
func (v *heardVoice) pull(now, at time.Time, n int, l *Link) []int16 {
	if cap(v.block) < n {
		v.block = make([]int16, n)
	}
	v.block = v.block[:n]
	l.heard.alignTo(v.playout, now, at)
	v.playout.Pull(now, v.block)
	l.heard.publish(v.playout)
	return v.block
}

// forget closes the voices of links that have ended.
func (e *ear) forget(links []*Link) {
	for l, v := range e.voices {
		if !slices.Contains(links, l) {
			v.dec.Close()
			delete(e.voices, l)
			l.speaking.Store(false)
		}
	}
}

func (e *ear) close() { e.forget(nil) }

func (h *hearing) hear(d *media.ClickDetector, at time.Time, block []int16) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range block {
		h.peak = max(h.peak, s)
	}
	for _, click := range d.Push(at, block) {
		h.mouth.add(media.ClickLatency(click))
	}
}

// soundMeter is what the playout of a link did, published by routinePlay.
type soundMeter struct {
	mu    sync.Mutex
	stats media.PlayoutStats
	delay time.Duration
	heard rtpMoment // what was heard last
	hold  rtpMoment // what may be heard, from routineLink
}

func (m *soundMeter) publish(p *media.Playout) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stats, m.delay = p.Stats(), p.Delay()
}

func (m *soundMeter) read() (media.PlayoutStats, time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stats, m.delay
}
