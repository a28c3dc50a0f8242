//go:build cgo

package media_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/media/mediatest"
	_ "github.com/skulltech/prattle/media/opus"
)

// opusCall is a voice as 10 ms packets of real Opus, and what a decoder makes of
// them that misses none.
type opusCall struct {
	packets [][]byte
	clean   []int16
}

const opusPacket = media.SampleRate / 100

func newOpusCall(t testing.TB, tuning media.AudioTuning) *opusCall {
	codec, err := media.AudioCodecByName("opus")
	if err != nil {
		t.Fatal(err)
	}
	enc, err := codec.NewEncoder(tuning)
	if err != nil {
		t.Fatal(err)
	}
	dec := newOpusDecoder(t)
	c := new(opusCall)
	pcm := make([]int16, opusPacket)
	for voice := media.TestVoice(); len(voice) >= opusPacket; voice = voice[opusPacket:] {
		packet, err := enc.Encode(nil, voice[:opusPacket])
		if err != nil {
			t.Fatal(err)
		}
		if n, err := dec.Decode(pcm, packet); n != opusPacket || err != nil {
			t.Fatalf("decode: %d samples, %v", n, err)
		}
		c.packets = append(c.packets, packet)
		c.clean = append(c.clean, pcm...)
	}
	return c
}

func newOpusDecoder(t testing.TB) media.AudioDecoder {
	codec, err := media.AudioCodecByName("opus")
	if err != nil {
		t.Fatal(err)
	}
	dec, err := codec.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	return dec
}

// play sends the call over a path that loses and delays, and returns what is
// heard beside what should have been, as the position names it.
func (c *opusCall) play(dec media.AudioDecoder, lost func(i int) bool, delay func(i int) time.Duration) (heard, should []int16, stats media.PlayoutStats) {
	p := media.NewPlayout(dec, media.PlayoutConfig{})
	epoch := time.Unix(1e9, 0)
	block := make([]int16, opusPacket/2)
	arrivals := make([]time.Duration, len(c.packets))
	for i := range arrivals {
		arrivals[i] = time.Duration(i+1)*10*time.Millisecond + delay(i)
		if lost(i) {
			arrivals[i] = math.MaxInt64
		}
	}
	next := make([]bool, len(c.packets))
	for at := 2 * time.Millisecond; at < time.Duration(len(c.packets))*10*time.Millisecond; at += 5 * time.Millisecond {
		now := int(at / (10 * time.Millisecond))
		for i := max(0, now-60); i <= now && i < len(arrivals); i++ {
			if !next[i] && arrivals[i] <= at {
				next[i] = true
				p.Push(epoch.Add(arrivals[i]), uint16(i), uint32(i*opusPacket), c.packets[i])
			}
		}
		pos, ok := p.Position()
		p.Pull(epoch.Add(at), block)
		if !ok || int(pos)+len(block) > len(c.clean) {
			continue
		}
		heard = append(heard, block...)
		should = append(should, c.clean[pos:int(pos)+len(block)]...)
	}
	return heard, should, p.Stats()
}

// segmentalSNR is the mean over 10 ms of voice of the signal-to-noise ratio,
// each limited to -10 to 35 dB.
func segmentalSNR(heard, should []int16) float64 {
	sum, n := 0.0, 0
	for ; len(heard) >= opusPacket; heard, should = heard[opusPacket:], should[opusPacket:] {
		var signal, noise float64
		for i := range opusPacket {
			s, d := float64(should[i]), float64(should[i])-float64(heard[i])
			signal += s * s
			noise += d * d
		}
		if signal < 1e6*opusPacket {
			continue // a pause
		}
		sum += min(max(10*math.Log10(signal/(noise+1)), -10), 35)
		n++
	}
	return sum / float64(max(n, 1))
}

// sharpest is the largest second difference: what a click sticks out by.
func sharpest(x []int16) int {
	most := 0
	for i := 2; i < len(x); i++ {
		bend := int(x[i]) - 2*int(x[i-1]) + int(x[i-2])
		most = max(most, bend, -bend)
	}
	return most
}

// plain hides that the decoder can tell which packets carry copies.
type plain struct{ media.AudioDecoder }

// muted conceals by silence: what playout must beat.
type muted struct{ media.AudioDecoder }

func (muted) Conceal(pcm []int16) error { clear(pcm); return nil }

