package quicproto

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/skulltech/prattle/media"
)

// rateSeeds is how many seeds each scenario runs with: their mean is judged.
const rateSeeds = 3

// TestRateTable runs all scenarios and holds their figures against what they
// must reach. With -v it prints them, so that a change for the worse is seen
// before it is too much.
func TestRateTable(t *testing.T) {
	if testing.Short() {
		t.Skip("three hours of calls take ten seconds")
	}
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 2, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "scenario\t%s\t\n", strings.Join(figureNames[:], "\t"))
	for _, s := range rateScenarios {
		t.Run(s.name, func(t *testing.T) {
			figures := s.mean(rateSeeds)
			total := 0.0
			for _, f := range figures {
				total += f[figUse]
			}
			for _, f := range figures {
				fmt.Fprint(table, s.name)
				for i := range f {
					fmt.Fprint(table, "\t", f.text(i))
				}
				fmt.Fprint(table, "\t\n")
				s.want.check(t, f, total)
			}
		})
	}
	table.Flush()
	if testing.Verbose() {
		os.Stdout.WriteString(out.String())
	}
}

// mean runs a scenario with several seeds, from 1 on, and returns the mean
// figures of each call; of greatest values the greatest.
func (s rateScenario) mean(seeds int) []rateFigures {
	var mean []rateFigures
	for seed := range seeds {
		_, figures := s.run(uint64(seed + 1))
		if seed == 0 {
			mean = make([]rateFigures, len(figures))
		}
		for c, f := range figures {
			for i := range f {
				if i == figMax || i == figFrameMax {
					mean[c][i] = max(mean[c][i], f[i])
				} else {
					mean[c][i] += f[i] / float64(seeds)
				}
			}
		}
	}
	return mean
}

// text prints a figure with as many decimals as mean something.
func (f rateFigures) text(i int) string {
	digits := 1
	switch i {
	case figUp, figDown, figSettle:
		digits = 2
	case figMax, figFrameMax, figSkipped, figTarget:
		digits = 0
	}
	if f[i] < 0 {
		return "never"
	}
	return strconv.FormatFloat(f[i], 'f', digits, 64)
}

// TestRateAnyPath throws dice for the path, the encoder and the feedback.
func TestRateAnyPath(t *testing.T) {
	paths := 40
	if testing.Short() {
		paths = 10
	}
	for seed := range uint64(paths) {
		s := randomScenario(seed)
		w, figures := s.run(seed)
		f := figures[0]
		packet := simMilli(w.out.rate.Time(simMTU))
		if f[figUse] < 70 || f[figP95] > 35+3*packet {
			t.Errorf("seed %d: %.0f %% used, queue p95 %.0f ms; path %+v, source %+v", seed, f[figUse], f[figP95], s.out, s.source)
		}
	}
}

// randomScenario is a bottleneck of 100 kbit/s to 20 Mbit/s, 5 to 200 ms away,
// with a queue of 0.1 to 1 s, and some loss and jitter.
func randomScenario(seed uint64) rateScenario {
	rng := rand.New(rand.NewPCG(seed, 7))
	between := func(low, high float64) float64 { return low * math.Pow(high/low, rng.Float64()) }
	millis := func(low, high float64) time.Duration { return time.Duration(between(low, high) * 1e6) }
	s := rateScenario{
		out:      simPath{rate: media.Bitrate(between(100e3, 20e6)), queue: millis(100, 1000), delay: millis(2.5, 100)},
		cfg:      rateConfig{Max: 30 * mbit},
		source:   simSource{report: millis(25, 100), noise: between(0.1, 0.35), lag: millis(30, 250), fps: []int{10, 15, 25, 30, 60}[rng.IntN(5)]},
		from:     10 * sec,
		duration: 40 * sec,
	}
	if s.out.rate < 300*kbit { // what the ladder does there
		s.source.audio, s.source.fps = 25, min(s.source.fps, 15)
	}
	if rng.IntN(3) == 0 {
		s.out.loss = 0.1 * rng.Float64()
	}
	if rng.IntN(3) == 0 {
		s.out.jitter, s.out.reorder = millis(1, 15), rng.IntN(2) == 0
	}
	s.back = simPath{delay: s.out.delay, loss: s.out.loss, jitter: s.out.jitter, reorder: s.out.reorder}
	return s
}

