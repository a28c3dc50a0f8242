package quality

import (
	"math"
	"time"

	"github.com/skulltech/prattle/quicproto/quictest"
)

// bin is the grain of what a picture shows over time.
const bin = 100 * time.Millisecond

// Series is a call over time, in bins. A value is not a number where there is
// none.
type Series struct {
	Glass    []float64 // the greatest age of a picture shown, in ms
	Sent     []float64 // to the wire by this call, in Mbit/s
	Rival    []float64 // by its rival
	Capacity []float64 // of the bottleneck, in Mbit/s
	Lost     []float64 // of packets that came to the bottleneck, in percent
}

// Series sorts the recording into bins.
func (r *Recording) Series() Series {
	n := int(r.Length / bin)
	fresh := func(v float64) []float64 {
		s := make([]float64, n)
		for i := range s {
			s[i] = v
		}
		return s
	}
	s := Series{Glass: fresh(math.NaN()), Sent: fresh(0), Rival: fresh(0), Capacity: fresh(math.NaN()), Lost: fresh(0)}
	for _, p := range r.Shown {
		if i := int(p.At / bin); i >= 0 && i < n && p.Age >= 0 && !(s.Glass[i] > ms(p.Age)) {
			s.Glass[i] = ms(p.Age)
		}
	}
	packets := fresh(0)
	for _, p := range r.Packets {
		i := int(p.At / bin)
		if p.At < 0 || i >= n {
			continue
		}
		mbps := float64(p.Size) * 8 / 1e6 / bin.Seconds()
		if p.Rival {
			s.Rival[i] += mbps
		} else {
			s.Sent[i] += mbps
		}
		packets[i]++
		if p.Fate != quictest.Delivered {
			s.Lost[i]++
		}
	}
	for i := range n {
		s.Lost[i] = 100 * s.Lost[i] / max(packets[i], 1)
		if l := r.linkAt(time.Duration(i) * bin); l.Rate > 0 {
			s.Capacity[i] = float64(l.Rate) / 1e6
		}
	}
	return s
}

// smooth is the mean of each value and those before it within a window.
func smooth(v []float64, window time.Duration) []float64 {
	n := int(window / bin)
	out := make([]float64, len(v))
	sum := 0.0
	for i, x := range v {
		sum += x
		if i >= n {
			sum -= v[i-n]
		}
		out[i] = sum / float64(min(i+1, n))
	}
	return out
}
