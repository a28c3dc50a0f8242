package quicproto

import "math"

// lossMeter estimates how a path loses packets, from the fate of each in the
// order of sending: how many, and how likely one is lost after another (the
// two parameters of Gilbert's model). Its zero value has seen no loss.
type lossMeter struct {
	packets    int
	slow, fast float64 // share of all packets
	streams    [ssrcCount]lossRuns
}

// lossRuns is what is known of losses in a row in one stream.
type lossRuns struct {
	before bool // the packet before was lost
	seen   int  // losses
	again  float64
}

// lossModel is Gilbert's: a packet is lost with probability rate, one after a
// lost one with probability again. Losses in a row have a mean length of
// 1/(1-again).
type lossModel struct{ rate, again float64 }

// overflowLoss is that of a full queue beside a TCP flow, as measured.
var overflowLoss = lossModel{rate: 0.05, again: 0.5}

const (
	// slowLoss and fastLoss are the weights of a packet: about a second of a call
	// at 1.5 Mbit/s, and about a quarter.
	slowLoss = 1.0 / 400
	fastLoss = 1.0 / 80
	// lossPrior is how many packets are taken to have arrived before the first.
	lossPrior = 20
	// lossJump is by how many standard deviations the fast estimate must exceed the
	// slow one to replace it, and leastLoss the loss that is assumed for that: two
	// packets lost by chance are no change of the path.
	lossJump  = 4
	leastLoss = 0.01
	// runWeight is that of a loss in the probability of another one next to it.
	runWeight = 1.0 / 40
	// runPrior is how many losses are taken to have been single before the first.
	runPrior = 8
	// maxAgain keeps the mean length of runs finite.
	maxAgain = 0.95
)

// add notes the fate of the next packet of a stream.
func (m *lossMeter) add(ssrc uint32, lost bool) {
	x := 0.0
	if lost {
		x = 1
	}
	m.packets++
	young := 1 / float64(m.packets+lossPrior)
	m.slow += max(slowLoss, young) * (x - m.slow)
	m.fast += max(fastLoss, young) * (x - m.fast)
	p := max(m.slow, leastLoss)
	if m.fast-m.slow > lossJump*math.Sqrt(p*(1-p)*fastLoss/2) {
		m.slow = m.fast
	}
	m.streams[ssrc-1].add(x)
}

func (r *lossRuns) add(x float64) {
	if r.before {
		r.seen++
		r.again += max(runWeight, 1/float64(r.seen+runPrior)) * (x - r.again)
	}
	r.before = x > 0
}

// model is that of one stream. Losses in a row are never thought rarer than
// chance makes them.
func (m *lossMeter) model(ssrc uint32) lossModel {
	again := min(max(m.streams[ssrc-1].again, m.slow), maxAgain)
	return lossModel{m.slow, again}
}