// rateStory drives a rate control by hand: packets of 1000 bytes each 10 ms (0.8
// Mbit/s), reported each 50 ms, over a path of 20 ms each way.
type rateStory struct {
	rc     *rateControl
	now    time.Time
	id     uint64
	queue  time.Duration // what packets wait
	silent bool          // no feedback
	acks   []packetAck
}

func (s *rateStory) run(d time.Duration) {
	for end := s.now.Add(d); s.now.Before(end); {
		s.id++
		s.rc.handleSent(s.now, sentPacket{id: s.id, size: 1000})
		s.acks = append(s.acks, packetAck{id: s.id, arrival: s.now.Sub(simStart) + 20*ms + s.queue})
		s.now = s.now.Add(10 * ms)
		if t := s.rc.next(); !t.IsZero() && !t.After(s.now) {
			s.rc.advance(s.now)
		}
		if len(s.acks) > 10 && s.id%5 == 0 && !s.silent {
			s.rc.handleFeedback(s.now, s.acks[:len(s.acks)-4])
			s.acks = append(s.acks[:0], s.acks[len(s.acks)-4:]...)
		}
	}
}

func TestRateSilence(t *testing.T) {
	s := &rateStory{rc: newRateControl(rateConfig{Start: mbit, Min: 50 * kbit, Max: mbit}), now: simStart}
	s.run(time.Second)
	if got := s.rc.target(); got != mbit {
		t.Fatalf("target %v before the silence, want 1 Mbit/s", got)
	}
	s.silent = true
	s.run(400 * ms)
	if got := s.rc.target(); got != mbit/2 {
		t.Errorf("target %v after 400 ms without feedback, want half", got)
	}
	s.run(5 * sec)
	if got := s.rc.target(); got != 50*kbit {
		t.Errorf("target %v after 5 s without feedback, want the minimum", got)
	}
	if !s.rc.next().IsZero() {
		t.Error("a deadline remains when there is nothing left to halve")
	}
	// What was sent meanwhile is lost; what is sent now arrives.
	for i := range s.acks {
		s.acks[i].lost = true
	}
	s.silent = false
	s.run(200 * ms)
	if got := s.rc.target(); got != mbit {
		t.Errorf("target %v with the first feedback, want 1 Mbit/s at once", got)
	}
}

func TestRatePathChange(t *testing.T) {
	s := &rateStory{rc: newRateControl(rateConfig{Start: 700 * kbit}), now: simStart}
	s.run(2 * sec)
	before := s.rc.target()
	if before <= 700*kbit {
		t.Fatalf("target %v on a free path, want more than the start", before)
	}
	s.rc.handlePathChange()
	s.queue = 300 * ms // the new path is a long one, not a full one
	if got := s.rc.target(); got != 700*kbit {
		t.Errorf("target %v on a new path, want that of the start", got)
	}
	s.run(2 * sec)
	if got := s.rc.target(); got < 900*kbit || s.rc.congested() || s.rc.queueDelay() > ms {
		t.Errorf("target %v, congested %v, queue %v on a longer path, want more than 900 kbit/s and no queue", got, s.rc.congested(), s.rc.queueDelay())
	}
}

func TestRateStats(t *testing.T) {
	s := &rateStory{rc: newRateControl(rateConfig{Max: mbit}), now: simStart}
	s.run(3 * sec)
	if rtt := s.rc.rtt(); rtt < 40*ms || rtt > 110*ms {
		t.Errorf("round trip %v, want 40 ms and the wait for feedback", rtt)
	}
	s.queue = 100 * ms
	s.run(300 * ms)
	if q := s.rc.queueDelay(); q != 100*ms || !s.rc.congested() {
		t.Errorf("queue %v, congested %v; want 100ms", q, s.rc.congested())
	}
	if p := s.rc.lossRate(); p != 0 {
		t.Errorf("loss %.2f of nothing", p)
	}
}