var (
	opusSwift  = media.AudioTuning{Bitrate: 48 * media.Kbps}
	opusSturdy = media.AudioTuning{Bitrate: 32 * media.Kbps, ExpectedLoss: .1}
)

func onTime(int) time.Duration { return 0 }

func TestPlayoutOpusLoss(t *testing.T) {
	for _, c := range []struct {
		name   string
		tuning media.AudioTuning
		loss   float64
		snr    float64 // at least, dB
		copied float64 // more than that with copies, at least, dB; 0: has none
	}{
		{"swift, 1 %", opusSwift, .01, 33, 0},
		{"swift, 5 %", opusSwift, .05, 27, 0},
		{"swift, 10 %", opusSwift, .1, 22, 0},
		{"swift, 20 %", opusSwift, .2, 13, 0},
		{"sturdy, 5 %", opusSturdy, .05, 29, 1.5},
		{"sturdy, 10 %", opusSturdy, .1, 24.5, 2.5},
		{"sturdy, 20 %", opusSturdy, .2, 16.5, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			call := newOpusCall(t, c.tuning)
			const seed = 1
			heardBy := func(dec media.AudioDecoder) float64 {
				rng := rand.New(rand.NewPCG(seed, 1))
				heard, should, stats := call.play(dec, func(int) bool { return rng.Float64() < c.loss }, onTime)
				if _, silent := dec.(muted); !silent && sharpest(heard) > sharpest(call.clean)*105/100 {
					t.Errorf("seed %d: sharpest bend %d, without loss %d: a click", seed, sharpest(heard), sharpest(call.clean))
				}
				snr := segmentalSNR(heard, should)
				t.Logf("%T: %.1f dB, concealed %d ms, recovered %d ms", dec, snr, stats.Concealed/48, stats.Recovered/48)
				return snr
			}
			silent, concealed, copied := heardBy(muted{newOpusDecoder(t)}), heardBy(plain{newOpusDecoder(t)}), heardBy(newOpusDecoder(t))
			if concealed < c.snr || concealed <= silent {
				t.Errorf("seed %d: %.1f dB, want at least %.1f and more than %.1f of silence", seed, concealed, c.snr, silent)
			}
			if c.copied > 0 && copied < concealed+c.copied {
				t.Errorf("seed %d: %.1f dB with copies, want at least %.1f more than %.1f", seed, copied, c.copied, concealed)
			}
		})
	}
}

// Jitter, and what it takes to live with it, does not harm the sound.
func TestPlayoutOpusJitter(t *testing.T) {
	none := func(int) bool { return false }
	const seed = 1
	rng := rand.New(rand.NewPCG(seed, 1))
	spikes := func(packets int) func(int) time.Duration {
		return func(i int) time.Duration { return time.Duration(max(0, packets-(i+660)%1000)) * 10 * time.Millisecond }
	}
	for _, tuning := range []media.AudioTuning{opusSwift, opusSturdy} {
		call := newOpusCall(t, tuning)
		for _, c := range []struct {
			name  string
			delay func(int) time.Duration
		}{
			{"none", onTime},
			{"30 ms", func(int) time.Duration { return time.Duration(rng.Int64N(30e6)) }},
			{"60 ms", func(int) time.Duration { return time.Duration(rng.Int64N(60e6)) }},
			{"spikes of 40 ms", spikes(4)},
			{"spikes of 200 ms", spikes(20)},
		} {
			heard, should, stats := call.play(newOpusDecoder(t), none, c.delay)
			snr := segmentalSNR(heard, should)
			t.Logf("%v, %s: %.1f dB, concealed %d ms, squeezed %d ms, stretched %d ms", tuning.Bitrate, c.name, snr, stats.Concealed/48, stats.Squeezed/48, stats.Stretched/48)
			if snr < 33.5 {
				t.Errorf("seed %d, %s: %.1f dB, want 33.5", seed, c.name, snr)
			}
			if sharpest(heard) > sharpest(call.clean)*105/100 {
				t.Errorf("seed %d, %s: sharpest bend %d, on time %d: a click", seed, c.name, sharpest(heard), sharpest(call.clean))
			}
		}
	}
}

