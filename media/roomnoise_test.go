package media

import (
	"maps"
	"math"
	"testing"
	"time"
)

// A quietRoom is a loudspeaker and people who say nothing: first their rooms are
// heard, then they pause.
type quietRoom struct {
	mixer   Mixer
	voices  []*Voice
	gains   map[*Playout]float64
	players []*Playout
	noise   RoomNoise
	sent    []int // packets, of each
	clock   int   // samples
	block   []int16
}

// newQuietRoom has somebody for each noise, which is as loud as that and as dark as
// said (see roomNoise).
func newQuietRoom(dark float64, noises ...float64) *quietRoom {
	r := &quietRoom{voices: freshVoices(len(noises)), gains: make(map[*Playout]float64), sent: make([]int, len(noises)), block: make([]int16, pauseBlock)}
	for i, loudness := range noises {
		p := NewPlayout(&fakeDecoder{sound: roomNoise(uint64(i), loudness, dark, 20*time.Second)}, PlayoutConfig{})
		r.players = append(r.players, p)
		r.gains[p] = 1
	}
	return r
}

func (r *quietRoom) send(i int, payload []byte) {
	r.players[i].Push(r.now(), uint16(r.sent[i]), uint32(r.clock), payload)
	r.sent[i]++
}

func (r *quietRoom) now() time.Time { return simEpoch.Add(SampleTime(r.clock)) }

// next is the next block of the loudspeaker, after those have sent who speak or who
// say that they pause.
func (r *quietRoom) next(speaks func(i int) bool) []int16 {
	for i, p := range r.players {
		switch {
		case speaks(i):
			r.send(i, fakePacket(r.clock, pauseBlock, false))
		case r.clock%pauseRefresh < 3*pauseBlock:
			r.send(i, fakePause)
		}
		p.Pull(r.now(), r.block)
		if p.Silent() {
			r.voices[i].Rest(pauseBlock)
		} else {
			r.mixer.Add(r.voices[i], r.block)
		}
	}
	r.noise.Choose(maps.All(r.gains))
	r.mixer.Mix(r.block)
	r.clock += pauseBlock
	return r.block
}

func everybody(int) bool { return true }
func nobody(int) bool    { return false }

// heard is what comes out of the loudspeaker in that time.
func (r *quietRoom) heard(length time.Duration, speaks func(int) bool) (all []int16) {
	for range SamplesIn(length) / pauseBlock {
		all = append(all, r.next(speaks)...)
	}
	return all
}

// The noise of a room of silent people is that of the loudest of them, and does not
// stop when others leave.
func TestSilentPeopleDoNotHiss(t *testing.T) {
	r := newQuietRoom(.9, 10, 40, 15, 38, 20, 25, 30)
	r.heard(5*time.Second, everybody)
	r.heard(time.Second, nobody)
	if got := rms(r.heard(5*time.Second, nobody)); got < 40*.85 || got > 40*1.15 {
		t.Errorf("seven people pause with a loudness of %.1f, want that of the loudest, 40", got)
	}
	delete(r.gains, r.players[1])
	r.mixer, r.players[1] = Mixer{}, NewPlayout(new(fakeDecoder), PlayoutConfig{})
	r.heard(time.Second, nobody)
	if got := rms(r.heard(5*time.Second, nobody)); got < 38*.85 || got > 38*1.15 {
		t.Errorf("after the loudest has left it is %.1f, want 38", got)
	}
	r.gains[r.players[3]] = 0
	r.voices[3].SetGain(0)
	r.heard(time.Second, nobody)
	if got := rms(r.heard(5*time.Second, nobody)); got < 30*.85 || got > 30*1.15 {
		t.Errorf("after the next was silenced it is %.1f, want 30", got)
	}
}

// While one of them speaks, their own noise is there, and no other is added.
func TestNoiseOfTheSpeakerIsEnough(t *testing.T) {
	r := newQuietRoom(.9, 40, 10, 12, 14)
	first := func(i int) bool { return i == 0 }
	r.heard(5*time.Second, everybody)
	r.heard(time.Second, first)
	heard := r.heard(5*time.Second, first)
	if got := rms(heard); got > 40*1.05 || got < 40*.95 {
		t.Errorf("one is heard and three pause with a loudness of %.1f, want 40", got)
	}
	for i, p := range r.players {
		if p.Silent() != (i > 0) {
			t.Errorf("%d: silent is %v", i, p.Silent())
		}
	}
}

// Noises come and go without a click.
func TestNoiseChangesSoftly(t *testing.T) {
	r := newQuietRoom(.99, 30, 30)
	r.heard(5*time.Second, everybody)
	alone := sharpestBend(r.heard(2*time.Second, nobody))
	r.gains[r.players[0]], r.gains[r.players[1]] = 2, 1
	var changes []int16
	for range 40 {
		r.gains[r.players[0]], r.gains[r.players[1]] = r.gains[r.players[1]], r.gains[r.players[0]]
		changes = append(changes, r.heard(200*time.Millisecond, nobody)...)
	}
	if got := sharpestBend(changes); float64(got) > 1.5*float64(alone) {
		t.Errorf("the sharpest bend is %d while noises change, else %d", got, alone)
	}
	if got := rms(changes); math.Abs(got-30) > 10 {
		t.Errorf("the loudness is %.1f, want about 30", got)
	}
}

// BenchmarkSilentPeople is a block of 10 ms of seven people who pause, which a
// loudspeaker asks for a hundred times a second.
func BenchmarkSilentPeople(b *testing.B) {
	r := newQuietRoom(.9, 10, 40, 15, 38, 20, 25, 30)
	r.heard(5*time.Second, everybody)
	r.heard(time.Second, nobody)
	for b.Loop() {
		r.next(nobody)
	}
}
