package quicproto

import (
	"time"

	"github.com/pion/rtcp"
)

// rttEstimate smooths round trips in the manner of RFC 6298.
type rttEstimate struct{ srtt time.Duration }

// defaultRTT is assumed before the first sample.
const defaultRTT = 100 * time.Millisecond

func (e *rttEstimate) add(sample time.Duration) {
	if e.srtt == 0 {
		e.srtt = sample
		return
	}
	e.srtt += (sample - e.srtt) / 8
}

func (e *rttEstimate) smoothed() time.Duration {
	if e.srtt == 0 {
		return defaultRTT
	}
	return e.srtt
}

// roundTrip measures the newest packet of a report: the time since it was sent,
// less what it spent at the receiver before the report was written.
func (l *sentLog) roundTrip(now time.Time, r *rtcp.CCFeedbackReport) (time.Duration, bool) {
	best, ok := time.Duration(0), false
	for _, block := range r.ReportBlocks {
		for i, m := range block.MetricBlocks {
			e := l.find(block.MediaSSRC, block.BeginSequence+uint16(i))
			if e == nil || !m.Received || e.state != inFlight {
				continue
			}
			held := time.Duration(m.ArrivalTimeOffset) * time.Second / 1024
			if d := now.Sub(e.sent) - held; d >= 0 && (!ok || d < best) {
				best, ok = d, true
			}
		}
	}
	return best, ok
}
