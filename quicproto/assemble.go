package quicproto

import (
	"time"

	"github.com/skulltech/prattle/media"
)

// assembler puts video packets, in whatever order they come, together to frames.
type assembler struct {
	slots []videoPacket // by sequence number; a power of two
}

// assemblerWindow is how many packets are kept: a keyframe of 500 kB, or a
// second of 5 Mbit/s.
const assemblerWindow = 512

// videoPacket is a received packet of a frame.
type videoPacket struct {
	seq       uint16
	held      bool // waits for the rest of its frame
	seen      bool // the slot has been used for seq
	timestamp uint32
	last      bool // RTP marker: the last of its frame
	desc      descriptor
	data      []byte
	codec     string
	received  time.Time
}

func newAssembler() assembler { return assembler{make([]videoPacket, assemblerWindow)} }

func (a *assembler) slot(seq uint16) *videoPacket { return &a.slots[int(seq)%assemblerWindow] }

// handle takes a packet and returns the frame that it completes, if it does.
func (a *assembler) handle(p videoPacket) (f media.EncodedFrame, ok bool) {
	slot := a.slot(p.seq)
	if slot.seen && (slot.seq == p.seq || seqBefore(p.seq, slot.seq)) {
		return f, false // a duplicate, or older than what we keep
	}
	p.seen, p.held = true, true
	*slot = p
	first, n, ok := a.span(p.seq)
	if !ok {
		return f, false
	}
	return a.join(first, n), true
}

// span finds the contiguous packets of the frame to which seq belongs: the first
// one's sequence number and their count. ok is false while some are missing.
func (a *assembler) span(seq uint16) (first uint16, n int, ok bool) {
	ts := a.slot(seq).timestamp
	first = seq
	for !a.slot(first).desc.start {
		first--
		if !a.holds(first, ts) || seq-first >= assemblerWindow {
			return 0, 0, false
		}
	}
	last := seq
	for !a.slot(last).last {
		last++
		if !a.holds(last, ts) || last-first >= assemblerWindow {
			return 0, 0, false
		}
	}
	return first, int(last-first) + 1, true
}

func (a *assembler) holds(seq uint16, ts uint32) bool {
	s := a.slot(seq)
	return s.held && s.seq == seq && s.timestamp == ts
}

func (a *assembler) join(first uint16, n int) media.EncodedFrame {
	head := a.slot(first)
	f := media.EncodedFrame{
		Codec:     head.codec,
		Timestamp: head.timestamp,
		Keyframe:  head.desc.keyframe,
		Layer:     head.desc.layer,
		ID:        head.desc.id,
		Refs:      head.desc.refs,
		NumRefs:   head.desc.numRefs,
	}
	size := 0
	for i := range n {
		size += len(a.slot(first + uint16(i)).data)
	}
	f.Data = make([]byte, 0, size)
	for i := range n {
		s := a.slot(first + uint16(i))
		f.Data = append(f.Data, s.data...)
		s.held, s.data = false, nil
	}
	return f
}
