package peer

import (
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

// choir has links hear a microphone.
type choir struct {
	t     *testing.T
	seed  uint64
	v     voice
	now   time.Time
	links []*Link
	next  []uint32 // RTP time at which each link's next packet must begin; 0: any
	heard []int    // samples
}

func newChoir(t *testing.T, seed uint64, rates ...media.Bitrate) *choir {
	c := &choir{t: t, seed: seed, now: time.Unix(1, 0)}
	room := &Room{cfg: Config{Log: slog.New(slog.DiscardHandler), AudioCodecs: []string{"opus"}}}
	c.v.p = &pipeline{room: room}
	for _, rate := range rates {
		l := &Link{room: room, sound: make(chan soundOut, soundQueue)}
		l.remote.audio = []string{"opus"}
		l.demand.set(allowing(rate))
		l.made.set(rung{Width: 1280, Height: 720})
		c.links = append(c.links, l)
	}
	c.v.p.audience.Store(&c.links)
	c.next, c.heard = make([]uint32, len(rates)), make([]int, len(rates))
	return c
}

// run feeds the microphone; each link's packets must follow each other without a gap.
func (c *choir) run(d time.Duration) {
	block := make([]int16, media.SamplesIn(micBlock))
	for i := range block {
		block[i] = int16(1000 * (i%2*2 - 1))
	}
	for end := c.now.Add(d); c.now.Before(end); c.now = c.now.Add(micBlock) {
		if err := c.v.hear(c.now, block); err != nil {
			c.t.Fatal(err)
		}
		for i, l := range c.links {
			for len(l.sound) > 0 {
				c.listen(i, <-l.sound)
			}
		}
	}
}

func (c *choir) listen(i int, s soundOut) {
	samples := int(s.payload[0])<<8 | int(s.payload[1]) // as the stand-in for opus says
	if c.next[i] != 0 && s.timestamp != c.next[i] {
		c.t.Fatalf("seed %d: link %d hears %d samples at %d, want them at %d", c.seed, i, samples, s.timestamp, c.next[i])
	}
	c.next[i] = s.timestamp + uint32(samples)
	c.heard[i] += samples
}

// encoders is how many are open.
func (c *choir) encoders() (n int) {
	for i := range c.v.tiers {
		if c.v.tiers[i].enc != nil {
			n++
		}
	}
	return n
}

// rungOf is what a link hears.
func (c *choir) rungOf(link int) soundRung { return c.v.hearers[link].stream.rung }

func TestSoundIsEncodedOnceForAll(t *testing.T) {
	c := newChoir(t, 0, 2*mbit, 1*mbit, 3*mbit)
	c.run(time.Second)
	if n := c.encoders(); n != 1 || c.rungOf(1) != soundLadder[0].soundRung {
		t.Errorf("%d encoders, %+v", n, c.rungOf(1))
	}
}

func TestAThinLinkHasSoundOfItsOwn(t *testing.T) {
	c := newChoir(t, 0, 2*mbit, 2*mbit, 2*mbit)
	c.run(time.Second)
	c.links[2].demand.set(allowing(60 * kbit))
	c.run(time.Second)
	if n := c.encoders(); n != 2 || c.rungOf(0) != soundLadder[0].soundRung || c.rungOf(2) != soundFor(60*kbit) {
		t.Fatalf("%d encoders, %+v and %+v", n, c.rungOf(0), c.rungOf(2))
	}
	c.links[2].demand.set(allowing(2 * mbit))
	if c.run(2 * time.Second); c.encoders() != 2 {
		t.Error("it came back at once")
	}
	if c.run(time.Second); c.encoders() != 1 || c.rungOf(2) != soundLadder[0].soundRung {
		t.Errorf("it did not come back: %d encoders, %+v", c.encoders(), c.rungOf(2))
	}
}

// TestOneLinkKeepsItsEncoder as its rate changes: a new one would begin with a click.
func TestOneLinkKeepsItsEncoder(t *testing.T) {
	c := newChoir(t, 0, 2*mbit)
	c.run(time.Second)
	enc := c.v.tiers[0].enc
	for _, rate := range []media.Bitrate{60 * kbit, 400 * kbit, 90 * kbit, 20 * kbit, 2 * mbit} {
		c.links[0].demand.set(allowing(rate))
		c.run(200 * time.Millisecond)
		if c.rungOf(0) != soundFor(rate) {
			t.Errorf("at %v it hears %+v", rate, c.rungOf(0))
		}
	}
	if c.v.tiers[0].enc != enc || c.encoders() != 1 {
		t.Error("the encoder was replaced")
	}
}

// TestSoundAloneSharesPackets where nobody could see lips, and does no more when there
// are pictures.
func TestSoundAloneSharesPackets(t *testing.T) {
	c := newChoir(t, 0, 2*mbit)
	for _, tc := range []struct {
		pictures rung
		step     int
	}{{rung{}, soundAlone}, {rung{Width: 320, Height: 180}, 0}, {rung{}, soundAlone}} {
		c.links[0].made.set(tc.pictures)
		if c.run(time.Second); c.rungOf(0) != soundLadder[tc.step].soundRung {
			t.Errorf("with pictures %d wide it hears %+v", tc.pictures.Width, c.rungOf(0))
		}
	}
	c.links[0].demand.set(allowing(60 * kbit))
	if c.run(time.Second); c.rungOf(0) != soundFor(60*kbit) {
		t.Errorf("on a thin link it hears %+v", c.rungOf(0))
	}
}

func TestThreeSoundsAtMost(t *testing.T) {
	c := newChoir(t, 0, 2*mbit, 2*mbit, 500*kbit, 200*kbit, 60*kbit, 30*kbit)
	c.run(time.Second)
	if n := c.encoders(); n != maxSounds {
		t.Errorf("%d encoders", n)
	}
	for i, l := range c.links {
		if got, most := c.rungOf(i), soundFor(l.demand.rate().target); got.wire() > most.wire() {
			t.Errorf("link %d, for %+v, hears %+v", i, most, got)
		}
	}
	if c.rungOf(0) != soundLadder[0].soundRung {
		t.Errorf("the strong ones hear %+v", c.rungOf(0))
	}
}

// TestAnySoundHasNoGap as links move between encodes.
func TestAnySoundHasNoGap(t *testing.T) {
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 8))
		rates := make([]media.Bitrate, 1+rng.IntN(7))
		for i := range rates {
			rates[i] = 1 * mbit
		}
		c := newChoir(t, seed, rates...)
		for range 40 {
			c.links[rng.IntN(len(rates))].demand.set(allowing(media.Bitrate(20e3 + 1.2e6*rng.Float64()*rng.Float64())))
			c.run(time.Duration(rng.IntN(1500)) * time.Millisecond)
		}
		for i, samples := range c.heard {
			if missing := media.SampleTime(int(c.v.samples) - samples); missing > 120*time.Millisecond {
				t.Errorf("seed %d: link %d did not hear %v", seed, i, missing)
			}
		}
		c.v.close()
	}
}

// TestAPauseIsToldToAll who hear different packets, by one decision.
func TestAPauseIsToldToAll(t *testing.T) {
	c := newChoir(t, 0, 2*mbit, 60*kbit)
	c.run(time.Second)
	for _, l := range c.links {
		for len(l.sound) > 0 {
			<-l.sound
		}
	}
	for i := range c.v.tiers {
		if enc := c.v.tiers[i].enc; enc != nil {
			c.v.tiers[i].enc = pausing{enc}
		}
	}
	counts := make([]int, len(c.links))
	block := make([]int16, media.SamplesIn(micBlock))
	for range 500 {
		c.now = c.now.Add(micBlock)
		if err := c.v.hear(c.now, block); err != nil {
			t.Fatal(err)
		}
		for i, l := range c.links {
			for len(l.sound) > 0 {
				if s := <-l.sound; len(s.payload) == 1 {
					counts[i]++
				}
			}
		}
	}
	for i, n := range counts {
		if n < 10 || n > 20 {
			t.Errorf("link %d was told %d times of a pause of about 4 s", i, n)
		}
	}
}

// pausing is an encoder that can tell of a pause.
type pausing struct{ media.AudioEncoder }

func (pausing) AppendPause(dst []byte) []byte { return append(dst, 0) }
