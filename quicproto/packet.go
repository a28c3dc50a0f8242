package quicproto

import (
	"time"

	"github.com/pion/rtp"

	"github.com/skulltech/prattle/media"
)

// packet is one outgoing RTP or RTCP packet in its datagram. Packets live in
// the slots of rings and are reused: a call allocates none after its start.
type packet struct {
	data []byte // flow id and RTP or RTCP packet
	flow Flow
	ssrc uint32
	seq  uint16 // RTP sequence number
	head int    // bytes of data before the RTP payload

	frame  uint16        // picture ID, for video and its repair
	queued time.Time     // when it was given to the queue
	expiry time.Time     // of video: when its frame is too late to leave
	target media.Bitrate // of video: what the link was to carry when its frame was made
	sent   time.Time     // when it left the queue; zero before
	probe  int           // probe cluster, 0 for none

	abandoned bool // video that is not sent again: there is something fresher

	redundant int // bytes on the wire that repeat what other packets carry
}

func (p *packet) payload() []byte { return p.data[p.head:] }

// begin makes p an empty RTP packet with its header written; the payload is to
// be appended to data.
func (p *packet) begin(flow Flow, h *rtp.Header) {
	*p = packet{data: p.data[:0], flow: flow, ssrc: h.SSRC, seq: h.SequenceNumber}
	p.data = appendFlow(p.data, flow)
	n := len(p.data)
	size := h.MarshalSize()
	for range size {
		p.data = append(p.data, 0)
	}
	if _, err := h.MarshalTo(p.data[n:]); err != nil {
		panic("quicproto: an RTP header of ours does not marshal: " + err.Error())
	}
	p.head = n + size
}

// packetRing keeps the latest packets of one stream by sequence number: the
// queue's memory and the history from which losses are repaired.
type packetRing struct {
	slots []packet // a power of two
}

func newPacketRing(size int) packetRing { return packetRing{make([]packet, size)} }

// slot returns the slot for seq, whatever it holds.
func (r *packetRing) slot(seq uint16) *packet { return &r.slots[int(seq)&(len(r.slots)-1)] }

// find returns the packet with sequence number seq, nil if it is gone.
func (r *packetRing) find(seq uint16) *packet {
	p := r.slot(seq)
	if p.seq != seq || len(p.data) == 0 {
		return nil
	}
	return p
}

// seqBefore says whether a comes before b in the circular order of RTP.
func seqBefore(a, b uint16) bool { return int16(a-b) < 0 }
