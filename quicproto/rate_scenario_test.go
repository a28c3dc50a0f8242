package quicproto

import (
	"math"
	"testing"
	"time"

	"github.com/skulltech/prattle/media"
)

// rateScenario is a call over a path, what happens to it, and how the call must
// fare on the mean of the seeds.
type rateScenario struct {
	name     string
	out      simPath
	back     simPath // zero: without limit and loss, with out's delay
	cfg      rateConfig
	source   simSource
	duration time.Duration // 0: 60 s
	from     time.Duration // figures are taken from here on; 0: 5 s
	event    time.Duration // reaction times count from here
	setup    func(w *rateWorld)

	want rateLimits
}

// rateWorld is a scenario that runs.
type rateWorld struct {
	*simNet
	out, in *simLink
	calls   []*simCall
}

func (s rateScenario) run(seed uint64) (*rateWorld, []rateFigures) {
	setDefault(&s.duration, 60*sec)
	setDefault(&s.from, 5*sec)
	setDefault(&s.back, simPath{delay: s.out.delay})
	n := newSimNet(seed)
	w := &rateWorld{simNet: n, out: newSimLink(n, s.out), in: newSimLink(n, s.back)}
	w.call(s.cfg, s.source, 0)
	if s.setup != nil {
		s.setup(w)
	}
	n.run(s.duration)
	figures := make([]rateFigures, len(w.calls))
	for i, c := range w.calls {
		figures[i] = s.figures(w, c)
	}
	return w, figures
}

func (w *rateWorld) call(cfg rateConfig, src simSource, at time.Duration) *simCall {
	c := newSimCall(w.simNet, len(w.calls), w.out, w.in, cfg, src)
	w.calls = append(w.calls, c)
	c.start(at)
	return c
}

// rateFigures say how a call fared.
type rateFigures [figureCount]float64

const (
	figUse      = iota // % of the bottleneck (of the maximum, if there is none) that this call used
	figAll             // the same of all traffic
	figMean            // ms at the bottleneck
	figP95             //
	figMax             //
	figFrame           // ms from the capture of a frame to its last packet, median
	figFrame95         //
	figFrameMax        //
	figSkipped         // frames not encoded, because the pacer was behind
	figDrops           // % of the packets, at the bottleneck
	figTarget          // kbit/s, mean
	figUp              // s from the event until the target is over 90 % of the bottleneck
	figDown            // s from the event until the target is no more than the bottleneck
	figSettle          // s from the event until the queue stays under 60 ms for the next 5 s
	figureCount
)

var figureNames = [figureCount]string{"use %", "all %", "queue ms", "p95", "max", "frame ms", "p95", "max",
	"skipped", "dropped %", "target k", "up s", "down s", "settle s"}

func (s *rateScenario) figures(w *rateWorld, c *simCall) rateFigures {
	maximum := float64(s.cfg.Max)
	limit := w.out.capacity(s.from, s.duration)
	if limit == 0 {
		limit = maximum
	}
	now := maximum // what the bottleneck takes after the event
	if r := w.out.capacity(s.event, s.event+sec); r > 0 {
		now = min(now, r)
	}
	queue, frames := w.out.wait(c.flow, s.from, s.duration), c.latency(s.from, s.duration)
	f := rateFigures{
		figUse:      100 * w.out.carried(c.flow, s.from, s.duration) / limit,
		figAll:      100 * w.out.carried(-1, s.from, s.duration) / limit,
		figMean:     simMilli(queue.mean()),
		figP95:      simMilli(queue.quantile(.95)),
		figMax:      simMilli(queue.quantile(1)),
		figFrame:    simMilli(frames.quantile(.5)),
		figFrame95:  simMilli(frames.quantile(.95)),
		figFrameMax: simMilli(frames.quantile(1)),
		figSkipped:  float64(c.skipped),
		figDrops:    100 * float64(w.out.dropped[c.flow]) / float64(len(c.sent)),
		figTarget:   c.meanTarget(s.from),
		figUp:       c.reached(s.event, func(b media.Bitrate) bool { return float64(b) >= 0.9*now }).Seconds(),
		figDown:     c.reached(s.event, func(b media.Bitrate) bool { return float64(b) <= now }).Seconds(),
	}
	for _, q := range w.out.waits {
		if q.flow == c.flow && q.at > s.event && q.at < s.event+5*sec && q.wait > 60*ms {
			f[figSettle] = (q.at - s.event).Seconds()
		}
	}
	return f
}

