package quality

import (
	"time"

	"github.com/skulltech/prattle/media"
	"github.com/skulltech/prattle/quicproto/quictest"
)

// cleanRow is what others are compared with.
const cleanRow = "clean"

const (
	oneWay = 20 * time.Millisecond
	// dropTail is the queue of a home router: short enough to drop within a call
	// that is too fast, long enough to ruin one.
	dropTail = 200 * time.Millisecond
	// slowQueue lets lines on which a packet takes a tenth of a second queue two.
	slowQueue = 500 * time.Millisecond
	// unbound is a rate at which a call fills every link of the table.
	unbound = 6 * media.Mbps
)

// Rows is the table.
func Rows() []Row {
	return append(append(append(lossRows(), jitterRows()...), bottleneckRows()...), changeRows()...)
}

func lossRows() []Row {
	return []Row{
		{
			Name: cleanRow, Title: "clean",
			Link:     quictest.Link{Delay: oneWay},
			Goals:    append(delays(42, 50), atMost(MouthP50, 45), atMost(MouthP95, 55)),
			Chromium: "85/87 ms, sound 85/86",
		},
		{
			Name: "loss-1", Title: "loss 1 %",
			Link:     quictest.Link{Delay: oneWay, Loss: 0.01},
			Goals:    delays(45, 58),
			Chromium: "113/129 ms",
		},
		{
			Name: "loss-5", Title: "loss 5 %",
			Link:     quictest.Link{Delay: oneWay, Loss: 0.05},
			Goals:    append(delays(50, 65), atMost(WireRatio, 1.3), atLeast(FPS, 29)),
			Chromium: "95/110 ms",
		},
		{
			Name: "loss-10", Title: "loss 10 %",
			Link:     quictest.Link{Delay: oneWay, Loss: 0.1},
			Goals:    append(delays(60, 95), atLeast(FPS, 28.5), atMost(Freezes, 0), atMost(Concealed, 0.5)),
			Chromium: "84/102 ms, 705 kbit/s, 960x540, 29 fps, concealed 2.5 %",
		},
		{
			Name: "loss-20", Title: "loss 20 %",
			Link:     quictest.Link{Delay: oneWay, Loss: 0.2},
			Goals:    append(delays(75, 120), atLeast(VideoRate, 350), atLeast(FPS, 27), atMost(Freezes, 1), atMost(Concealed, 1.5)),
			Chromium: "84-87/105-150 ms, 77-180 kbit/s, 640x360, 19-26 fps, 3 freezes, concealed 8.1 %",
		},
		{
			Name: "bursts", Title: "loss 5 % in runs of 4",
			Link:     quictest.Link{Delay: oneWay, Loss: 0.05, Burst: 4},
			Goals:    append(delays(60, 85), atMost(Freezes, 0), atMost(Concealed, 1)),
			Chromium: "104/106 ms, concealed 3.0 %",
		},
		{
			Name: "far", Title: "100 ms each way, loss 5 %",
			Link:  quictest.Link{Delay: 100 * time.Millisecond, Loss: 0.05},
			Goals: append(delays(140, 360), atLeast(FPS, 28), atMost(Freezes, 1), atMost(Concealed, 1)),
		},
	}
}

func jitterRows() []Row {
	return []Row{
		{
			Name: "jitter", Title: "jitter 0-30 ms, in order",
			Link:     quictest.Link{Delay: oneWay, Jitter: 30 * time.Millisecond},
			Goals:    delays(80, 95),
			Chromium: "108/141 ms",
		},
		{
			Name: "reorder", Title: "jitter 0-30 ms, out of order",
			Link:     quictest.Link{Delay: oneWay, Jitter: 30 * time.Millisecond, Reorder: true},
			Goals:    append(delays(85, 100), atMost(Needless, 1)),
			Chromium: "354/752 ms",
		},
	}
}

