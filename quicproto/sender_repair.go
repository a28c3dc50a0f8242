package quicproto

import (
	"time"

	"github.com/pion/rtp"
)

// retransmit queues a copy of a video packet in the form of RFC 4588: the
// original sequence number, then (ours, instead of a payload type of its own
// for each codec) the original payload type, then the original payload.
func (s *sender) retransmit(now time.Time, seq uint16) {
	p := s.video.ring.find(seq)
	if p == nil || p.sent.IsZero() || now.Sub(p.sent) > nackGiveUp || p.abandoned {
		return
	}
	if now.Sub(p.sent) < s.way(p) {
		return // asked for on suspicion, it cannot have been there
	}
	if s.queue.flows[FlowRepair].len() >= maxRepairs {
		return // whoever asks for so much does so to keep us busy
	}
	copies := 1
	if s.log.losses.slow >= repeatFrom {
		copies = 2
	}
	for range copies {
		s.stats.Retransmitted++
		s.queue.push(now, s.repairCopy(p, 0))
	}
}

// way is the least time in which p can have arrived and its absence been told of. On
// a thin path it is there only when its last bit is.
func (s *sender) way(p *packet) time.Duration {
	way := s.rtt * 4 / 5
	if target := s.rate.target(); float64(target) < thinRate {
		way += target.Time(p.wireSize())
	}
	return way
}

// dearSize is from which size on lost packets are not sent again while a queue
// drains, in bytes: a new start is smaller and shows something fresher.
const dearSize = 3000

// dearRepair says whether the packets asked for are not worth sending again, and to
// which frame the first belongs.
func (s *sender) dearRepair(seqs []uint16) (first uint16, dear bool) {
	if !s.rate.congested() {
		return 0, false
	}
	bytes := 0
	for _, seq := range seqs {
		p := s.video.ring.find(seq)
		if p == nil || p.sent.IsZero() || p.abandoned {
			continue
		}
		if bytes == 0 {
			first = p.frame
		}
		bytes += p.wireSize()
	}
	return first, bytes > dearSize
}

// repeatFrom is the loss from which retransmissions are sent twice: to lose one
// costs a round trip more, and few are needed beside FEC.
const repeatFrom = 0.08

// maxRepairs is how many packets may wait to be sent again: a second's worth at 4
// Mbit/s, and no more than their memory holds.
const maxRepairs = repairRing - 2

// repairHead is what a retransmission adds to a packet, in bytes.
const repairHead = 3

func (s *sender) repairCopy(original *packet, probe int) *packet {
	var h rtp.Header
	if _, err := h.Unmarshal(original.data[1:]); err != nil {
		panic("quicproto: own RTP packet does not parse: " + err.Error())
	}
	payloadType := h.PayloadType
	h.PayloadType = ptRTX
	p := s.repair.begin(FlowRepair, h)
	p.frame, p.probe = original.frame, probe
	p.data = append(p.data, byte(original.seq>>8), byte(original.seq), payloadType)
	p.data = append(p.data, original.payload()...)
	if probe == 0 {
		p.redundant = p.wireSize()
	}
	return p
}