// TestRateProbes: a call of 600 kbit/s finds out that 2.5 Mbit/s would pass,
// without harm where they would not.
func TestRateProbes(t *testing.T) {
	for _, tt := range []struct {
		link        media.Bitrate
		least, most media.Bitrate // target after 20 s
	}{
		{3 * mbit, 2000 * kbit, 2500 * kbit},
		{1 * mbit, 600 * kbit, 1100 * kbit},
	} {
		s := rateScenario{out: bottleneck(tt.link, 300*ms), cfg: rateConfig{Start: 700 * kbit, Max: 2500 * kbit},
			source: simSource{content: 500 * kbit}, from: sec, duration: 20 * sec}
		w, figures := s.run(1)
		if got := w.calls[0].rc.target(); got < tt.least || got > tt.most {
			t.Errorf("link of %v: target %v, want %v to %v", tt.link, got, tt.least, tt.most)
		}
		if p95 := figures[0][figP95]; p95 > 40 {
			t.Errorf("link of %v: queue p95 %.0f ms", tt.link, p95)
		}
		sent := w.out.carried(0, sec, 20*sec)
		if extra := sent/600e3 - 1; extra > 0.05 {
			t.Errorf("link of %v: %.0f %% more sent than there is to say", tt.link, 100*extra)
		}
	}
}

// FuzzRateFeedback feeds a rate control with any feedback: whatever the other
// side says, the rate stays within its bounds, and nothing panics.
func FuzzRateFeedback(f *testing.F) {
	f.Add([]byte{10, 0, 20, 0, 30, 0})
	f.Add([]byte{1, 0x80, 255, 255, 0, 0, 7, 7})
	f.Fuzz(func(t *testing.T, script []byte) {
		cfg := rateConfig{Start: mbit, Min: 50 * kbit, Max: 4 * mbit}
		rc := newRateControl(cfg)
		now := simStart
		var id uint64
		var acks []packetAck
		for len(script) >= 2 {
			a, b := script[0], script[1]
			script = script[2:]
			now = now.Add(time.Duration(a%50) * ms)
			for range b%7 + 1 {
				id++
				rc.handleSent(now, sentPacket{id: id, size: 100 + 10*int(a), probe: int(b % 3)})
			}
			arrival := time.Duration(int8(b)) << (a % 56)
			acks = append(acks, packetAck{id: id - uint64(b%5), arrival: arrival, lost: a&64 != 0, ce: a&128 != 0})
			if b%4 == 0 {
				rc.handleFeedback(now, acks)
				acks = acks[:0]
			}
			rc.advance(now)
			rc.probe()
			if target, pacing := rc.target(), rc.pacing(); target < cfg.Min || target > cfg.Max || pacing < cfg.Min || pacing > 3*cfg.Max {
				t.Fatalf("target %v, pacing %v", target, pacing)
			}
		}
	})
}

// BenchmarkRateFeedback is what the rate control costs per report at 2.5 Mbit/s:
// 13 packets sent and told of.
func BenchmarkRateFeedback(b *testing.B) {
	rc := newRateControl(rateConfig{Max: 2500 * kbit})
	now := simStart
	var id uint64
	acks := make([]packetAck, 13)
	b.ReportAllocs()
	for b.Loop() {
		for i := range acks {
			id++
			now = now.Add(2500 * time.Microsecond)
			rc.handleSent(now, sentPacket{id: id, size: 800})
			acks[i] = packetAck{id: id, arrival: now.Sub(simStart)}
		}
		rc.handleFeedback(now.Add(40*ms), acks)
	}
}