func simMilli(d time.Duration) float64 { return float64(d) / 1e6 }

// rateLimits bound figures; zero: no limit.
type rateLimits struct {
	use, useMost, all  float64 // %
	mean, p95, max     float64 // ms
	drops              float64 // %
	up, down, settle   float64 // s
	shareLow, shareTop float64 // % of what all calls got, for each of them
}

// check holds the figures of a call against the limits; total is what all calls
// used.
func (l rateLimits) check(t *testing.T, f rateFigures, total float64) {
	share := 100 * f[figUse] / total
	for _, c := range []struct {
		name        string
		got         float64
		least, most float64
	}{
		{"use", f[figUse], l.use, l.useMost},
		{"use by all", f[figAll], l.all, 0},
		{"mean queue", f[figMean], 0, l.mean},
		{"95th percentile of the queue", f[figP95], 0, l.p95},
		{"longest queue", f[figMax], 0, l.max},
		{"dropped packets", f[figDrops], 0, l.drops},
		{"time to 90 %", f[figUp], 0, l.up},
		{"time to the cut", f[figDown], 0, l.down},
		{"time to a short queue", f[figSettle], 0, l.settle},
		{"share", share, l.shareLow, l.shareTop},
	} {
		if c.least > 0 && c.got < c.least || c.most > 0 && (c.got > c.most || c.got < 0) {
			t.Errorf("%s is %.3g, want %.3g to %.3g (mean of seeds 1 to %d)", c.name, c.got, c.least, c.most, rateSeeds)
		}
	}
}

const (
	ms   = time.Millisecond
	sec  = time.Second
	kbit = media.Kbps
	mbit = media.Mbps
)

// Encoders of a picture that is worth no more than 2.5 Mbit/s, and of a larger one.
var small, large = rateConfig{Max: 2500 * kbit}, rateConfig{Max: 5 * mbit}

// bottleneck is a path of 20 ms with a drop-tail queue.
func bottleneck(rate media.Bitrate, queue time.Duration) simPath {
	return simPath{rate: rate, queue: queue, delay: 20 * ms}
}

func rateAt(t time.Duration, rate media.Bitrate) func(*rateWorld) {
	return func(w *rateWorld) { w.at(t, func() { w.out.setRate(rate) }) }
}

func tcp(from, to time.Duration) func(*rateWorld) {
	return func(w *rateWorld) { newSimTCP(w.simNet, 100, w.out, w.in).start(from, to) }
}

func calls(cfg rateConfig, at ...time.Duration) func(*rateWorld) {
	return func(w *rateWorld) {
		for _, t := range at {
			w.call(cfg, simSource{}, t)
		}
	}
}

// otherWay adds a call in the other direction, whose reports go with our media.
func otherWay(w *rateWorld) { newSimCall(w.simNet, 1, w.in, w.out, small, simSource{}).start(0) }

// unseen adds traffic of ours that the rate control is not told of, as QUIC's
// acknowledgements are.
func unseen(rate media.Bitrate) func(*rateWorld) {
	return func(w *rateWorld) {
		w.every(0, rate.Time(80), func() { w.out.send(simPacket{flow: 50, size: 80, deliver: func(bool) {}}) })
	}
}

// walk changes the bottleneck by up to a quarter every 250 ms, as a cell does.
func walk(w *rateWorld) {
	rate := float64(w.out.rate)
	w.every(0, 250*ms, func() {
		rate = min(max(rate*math.Exp(0.5*(w.rng.Float64()-0.5)), 400e3), 4e6)
		w.out.setRate(media.Bitrate(rate))
	})
}