// TestPlayoutOpusPauses leaves out what a VoiceGate does. What is heard then is as
// loud as the noise that Opus would have sent, voice comes back whole and without a
// click, and what is sent in a pause is next to nothing.
func TestPlayoutOpusPauses(t *testing.T) {
	for _, tuning := range []media.AudioTuning{opusSwift, opusSturdy} {
		sound := media.PausingVoice(1)
		sound = append(sound, sound...)
		all, gated := gateOpus(t, tuning, sound, false), gateOpus(t, tuning, sound, true)
		const from, to = 29 * media.SampleRate, 34 * media.SampleRate // in the second long pause
		t.Logf("%v: %d bytes in 5 s of a pause in %d packets, otherwise %d in %d", tuning.Bitrate,
			gated.bytes, gated.packets, all.bytes, all.packets)
		if gated.packets > 13 || gated.bytes > 13 {
			t.Errorf("%v: a pause of 5 s takes %d packets, %d bytes", tuning.Bitrate, gated.packets, gated.bytes)
		}
		got, want := mediatest.Loudness(gated.heard[from:to]), mediatest.Loudness(all.heard[from:to])
		if got < want/1.25 || got > want*1.25 {
			t.Errorf("%v: the loudness of the pause is %.5f, of the noise %.5f", tuning.Bitrate, got, want)
		}
		got, want = mediatest.Loudness(gated.heard[35*media.SampleRate:]), mediatest.Loudness(all.heard[35*media.SampleRate:])
		if got < want*.98 || got > want*1.02 {
			t.Errorf("%v: the loudness of the voice after the pause is %.5f, without one %.5f", tuning.Bitrate, got, want)
		}
		if gated.stats.Concealed > 0 || gated.stats.Lost > 0 {
			t.Errorf("%v: %d samples concealed, %d packets lost", tuning.Bitrate, gated.stats.Concealed, gated.stats.Lost)
		}
		if sharpest(gated.heard) > sharpest(all.heard)*11/10 {
			t.Errorf("%v: sharpest bend %d, without pauses %d: a click", tuning.Bitrate, sharpest(gated.heard), sharpest(all.heard))
		}
	}
}

type gatedCall struct {
	heard          []int16
	packets, bytes int // in the second long pause
	stats          media.PlayoutStats
}

// gateOpus sends sound over a perfect path, with or without its pauses.
func gateOpus(t *testing.T, tuning media.AudioTuning, sound []int16, gated bool) (c gatedCall) {
	codec, err := media.AudioCodecByName("opus")
	if err != nil {
		t.Fatal(err)
	}
	enc, err := codec.NewEncoder(tuning)
	if err != nil {
		t.Fatal(err)
	}
	p := media.NewPlayout(newOpusDecoder(t), media.PlayoutConfig{})
	var gate media.VoiceGate
	now, block := time.Unix(1e9, 0), make([]int16, opusPacket)
	var seq uint16
	for at := 0; at+opusPacket <= len(sound); at += opusPacket {
		gate.Hear(sound[at : at+opusPacket])
		verdict := gate.Decide(opusPacket)
		var packet []byte
		switch {
		case !gated || verdict == media.SendSound:
			packet, err = enc.Encode(nil, sound[at:at+opusPacket])
		case verdict == media.SendPause:
			packet = enc.(media.PauseEncoder).AppendPause(nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(packet) > 0 {
			p.Push(now, seq, uint32(at), packet)
			seq++
			if at >= 29*media.SampleRate && at < 34*media.SampleRate {
				c.packets, c.bytes = c.packets+1, c.bytes+len(packet)
			}
		}
		now = now.Add(5 * time.Millisecond)
		p.Pull(now, block)
		now = now.Add(5 * time.Millisecond)
		c.heard = append(c.heard, block...)
	}
	c.stats = p.Stats()
	return c
}

func BenchmarkPlayoutOpus(b *testing.B) {
	call := newOpusCall(b, opusSwift)
	block := make([]int16, opusPacket)
	b.Run("playout", func(b *testing.B) {
		p := media.NewPlayout(newOpusDecoder(b), media.PlayoutConfig{})
		now := time.Unix(1e9, 0)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			p.Push(now, uint16(i), uint32(i*opusPacket), call.packets[i%len(call.packets)])
			now = now.Add(10 * time.Millisecond)
			p.Pull(now, block)
		}
	})
	b.Run("decoder alone", func(b *testing.B) {
		dec := newOpusDecoder(b)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := dec.Decode(block, call.packets[i%len(call.packets)]); err != nil {
				b.Fatal(err)
			}
		}
	})
}
