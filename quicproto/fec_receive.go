package quicproto

import (
	"time"

	"github.com/pion/rtp"
)

// fecReceiver restores lost video packets from parity packets. Its memory is
// bounded: it keeps the latest packets, which alias the datagrams they came in,
// and the latest blocks of which something was missing.
type fecReceiver struct {
	packets [fecPackets]heldPacket // by sequence number
	blocks  [fecBlocks]fecBlock
	next    int // block to be reused
	open    int // blocks that lack packets
	codes   fecCodes

	shards [maxBlockData][]byte                  // reused
	views  [maxBlockData + maxBlockParity][]byte // reused
}

const (
	// fecPackets is how many video packets are kept (a power of two): several
	// blocks of the greatest size.
	fecPackets = 256
	// fecBlocks is how many blocks may lack packets at a time: a third of a second
	// of frames.
	fecBlocks = 10
)

type heldPacket struct {
	seq uint16
	rtp []byte // nil: none
}

// fecBlock is a block of which parity packets came but not all data.
type fecBlock struct {
	open   bool
	head   fecHeader // index is meaningless
	shards [maxBlockParity][]byte
	held   int // shards
}

func (b *fecBlock) covers(seq uint16) bool { return seq-b.head.base < uint16(b.head.data) }

// hold keeps a video packet for the restoration of others.
func (f *fecReceiver) hold(seq uint16, rtp []byte) {
	f.packets[seq%fecPackets] = heldPacket{seq, rtp}
}

func (f *fecReceiver) find(seq uint16) []byte {
	if p := &f.packets[seq%fecPackets]; p.seq == seq {
		return p.rtp
	}
	return nil
}

// missing is how many data packets of a block have not come.
func (f *fecReceiver) missing(h fecHeader) int {
	n := 0
	for i := range h.data {
		if f.find(h.base+uint16(i)) == nil {
			n++
		}
	}
	return n
}

// add takes a parity packet and returns its block, nil if that lacks nothing.
func (f *fecReceiver) add(h fecHeader, shard []byte) (*fecBlock, error) {
	if f.missing(h) == 0 {
		f.close(f.block(h.base))
		return nil, nil
	}
	b := f.block(h.base)
	if b == nil {
		b = f.begin(h)
	}
	sizes := b.held == 0
	for _, s := range b.shards[:b.head.parity] {
		sizes = sizes || len(s) == len(shard)
	}
	if b.head.data != h.data || b.head.parity != h.parity || !sizes || b.shards[h.index] != nil {
		return nil, errFEC
	}
	b.shards[h.index] = shard
	b.held++
	return b, nil
}

// block finds the open block that begins at base, nil if there is none.
func (f *fecReceiver) block(base uint16) *fecBlock {
	for i := range f.blocks {
		if b := &f.blocks[i]; b.open && b.head.base == base {
			return b
		}
	}
	return nil
}

// covering finds the open block to which a video packet belongs.
func (f *fecReceiver) covering(seq uint16) *fecBlock {
	for i := range f.blocks {
		if b := &f.blocks[i]; f.open > 0 && b.open && b.covers(seq) {
			return b
		}
	}
	return nil
}

func (f *fecReceiver) begin(h fecHeader) *fecBlock {
	b := &f.blocks[f.next]
	f.next = (f.next + 1) % fecBlocks
	f.close(b)
	b.open, b.head = true, h
	f.open++
	return b
}

func (f *fecReceiver) close(b *fecBlock) {
	if b != nil && b.open {
		*b = fecBlock{}
		f.open--
	}
}

// restore appends to seqs the packets of a block that it can restore, which are
// then held. It closes the block once it has no more use.
func (f *fecReceiver) restore(b *fecBlock, seqs []uint16) ([]uint16, error) {
	missing := f.missing(b.head)
	if missing > b.held {
		return seqs, nil
	}
	defer f.close(b)
	if missing == 0 {
		return seqs, nil
	}
	shards, err := f.gather(b)
	if err != nil {
		return seqs, err
	}
	if err := f.codes.code(b.head.data, b.head.parity).ReconstructData(shards); err != nil {
		return seqs, errFEC
	}
	for i := range b.head.data {
		seq := b.head.base + uint16(i)
		if f.find(seq) != nil {
			continue
		}
		rtp, err := parseShard(shards[i])
		if err != nil {
			return seqs, err
		}
		f.hold(seq, rtp)
		seqs = append(seqs, seq)
	}
	return seqs, nil
}

// gather lines up what has come of a block, nil for what has not.
func (f *fecReceiver) gather(b *fecBlock) ([][]byte, error) {
	size := 0
	for i, s := range b.shards[:b.head.parity] {
		f.views[b.head.data+i] = s
		size = max(size, len(s))
	}
	for i := range b.head.data {
		f.views[i] = nil
		rtp := f.find(b.head.base + uint16(i))
		if rtp == nil {
			continue
		}
		if len(rtp)+fecLengthSize > size {
			return nil, errFEC
		}
		f.shards[i] = appendShard(f.shards[i][:0], rtp, size)
		f.views[i] = f.shards[i]
	}
	return f.views[:b.head.data+b.head.parity], nil
}

// handleParity takes a parity packet. It also tells of the video packets before
// it, should the last of them be lost.
func (r *receiver) handleParity(now time.Time, h *rtp.Header, payload []byte) {
	head, shard, err := parseFEC(payload)
	if err != nil || h.PayloadType != ptFEC {
		r.stats.Malformed++
		return
	}
	r.wait.handleParity(now, head)
	end := head.base + uint16(head.data)
	r.nacks.announce(now, end-1)
	b, err := r.fec.add(head, shard)
	if err != nil {
		r.stats.Malformed++
		return
	}
	r.repair(now, b)
	r.awaitParity(now)
	if head.index == head.parity-1 {
		r.wait.end(end)
		r.nacks.releaseUntil(r.wait.begin)
	}
}

// repair restores what it can of a block; nil is none.
func (r *receiver) repair(now time.Time, b *fecBlock) {
	if b == nil {
		return
	}
	var err error
	r.seqs, err = r.fec.restore(b, r.seqs[:0])
	if err != nil {
		r.stats.Malformed++
	}
	for _, seq := range r.seqs {
		r.handleRestored(now, seq, r.fec.find(seq))
	}
}

// handleRestored takes a video packet out of FEC.
func (r *receiver) handleRestored(now time.Time, seq uint16, b []byte) {
	var h rtp.Header
	n, err := h.Unmarshal(b)
	if err != nil || h.SSRC != ssrcVideo || h.SequenceNumber != seq {
		r.stats.Malformed++
		return
	}
	r.stats.Repaired++
	r.nacks.restored(now, seq)
	r.handleVideo(now, &h, b[n:], true)
}

// holdOriginal lets a retransmitted packet help to restore others.
func (r *receiver) holdOriginal(now time.Time, h *rtp.Header, payload []byte) {
	if !r.wait.expected(now) || r.fec.find(h.SequenceNumber) != nil {
		return
	}
	original, err := h.Marshal()
	if err != nil {
		r.stats.Malformed++
		return
	}
	r.fec.hold(h.SequenceNumber, append(original, payload...))
	r.repair(now, r.fec.covering(h.SequenceNumber))
}

// awaitParity keeps what is missing of the present frame from being asked for
// while parity packets may come that restore it.
func (r *receiver) awaitParity(now time.Time) {
	begin := r.wait.begin
	r.nacks.releaseUntil(begin)
	r.nacks.holdFrom(begin, r.wait.until(now, r.nacks.missingFrom(begin)))
}
