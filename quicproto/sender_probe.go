package quicproto

import (
	"time"

	"github.com/pion/rtp"
)

// probe queues what the rate control sends to find out whether the path takes more:
// copies of recent packets of video where there are such of the right size, else
// padding.
func (s *sender) probe(now time.Time) {
	bytes, size, cluster, ok := s.rate.probe()
	if !ok {
		return
	}
	for seq := s.video.seq - 1; bytes > 0; seq-- {
		original := s.video.ring.find(seq)
		if original == nil || original.sent.IsZero() || len(original.data) > s.maxDatagram || original.wireSize() > size {
			break
		}
		p := s.repairCopy(original, cluster)
		bytes -= p.wireSize()
		s.queue.push(now, p)
	}
	for bytes > 0 {
		p := s.padding(min(size, maxPadded), cluster)
		bytes -= p.wireSize()
		s.queue.push(now, p)
	}
}

// paddingHead is what a packet of padding has on the wire besides that, and maxPadded
// the most that it may have in all, in bytes.
const (
	paddingHead = overhead + 1 + rtpSize
	maxPadded   = paddingHead + 255
)

// padding is a repair packet of so many bytes on the wire that repairs nothing: RTP
// padding alone (RFC 3550 section 5.1).
func (s *sender) padding(size, probe int) *packet {
	n := size - paddingHead
	p := s.repair.begin(FlowRepair, rtp.Header{PayloadType: ptRTX, Padding: true})
	p.probe = probe
	for range n - 1 {
		p.data = append(p.data, 0)
	}
	p.data = append(p.data, byte(n))
	return p
}
