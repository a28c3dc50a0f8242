//go:build cgo && unix

package portaudio

import (
	"math"
	"time"

	"github.com/skulltech/prattle/media"
)

// clock tells at which local time a sample passes the device. Callbacks come in
// bursts and late; what they report is noise around a straight line, for a sound
// card's crystal is far steadier than our thread. A delay-locked loop of second
// order follows that line (F. Adriaensen, "Using a DLL to filter time").
//
// Times are durations since an epoch of the caller's choice.
type clock struct {
	sample   int64   // the latest observation: this sample
	at       float64 // passes at this time, in ns
	period   float64 // of one sample, in ns
	observed int64   // samples since the loop was anchored; 0: not anchored
}

const (
	nominalPeriod = float64(time.Second) / media.SampleRate // ns

	// Cards differ from 48 kHz by some 100 ppm; 2,000 is a broken one.
	maxDrift = 0.002

	// The loop begins fast, to find the line, and becomes slow, to stay on it.
	fastBandwidth, slowBandwidth = 1.0, 0.05 // Hz
	settleTime                   = 4 * media.SampleRate

	// After a pause in the observations one of them must not be taken for more
	// than it is: beyond this the loop would overshoot.
	maxGain = 0.5

	// A jump this large is no noise: samples were lost, or the device was
	// switched underneath. The line begins anew.
	jump = float64(40 * time.Millisecond)
)

// observation says when a sample passes the device, as a callback saw it.
type observation struct {
	sample int64
	at     time.Duration
	broken bool // the device lost or inserted samples just before
}

// observe takes in one observation. Samples increase from call to call.
func (c *clock) observe(o observation) {
	at := float64(o.at)
	err := at - c.predict(o.sample)
	if c.period == 0 || o.broken || math.Abs(err) > jump {
		*c = clock{sample: o.sample, at: at, period: nominalPeriod}
		return
	}
	step := float64(o.sample - c.sample)
	omega := min(2*math.Pi*c.bandwidth()*step/media.SampleRate, maxGain)
	c.at += step*c.period + math.Sqrt2*omega*err
	c.period += omega * omega * err / max(step, 1)
	c.period = min(max(c.period, nominalPeriod*(1-maxDrift)), nominalPeriod*(1+maxDrift))
	c.observed += o.sample - c.sample
	c.sample = o.sample
}

// bandwidth is the loop's, in Hz: the less, the smoother and the slower.
func (c *clock) bandwidth() float64 {
	settled := min(float64(c.observed)/settleTime, 1)
	return fastBandwidth * math.Pow(slowBandwidth/fastBandwidth, settled)
}

func (c *clock) predict(sample int64) float64 {
	return c.at + float64(sample-c.sample)*c.period
}

// time returns when sample passes the device.
func (c *clock) time(sample int64) time.Duration { return time.Duration(c.predict(sample)) }