func bottleneckRows() []Row {
	narrow := func(rate media.Bitrate, queue time.Duration) quictest.Link {
		return quictest.Link{Delay: oneWay, Rate: rate, Queue: queue}
	}
	return []Row{
		{
			Name: "1M", Title: "1 Mbit/s",
			Link:     narrow(media.Mbps, dropTail),
			Goals:    append(delays(90, 125), atMost(QueueMean, 15), atMost(QueueP95, 35), atLeast(Used, 93)),
			Chromium: "152/187 ms, queue 24/73, 91 % used",
		},
		{
			Name: "500k", Title: "500 kbit/s",
			Link:     narrow(500*media.Kbps, dropTail),
			Goals:    append(delays(105, 150), atMost(QueueMean, 20), atMost(QueueP95, 45), atLeast(Used, 93), atLeast(FPS, 29)),
			Chromium: "171/172 ms, queue 24/77, 92 % used, 28 fps",
		},
		{
			Name: "150k", Title: "150 kbit/s: moving and sharp",
			Link:  narrow(150*media.Kbps, slowQueue),
			Goals: []Goal{atLeast(FPS, 10), atLeast(Height, 270), atMost(Freezes, 1), atMost(Concealed, 1)},
		},
		{
			Name: "60k", Title: "60 kbit/s: steady and small",
			Link:  narrow(60*media.Kbps, slowQueue),
			Goals: []Goal{atLeast(FPS, 5), atMost(Freezes, 1), atMost(Concealed, 1)},
		},
		{
			Name: "40k", Title: "40 kbit/s: sound alone",
			Link:  narrow(40*media.Kbps, slowQueue),
			Goals: []Goal{atMost(MouthP95, 250), atMost(Concealed, 1)},
		},
		{
			Name: "tcp", Title: "beside TCP Cubic on 3 Mbit/s",
			Link:   narrow(3*media.Mbps, dropTail),
			Rival:  TCPDownload,
			Settle: rivalStart + 10*time.Second,
			MaxUp:  unbound,
			Goals:  []Goal{atLeast(LinkShare, 30), atMost(LinkShare, 60), atMost(Concealed, 0.5)},

			Chromium: "19 % of the link, 363/398 ms",
		},
		{
			Name: "two-calls", Title: "two calls on 2 Mbit/s",
			Link:     narrow(2*media.Mbps, dropTail),
			Rival:    SecondCall,
			Settle:   10 * time.Second,
			MaxUp:    unbound,
			Goals:    []Goal{atMost(LargerShare, 60), atMost(QueueP95, 50), atLeast(Used, 92)},
			Chromium: "154/186 ms, queue 17/63, 84 % used",
		},
	}
}

// changeAt is when the link changes: in a call that has settled.
const changeAt = 15 * time.Second

func changeRows() []Row {
	narrow := quictest.Link{Delay: oneWay, Rate: 800 * media.Kbps, Queue: dropTail}
	wide := quictest.Link{Delay: oneWay, Rate: 3 * media.Mbps, Queue: dropTail}
	return []Row{
		{
			Name: "drop", Title: "3 to 0.8 Mbit/s",
			Link:    wide,
			Changes: []Change{{changeAt, narrow}},
			MaxUp:   unbound,
			Goals:   []Goal{atMost(WorstAfter, 350), atMost(Calm, 1), atMost(GapAfter, 200)},

			Chromium: "up to 3.3 s, queue full for 15 s, 10 freezes",
		},
		{
			Name: "climb", Title: "0.8 to 3 Mbit/s",
			Link:     narrow,
			Changes:  []Change{{changeAt, wide}},
			MaxUp:    unbound,
			Goals:    []Goal{atMost(Climb, 3), atMost(QueueAfter, 60)},
			Chromium: "22 s",
		},
		{
			Name: "start", Title: "start on 3 Mbit/s",
			Link:     wide,
			Goals:    []Goal{atMost(FullPicture, 2)},
			Chromium: "720p after 20 s",
		},
		{
			Name: "outage", Title: "3 s outage, both ways",
			Link:     quictest.Link{Delay: oneWay},
			Changes:  []Change{{10 * time.Second, quictest.Link{Delay: oneWay, Loss: 1}}, {13 * time.Second, quictest.Link{Delay: oneWay}}},
			Goals:    []Goal{atMost(Back, 0.15), atMost(BackP95, 60)},
			Chromium: "0.3 s",
		},
	}
}

// delays are the goals of glass to glass, in ms.
func delays(p50, p95 float64) []Goal { return []Goal{atMost(GlassP50, p50), atMost(GlassP95, p95)} }
