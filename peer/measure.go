package peer

import (
	"slices"
	"time"
)

// Measurement collects latencies that were read out of received pictures or
// sound, and answers with percentiles. It keeps the latest.
type Measurement struct {
	latest []time.Duration
	count  int
}

// maxMeasured is how many latencies are kept: ten minutes of pictures.
const maxMeasured = 18000

func (m *Measurement) add(d time.Duration) {
	if len(m.latest) < maxMeasured {
		m.latest = append(m.latest, d)
	} else {
		m.latest[m.count%maxMeasured] = d
	}
	m.count++
}

// Count is how many latencies were measured.
func (m *Measurement) Count() int { return m.count }

// Percentile returns the latency below which a share p (0 to 1) of them lies;
// zero if there are none.
func (m *Measurement) Percentile(p float64) time.Duration {
	if len(m.latest) == 0 {
		return 0
	}
	sorted := slices.Clone(m.latest)
	slices.Sort(sorted)
	return sorted[int(p*float64(len(sorted)-1)+0.5)]
}
