package quicproto

import (
	"time"

	"github.com/pion/rtcp"
)

// arrivalLog is the receiver's memory of when packets came, from which it writes
// congestion control feedback (RFC 8888).
type arrivalLog struct {
	epoch   time.Time // the zero of report timestamps
	streams [ssrcCount]arrivals
}

type arrivals struct {
	started bool
	highest uint16
	// began is where what the latest reports told began to be news, oldest first. A
	// report begins with the oldest of these, so that as many may be lost and leave
	// no hole: with one alone, packets are thought lost in runs where much is lost.
	began [reportOverlap]uint16
	news  bool
	at    [arrivalWindow]arrival
}

type arrival struct {
	seq uint16
	at  time.Time // zero: not come
}

const (
	// arrivalWindow is how many packets of a stream are remembered: more than a
	// report can cover. A power of two.
	arrivalWindow = 512
	// maxReported bounds the packets of one stream in a report, so that the
	// reports of all streams fit one datagram (2 bytes a packet).
	maxReported = 100
	// reportOverlap is how many reports repeat what one told first.
	reportOverlap = 3
)

// add records that a packet came. It returns false for a duplicate.
func (l *arrivalLog) add(now time.Time, ssrc uint32, seq uint16) bool {
	if l.epoch.IsZero() {
		l.epoch = now.Add(-time.Second)
	}
	s := &l.streams[ssrc-1]
	if !s.started {
		s.started = true
		s.highest = seq
		for i := range s.began {
			s.began[i] = seq
		}
	}
	slot := &s.at[int(seq)%arrivalWindow]
	if slot.seq == seq && !slot.at.IsZero() {
		return false
	}
	if seqBefore(seq, s.highest-arrivalWindow+1) {
		return true // too old to be reported, and never seen
	}
	if seqBefore(s.highest, seq) {
		s.highest = seq
	}
	if seqBefore(seq, s.began[0]) {
		s.began[0] = seq // overtaken by all that reports have told of, as at the start
	}
	*slot = arrival{seq, now}
	s.news = true
	return true
}

// report writes what came since the last few reports; nil if there is no news.
func (l *arrivalLog) report(now time.Time) *rtcp.CCFeedbackReport {
	r := &rtcp.CCFeedbackReport{ReportTimestamp: l.timestamp(now)}
	for i := range l.streams {
		s := &l.streams[i]
		if !s.news {
			continue
		}
		begin := s.began[0]
		if n := s.highest - begin; n >= maxReported {
			begin = s.highest - maxReported + 1
		}
		block := rtcp.CCFeedbackReportBlock{MediaSSRC: uint32(i + 1), BeginSequence: begin}
		for seq := begin; !seqBefore(s.highest, seq); seq++ {
			block.MetricBlocks = append(block.MetricBlocks, s.metric(now, seq))
		}
		r.ReportBlocks = append(r.ReportBlocks, block)
		copy(s.began[:], s.began[1:])
		s.began[reportOverlap-1], s.news = s.highest+1, false
	}
	if len(r.ReportBlocks) == 0 {
		return nil
	}
	return r
}

func (s *arrivals) metric(now time.Time, seq uint16) rtcp.CCFeedbackMetricBlock {
	a := s.at[int(seq)%arrivalWindow]
	if a.seq != seq || a.at.IsZero() {
		return rtcp.CCFeedbackMetricBlock{}
	}
	// RFC 8888 section 3.1: 1/1024 s before the report timestamp; 0x1FFE means
	// longer ago than can be said.
	offset := now.Sub(a.at) * 1024 / time.Second
	return rtcp.CCFeedbackMetricBlock{Received: true, ArrivalTimeOffset: uint16(min(max(offset, 0), 0x1ffe))}
}

// timestamp is now in the form of RFC 8888: 16.16 seconds, here since epoch.
func (l *arrivalLog) timestamp(now time.Time) uint32 {
	return uint32(now.Sub(l.epoch) << 16 / time.Second)
}

// reportClock unwraps the 32-bit timestamps of reports, which wrap every 18 hours.
type reportClock struct {
	last    uint32
	elapsed time.Duration
}

func (c *reportClock) advance(ts uint32) time.Duration {
	c.elapsed += time.Duration(int32(ts-c.last)) * time.Second >> 16
	c.last = ts
	return c.elapsed
}

// reorderTolerance is how much later than its successors a packet may come and
// not be called lost: the reordering of a bad Wi-Fi.
const reorderTolerance = 50 * time.Millisecond

// readReport turns a report into facts about packets: each is told of once as
// arrived, or once as lost when packets sent well after it have arrived and it
// was in no report.
func (l *sentLog) readReport(acks []packetAck, clock *reportClock, r *rtcp.CCFeedbackReport) []packetAck {
	at := clock.advance(r.ReportTimestamp)
	var newest time.Time
	for _, block := range r.ReportBlocks {
		for i, m := range block.MetricBlocks {
			e := l.find(block.MediaSSRC, block.BeginSequence+uint16(i))
			if e == nil || !m.Received {
				continue
			}
			if e.sent.After(newest) {
				newest = e.sent
			}
			if e.state != inFlight {
				continue
			}
			e.state = arrived
			if block.MediaSSRC == ssrcVideo {
				l.frame = e.frame
			}
			ago := time.Duration(m.ArrivalTimeOffset) * time.Second / 1024
			acks = append(acks, packetAck{id: e.id, arrival: at - ago, ce: m.ECN == rtcp.ECNCE})
		}
	}
	for _, block := range r.ReportBlocks {
		acks = l.settle(acks, block.MediaSSRC, newest.Add(-reorderTolerance))
	}
	return acks
}

// settle calls lost what was sent on a stream before a time and is still on its
// way.
func (l *sentLog) settle(acks []packetAck, ssrc uint32, before time.Time) []packetAck {
	if ssrc < 1 || ssrc > ssrcCount {
		return acks
	}
	for next := &l.settled[ssrc-1]; ; *next++ {
		e := l.find(ssrc, *next)
		if e == nil && seqBefore(*next, l.newest[ssrc-1]) {
			continue // it was dropped from the queue
		}
		if e == nil || !e.sent.Before(before) {
			return acks
		}
		if !l.crowded {
			l.losses.add(ssrc, e.state == inFlight)
		}
		if e.state == inFlight {
			e.state = lost
			acks = append(acks, packetAck{id: e.id, lost: true})
		}
	}
}
