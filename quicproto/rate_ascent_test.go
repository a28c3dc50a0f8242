package quicproto

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

// talk has a call send sound alone, as much as its target is for.
func (c *simCall) talk(at time.Duration) {
	var say func()
	say = func() {
		size, every := soundAt(c.rc.target())
		c.transmit(simMedia{size: size})
		c.after(every, say)
	}
	c.at(at, say)
	c.every(at, c.report, c.feedback)
	c.every(at, 5*ms, c.tick)
	c.every(at, 20*ms, func() { c.trace = append(c.trace, simPoint{c.now, c.rc.target()}) })
}

// fullSound is the target that is enough for the best sound.
const fullSound = 800 * kbit

// soundAt is the size on the wire of a packet of sound, and how often one leaves, where
// all that is sent may come to a target.
func soundAt(target media.Bitrate) (size int, every time.Duration) {
	switch {
	case target >= fullSound:
		return 126, 10 * ms
	case target >= 300*kbit:
		return 146, 20 * ms
	case target >= 150*kbit:
		return 126, 20 * ms
	case target >= 80*kbit:
		return 166, 40 * ms
	case target >= 45*kbit:
		return 171, 60 * ms
	}
	return 141, 60 * ms
}

// TestSoundAloneFindsItsRateAgain after it was hardly served for two seconds.
func TestSoundAloneFindsItsRateAgain(t *testing.T) {
	for _, c := range []struct {
		name   string
		before simPath
		after  simPath
	}{
		{"nearly nothing", simPath{rate: 20 * kbit, queue: 300 * ms}, simPath{}},
		{"little", simPath{rate: 60 * kbit, queue: 300 * ms}, simPath{}},
		{"held back", simPath{rate: 30 * kbit, queue: 300 * ms, batch: 300 * ms}, simPath{}},
		{"lost", simPath{rate: 30 * kbit, queue: 300 * ms, loss: 0.5}, simPath{}},
		{"then jitter", simPath{rate: 30 * kbit, queue: 300 * ms}, simPath{jitter: 10 * ms}},
		{"then loss", simPath{rate: 30 * kbit, queue: 300 * ms}, simPath{loss: 0.05}},
	} {
		for seed := range uint64(rateSeeds) {
			const calm, patience = 2 * sec, 4 * sec
			n := newSimNet(seed)
			out, in := newSimLink(n, c.before), newSimLink(n, simPath{})
			call := newSimCall(n, 0, out, in, rateConfig{Start: 200 * kbit}, simSource{report: 100 * ms})
			call.talk(0)
			n.at(calm, func() {
				out.setRate(20 * mbit)
				out.batch, out.loss, out.jitter = 0, c.after.loss, c.after.jitter
			})
			n.run(calm + patience)
			back := call.reached(calm, func(b media.Bitrate) bool { return b >= fullSound })
			t.Logf("%s, seed %d: %v before, best sound after %v", c.name, seed, call.targetAt(calm), back)
			if low := call.targetAt(calm); low > 150*kbit {
				t.Errorf("%s, seed %d: it was %v, this tests nothing", c.name, seed, low)
			}
			if back < 0 || back > patience {
				t.Errorf("%s, seed %d: a moment later it is %v", c.name, seed, call.rc.target())
			}
		}
	}
}

func (c *simCall) targetAt(t time.Duration) media.Bitrate {
	for _, p := range c.trace {
		if p.at >= t {
			return p.target
		}
	}
	return 0
}

// TestLookingForMoreIsNotHeard on paths that have no more.
func TestLookingForMoreIsNotHeard(t *testing.T) {
	for _, rate := range []media.Bitrate{40 * kbit, 60 * kbit, 100 * kbit, 250 * kbit} {
		for seed := range uint64(rateSeeds) {
			n := newSimNet(seed)
			out, in := newSimLink(n, simPath{rate: rate, queue: 300 * ms, delay: 20 * ms}), newSimLink(n, simPath{delay: 20 * ms})
			call := newSimCall(n, 0, out, in, rateConfig{Start: rate * 7 / 10}, simSource{report: 100 * ms})
			call.talk(0)
			n.run(60 * sec)
			late := out.wait(0, 0, 60*sec)
			t.Logf("%v, seed %d: %d clusters, waits %v, p95 %v, at most %v", rate, seed, call.rc.probing.cluster, late.mean(), late.quantile(.95), late.quantile(1))
			if n := call.rc.probing.cluster; n > 8 {
				t.Errorf("%v, seed %d: %d clusters in a minute", rate, seed, n)
			}
			if worst := late.quantile(1); worst > 160*ms {
				t.Errorf("%v, seed %d: a packet waited %v", rate, seed, worst)
			}
		}
	}
}

// TestPaddingOfSessions has one side send sound alone that believes in a low rate.
func TestPaddingOfSessions(t *testing.T) {
	const seed = 3
	rng := rand.New(rand.NewPCG(seed, 0))
	a, b := NewSession(SessionConfig{Start: 30 * kbit}), NewSession(SessionConfig{})
	ab, ba := &wire{delay: 5 * ms, rng: rng}, &wire{delay: 5 * ms, rng: rng}
	begun, full, heard, said := time.Unix(1, 0), time.Time{}, 0, 0
	exchange(6*sec, a, b, ab, ba, func(now time.Time) {
		size, every := soundAt(a.Target())
		if at := now.Sub(begun); at%every == 0 {
			a.SendAudio(now, "opus", uint32(48*at.Milliseconds()), make([]byte, size-paddingHead))
			said++
		}
		for _, ok := b.PopSound(); ok; _, ok = b.PopSound() {
			heard++
		}
		if full.IsZero() && a.Target() >= fullSound {
			full = now
		}
	})
	t.Logf("the best sound after %v", full.Sub(begun))
	if full.IsZero() || full.Sub(begun) > 3*sec {
		t.Errorf("seed %d: the target is %v", seed, a.Target())
	}
	if st := b.ReceiveStats(); st.Malformed != 0 || st.Repaired != 0 || heard < said-2 {
		t.Errorf("seed %d: %d of %d packets of sound were heard, %+v", seed, heard, said, st)
	}
	if _, ok := b.PopFrame(); ok {
		t.Error("padding became a picture")
	}
}
