package media

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"
)

// FuzzPlayout feeds arbitrary packets in arbitrary rhythm. Whatever they are,
// memory stays bounded, every sample is accounted for, and a sane stream that
// follows is played as if nothing had been.
func FuzzPlayout(f *testing.F) {
	f.Add([]byte("an orderly stream, as far as letters can make one"))
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 0))
		script := make([]byte, 600)
		for i := range script {
			script[i] = byte(rng.Uint32())
		}
		f.Add(script)
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		h := &hostile{t: t, p: NewPlayout(&fakeDecoder{sound: testVoice()}, PlayoutConfig{}), now: time.Unix(1e9, 0), seq: 65000, ts: 1<<32 - 5000}
		for len(script) > 0 && h.steps < 2000 {
			script = h.step(script)
			h.check()
		}
		h.recover()
	})
}

// hostile is a sender, and a loudspeaker, that follow a script.
type hostile struct {
	t     *testing.T
	p     *Playout
	now   time.Time
	seq   uint16
	ts    uint32
	steps int
	block [maxPull + 500]int16
}

// step obeys the first few bytes of the script and returns the rest.
func (h *hostile) step(script []byte) []byte {
	h.steps++
	var args [5]byte
	op := script[0]
	script = script[1:]
	script = script[copy(args[:], script):]
	a, b := binary.BigEndian.Uint16(args[:]), binary.BigEndian.Uint16(args[2:])
	switch op % 8 {
	case 0: // anywhere
		h.seq, h.ts = a, uint32(a)<<16|uint32(b)
	case 1: // a small jump
		h.seq += uint16(int8(args[0]))
		h.ts += uint32(int32(int16(b)))
	case 2: // time
		h.now = h.now.Add(time.Duration(int16(a)) * ms)
		if op >= 0x80 { // lip sync
			h.p.NotBefore(h.ts+uint32(int32(int8(args[4])))*480, h.now.Add(time.Duration(int16(b))*ms))
		}
	case 3: // a long call
		h.pull(int(a) % len(h.block))
	case 4: // a payload of any length and meaning
		h.p.Push(h.now, h.seq, h.ts, make([]byte, int(a)%(maxPayload+10)))
	default: // a decent packet
		length := 120 * (1 + int(args[4])%48)
		h.p.Push(h.now, h.seq, h.ts, fakePacket(int(a), length, b&1 == 0))
		h.seq++
		h.ts += uint32(length)
		if op%8 > 5 {
			h.now = h.now.Add(SampleTime(length))
			h.pull(min(length, len(h.block)))
		}
	}
	return script
}

func (h *hostile) pull(n int) { h.p.Pull(h.now, h.block[:n]) }

func (h *hostile) check() {
	p, s := h.p, h.p.stats
	made := int64(s.Played+s.Recovered+s.Concealed+s.Silent+p.pending+s.Stretched) - int64(s.Squeezed)
	if want := p.pulled + int64(p.line.unplayed()); made != want {
		h.t.Fatalf("step %d: %d samples accounted for, %d pulled or waiting: %+v", h.steps, made, want, s)
	}
	if p.queue.n > maxPackets || p.line.unplayed() > 2*maxPacket {
		h.t.Fatalf("step %d: %d packets and %d samples wait", h.steps, p.queue.n, p.line.unplayed())
	}
}

// recover plays 30 s of a sane stream and expects the last 10 to be flawless.
func (h *hostile) recover() {
	h.seq, h.ts = h.seq+21000, h.ts+1<<30
	h.p.NotBefore(0, time.Time{})
	var before PlayoutStats
	for i := range 3000 {
		if i == 2000 {
			before = h.p.Stats()
		}
		h.p.Push(h.now, h.seq, h.ts, fakePacket(i*480, 480, false))
		h.seq++
		h.ts += 480
		h.now = h.now.Add(5 * ms)
		h.pull(480)
		h.now = h.now.Add(5 * ms)
	}
	h.check()
	after := h.p.Stats()
	if played := after.Played - before.Played; played != 1000*480 || after.Concealed != before.Concealed {
		h.t.Errorf("played %d of %d samples of the sane stream, concealed %d", played, 1000*480, after.Concealed-before.Concealed)
	}
	if d := h.p.Delay(); d > 15*ms {
		h.t.Errorf("delay %v after 30 s of a sane stream", d)
	}
}
