package quicproto

import (
	"time"

	"github.com/pion/rtp"
)

// fecSender adds parity packets to the video packets that a frame was made
// into.
type fecSender struct {
	stream     stream
	codes      fecCodes
	protection protection

	blocks int // of the present frame
	size   int // data packets of each
	held   int // data packets since the last block ended

	shards [maxBlockData + maxBlockParity][]byte // reused, as far as they are data
	views  [maxBlockData + maxBlockParity][]byte // reused
}

// fecRing is how many parity packets are kept: as many as the queue may hold.
const fecRing = 512

func newFECSender() fecSender {
	return fecSender{stream: stream{ssrc: ssrcFEC, ring: newPacketRing(fecRing)}}
}

// begin prepares for a frame of about so many packets.
func (f *fecSender) begin(packets int) {
	f.blocks = max((packets+maxBlockData-1)/maxBlockData, 1)
	f.size = (packets + f.blocks - 1) / f.blocks
	f.held = 0
}

// protect takes note that a packet of the frame was queued, and ends its block
// if that is full or the frame is done.
func (s *sender) protect(now time.Time, timestamp uint32, done bool) {
	f := &s.fec
	f.held++
	if !done && f.held < min(f.size, maxBlockData) {
		return
	}
	h := fecHeader{base: s.video.seq - uint16(f.held), data: f.held}
	f.held = 0
	h.parity = f.protection.choose(h.data, f.blocks, s.expectedLoss(ssrcVideo), s.rtt)
	if h.parity > 0 {
		s.sendParity(now, timestamp, h)
	}
}

// sendParity queues the parity packets of a block behind its data: what arrives
// whole shall not wait for them.
func (s *sender) sendParity(now time.Time, timestamp uint32, h fecHeader) {
	f := &s.fec
	size := 0
	for i := range h.data {
		size = max(size, len(s.video.ring.slot(h.base+uint16(i)).data)-1+fecLengthSize)
	}
	for i := range h.data {
		rtp := s.video.ring.slot(h.base + uint16(i)).data[1:]
		f.shards[i] = appendShard(f.shards[i][:0], rtp, size)
		f.views[i] = f.shards[i]
	}
	first, data := f.stream.seq, s.video.ring.slot(h.base)
	for h.index = range h.parity {
		p := f.stream.begin(FlowRepair, rtp.Header{PayloadType: ptFEC, Timestamp: timestamp})
		p.data = h.append(p.data)
		mark := len(p.data)
		for range size {
			p.data = append(p.data, 0)
		}
		f.views[h.data+h.index] = p.data[mark:]
	}
	if err := f.codes.code(h.data, h.parity).Encode(f.views[:h.data+h.parity]); err != nil {
		panic("quicproto: parity packets of ours do not encode: " + err.Error())
	}
	for i := range h.parity {
		p := f.stream.ring.slot(first + uint16(i))
		p.frame, p.expiry = data.frame, data.expiry
		p.redundant = p.wireSize()
		s.queue.pushBehind(now, p, FlowVideo)
	}
}