// outage kills both directions for a while.
func outage(from, to time.Duration) func(*rateWorld) {
	return func(w *rateWorld) {
		w.at(from, func() { w.out.blackout, w.in.blackout = true, true })
		w.at(to, func() { w.out.blackout, w.in.blackout = false, false })
	}
}

var rateScenarios = []rateScenario{
	// A steady bottleneck.
	{name: "20M", out: bottleneck(20*mbit, 200*ms), cfg: rateConfig{Max: 30 * mbit}, from: 10 * sec,
		want: rateLimits{use: 90, mean: 9, p95: 22, up: 3.5}},
	{name: "3M, 2.5M wanted", out: bottleneck(3*mbit, 200*ms), cfg: small,
		want: rateLimits{use: 82, mean: 8, p95: 13, up: 1}},
	{name: "3M", out: bottleneck(3*mbit, 200*ms), cfg: large,
		want: rateLimits{use: 90.5, mean: 10.5, p95: 22, up: 1.5}},
	{name: "1M", out: bottleneck(1*mbit, 200*ms), cfg: small,
		want: rateLimits{use: 93, mean: 15, p95: 30, settle: 0.7}},
	{name: "500k", out: bottleneck(500*kbit, 200*ms), cfg: small,
		want: rateLimits{use: 94, mean: 22.5, p95: 44, settle: 1.5}},
	{name: "300k", out: bottleneck(300*kbit, 200*ms), cfg: small,
		want: rateLimits{use: 95, mean: 27, p95: 54}},
	{name: "300k, 1 s queue", out: bottleneck(300*kbit, sec), cfg: small,
		want: rateLimits{use: 95, mean: 27, p95: 54}},
	{name: "150k", out: bottleneck(150*kbit, 200*ms), cfg: small, source: simSource{audio: 50},
		want: rateLimits{use: 95, mean: 34, p95: 67}},
	{name: "100k", out: bottleneck(100*kbit, 300*ms), cfg: small, source: simSource{audio: 25, fps: 10},
		want: rateLimits{use: 89, mean: 66, p95: 120}},
	{name: "1M, 5 ms round trip", out: simPath{rate: 1 * mbit, queue: 200 * ms, delay: 2500 * time.Microsecond}, cfg: small,
		want: rateLimits{use: 92.5, mean: 15, p95: 30, settle: 0.7}},
	{name: "1M, 200 ms round trip", out: simPath{rate: 1 * mbit, queue: 200 * ms, delay: 100 * ms}, cfg: small,
		want: rateLimits{use: 92.5, mean: 16.5, p95: 35, settle: 1.5}},
	{name: "1M, noisy frames", out: bottleneck(1*mbit, 200*ms), cfg: small, source: simSource{noise: 0.35, keyEvery: 5 * sec},
		want: rateLimits{use: 88, mean: 16, p95: 34}},
	{name: "1M, clock +200 ppm", out: bottleneck(1*mbit, 200*ms), cfg: small, setup: func(w *rateWorld) { w.calls[0].drift = 200e-6 },
		want: rateLimits{use: 92, mean: 16, p95: 32}},
	{name: "1M, clock -200 ppm", out: bottleneck(1*mbit, 200*ms), cfg: small, setup: func(w *rateWorld) { w.calls[0].drift = -200e-6 },
		want: rateLimits{use: 92, mean: 16, p95: 32}},
	{name: "1M, slow lossy feedback", out: bottleneck(1*mbit, 200*ms), back: simPath{delay: 20 * ms, loss: 0.2, jitter: 30 * ms, reorder: true},
		cfg: small, source: simSource{report: 100 * ms},
		want: rateLimits{use: 91.5, mean: 17, p95: 36}},

	{name: "1M, a call each way", out: bottleneck(1*mbit, 200*ms), back: bottleneck(1*mbit, 200*ms), cfg: small, setup: otherWay,
		want: rateLimits{use: 88, all: 92, mean: 18, p95: 36, settle: 1.5}},
	{name: "150k, 40k unseen", out: bottleneck(150*kbit, 200*ms), cfg: small, source: simSource{audio: 25, fps: 15}, setup: unseen(40 * kbit),
		want: rateLimits{use: 60, all: 88, mean: 62, p95: 140}},

	// One that changes.
	{name: "3M to 0.8M", out: bottleneck(3*mbit, 200*ms), cfg: small, setup: rateAt(20*sec, 800*kbit),
		event: 20 * sec, from: 20 * sec, duration: 40 * sec,
		want: rateLimits{use: 92, p95: 60, down: 0.2, settle: 0.8}},
	{name: "3M to 0.8M, a call each way", out: bottleneck(3*mbit, 200*ms), back: bottleneck(3*mbit, 200*ms), cfg: small,
		setup: func(w *rateWorld) {
			otherWay(w)
			w.at(20*sec, func() { w.out.setRate(800 * kbit); w.in.setRate(800 * kbit) })
		},
		event: 20 * sec, from: 20 * sec, duration: 40 * sec,
		want: rateLimits{use: 85, p95: 80, down: 0.5, settle: 1.2}},
	{name: "2M to 0.3M, 1 s queue", out: bottleneck(2*mbit, sec), cfg: small, setup: rateAt(20*sec, 300*kbit),
		event: 20 * sec, from: 20 * sec, duration: 40 * sec,
		want: rateLimits{use: 94, p95: 250, down: 0.22}},
	{name: "0.8M to 3M", out: bottleneck(800*kbit, 200*ms), cfg: large, setup: rateAt(20*sec, 3*mbit),
		event: 20 * sec, from: 20 * sec, duration: 40 * sec,
		want: rateLimits{use: 86, p95: 27, max: 60, up: 2.2}},
	{name: "0.3M to 2M", out: bottleneck(300*kbit, 200*ms), cfg: large, setup: rateAt(20*sec, 2*mbit),
		event: 20 * sec, from: 20 * sec, duration: 40 * sec,
		want: rateLimits{use: 83, p95: 32, max: 70, up: 3.2}},
	{name: "walks 0.4M to 4M", out: bottleneck(2*mbit, 500*ms), cfg: large, setup: walk,
		want: rateLimits{use: 70, mean: 20, p95: 75}},
	{name: "3 s outage", out: bottleneck(3*mbit, 200*ms), cfg: small, setup: outage(10*sec, 13*sec),
		event: 13 * sec, from: 13 * sec, duration: 30 * sec,
		want: rateLimits{use: 80, p95: 20, max: 60, up: 0.2}},
	{name: "2 s stall, queued", out: bottleneck(3*mbit, 3*sec), cfg: small, event: 12 * sec, from: 13 * sec, duration: 30 * sec,
		setup: func(w *rateWorld) {
			rateAt(10*sec, 10*kbit)(w)
			rateAt(12*sec, 3*mbit)(w)
		},
		want: rateLimits{use: 70, p95: 25, up: 4.5}},
	{name: "path 40 ms longer", out: bottleneck(3*mbit, 200*ms), cfg: small, event: 20 * sec, from: 20 * sec, duration: 40 * sec,
		setup: func(w *rateWorld) { w.at(20*sec, func() { w.out.delay += 40 * ms }) },
		want:  rateLimits{use: 72, p95: 20}},

	// Loss without congestion, and loss that is congestion.
	{name: "loss 1 %", out: simPath{delay: 20 * ms, loss: 0.01}, cfg: small, want: rateLimits{use: 99, up: 1}},
	{name: "loss 10 %", out: simPath{delay: 20 * ms, loss: 0.1}, cfg: small, want: rateLimits{use: 99, up: 1}},
	{name: "loss 20 %", out: simPath{delay: 20 * ms, loss: 0.2}, back: simPath{delay: 20 * ms, loss: 0.2}, cfg: small,
		want: rateLimits{use: 98.5, up: 2}},
	{name: "loss 30 %", out: simPath{delay: 20 * ms, loss: 0.3}, back: simPath{delay: 20 * ms, loss: 0.3}, cfg: small,
		want: rateLimits{use: 99, up: 2.5}},
	{name: "loss 5 % in runs of 4", out: simPath{delay: 20 * ms, loss: 0.05, lossRun: 4}, cfg: small, want: rateLimits{use: 98, up: 1.5}},
	{name: "loss 20 % in runs of 8", out: simPath{delay: 20 * ms, loss: 0.2, lossRun: 8}, cfg: small, want: rateLimits{use: 98, up: 2.5}},
	{name: "2M, loss 10 %", out: simPath{rate: 2 * mbit, queue: 200 * ms, delay: 20 * ms, loss: 0.1}, cfg: large,
		want: rateLimits{use: 86, mean: 13, p95: 30}},
	{name: "1M, 25 ms queue", out: bottleneck(1*mbit, 25*ms), cfg: small, want: rateLimits{use: 83, drops: 8}},
	{name: "1M policer, 10 kB", out: simPath{rate: 1 * mbit, policer: 10000, delay: 20 * ms}, cfg: small,
		want: rateLimits{use: 92, drops: 5}},
	{name: "1M policer, 40 kB", out: simPath{rate: 1 * mbit, policer: 40000, delay: 20 * ms}, cfg: small,
		want: rateLimits{use: 92, drops: 6.5}},
	{name: "1M policer, loss 5 %", out: simPath{rate: 1 * mbit, policer: 10000, delay: 20 * ms, loss: 0.05}, cfg: small,
		want: rateLimits{use: 88, drops: 5}},
	{name: "3M, marks from 5 ms", out: simPath{rate: 3 * mbit, queue: 200 * ms, delay: 20 * ms, mark: 5 * ms}, cfg: large,
		want: rateLimits{use: 83, mean: 5, p95: 8}},

	// Delay without congestion.
	{name: "jitter 30 ms", out: simPath{delay: 20 * ms, jitter: 30 * ms}, cfg: small, want: rateLimits{use: 75}},
	{name: "jitter 30 ms, reordering", out: simPath{delay: 20 * ms, jitter: 30 * ms, reorder: true}, cfg: small, want: rateLimits{use: 98, up: 1.5}},
	{name: "2M, jitter 30 ms", out: simPath{rate: 2 * mbit, queue: 200 * ms, delay: 20 * ms, jitter: 30 * ms}, cfg: large,
		want: rateLimits{use: 68, p95: 35}},
	{name: "2M, jitter 10 ms", out: simPath{rate: 2 * mbit, queue: 200 * ms, delay: 20 * ms, jitter: 10 * ms}, cfg: large,
		want: rateLimits{use: 86, p95: 30}},
	{name: "Wi-Fi in batches of 40 ms", out: simPath{delay: 20 * ms, batch: 40 * ms}, cfg: small, want: rateLimits{use: 98, up: 1.5}},
	{name: "1M, Wi-Fi in batches of 40 ms", out: simPath{rate: 1 * mbit, queue: 200 * ms, delay: 20 * ms, batch: 40 * ms}, cfg: small,
		want: rateLimits{use: 86, mean: 18, p95: 40}},

	// Others on the link.
	{name: "TCP, 3M, 100 ms queue", out: bottleneck(3*mbit, 100*ms), setup: tcp(10*sec, 60*sec), from: 15 * sec, cfg: small,
		want: rateLimits{use: 30, useMost: 60}},
	{name: "TCP, 3M, 200 ms queue", out: bottleneck(3*mbit, 200*ms), setup: tcp(10*sec, 60*sec), from: 15 * sec, cfg: small,
		want: rateLimits{use: 30, useMost: 60}},
	{name: "TCP, 3M, 1 s queue", out: bottleneck(3*mbit, sec), setup: tcp(10*sec, 60*sec), from: 15 * sec, cfg: small,
		want: rateLimits{use: 27, useMost: 60}},
	{name: "TCP first, 3M, 200 ms queue", out: bottleneck(3*mbit, 200*ms), setup: tcp(0, 60*sec), from: 15 * sec, cfg: small,
		want: rateLimits{use: 30, useMost: 60}},
	{name: "TCP, 3M, 100 ms round trip", out: simPath{rate: 3 * mbit, queue: 200 * ms, delay: 50 * ms}, setup: tcp(10*sec, 60*sec), from: 15 * sec, cfg: small,
		want: rateLimits{use: 25, useMost: 60}},
	{name: "TCP, 1M, 300 ms queue", out: bottleneck(1*mbit, 300*ms), setup: tcp(10*sec, 60*sec), from: 15 * sec, cfg: small,
		want: rateLimits{use: 30, useMost: 60}},
	{name: "TCP, 3M, loss 1 %", out: simPath{rate: 3 * mbit, queue: 200 * ms, delay: 20 * ms, loss: 0.01}, setup: tcp(10*sec, 60*sec), from: 15 * sec, cfg: small,
		want: rateLimits{use: 18, useMost: 70}},
	{name: "TCP ends, 3M", out: bottleneck(3*mbit, 200*ms), setup: tcp(10*sec, 30*sec), from: 31 * sec, event: 30 * sec, cfg: small,
		want: rateLimits{use: 77, up: 5, settle: 1}},
	{name: "two TCP, 5M", out: bottleneck(5*mbit, 200*ms), cfg: small, from: 20 * sec, setup: func(w *rateWorld) {
		tcp(10*sec, 60*sec)(w)
		newSimTCP(w.simNet, 101, w.out, w.in).start(12*sec, 60*sec)
	}, want: rateLimits{use: 20, useMost: 50}},
	{name: "short TCPs, 3M", out: bottleneck(3*mbit, 200*ms), cfg: small, from: 10 * sec, setup: func(w *rateWorld) {
		for i := range 10 {
			at := time.Duration(10+5*i) * sec
			newSimTCP(w.simNet, 100+i, w.out, w.in).start(at, at+1500*ms)
		}
	}, want: rateLimits{use: 50, p95: 170}},
	{name: "two calls, 2M", out: bottleneck(2*mbit, 200*ms), from: 20 * sec, cfg: small, setup: calls(small, 10*sec),
		want: rateLimits{all: 93, mean: 15, p95: 36, shareLow: 40, shareTop: 60}},
	{name: "two calls, 700k", out: bottleneck(700*kbit, 200*ms), from: 20 * sec, cfg: small, setup: calls(small, 10*sec),
		want: rateLimits{all: 91, mean: 38, p95: 105, shareLow: 37, shareTop: 63}},
	{name: "two calls, 6M", out: bottleneck(6*mbit, 200*ms), from: 20 * sec, cfg: large, setup: calls(large, 10*sec),
		want: rateLimits{all: 90, mean: 12, p95: 30, shareLow: 33, shareTop: 67}},
	{name: "three calls, 3M", out: bottleneck(3*mbit, 200*ms), from: 30 * sec, cfg: small, setup: calls(small, 5*sec, 10*sec),
		want: rateLimits{all: 91, mean: 20, p95: 50, shareLow: 22, shareTop: 45}},

	// An encoder with little to say.
	{name: "600k of content, then 2.5M", out: bottleneck(3*mbit, 200*ms), cfg: small, source: simSource{content: 600 * kbit},
		event: 30 * sec, from: 31 * sec, setup: func(w *rateWorld) { w.at(30*sec, func() { w.calls[0].content = 0 }) },
		want: rateLimits{use: 80, p95: 20, max: 60, up: 1.5}},
}
